/** What is in force right now, as one value: for the local API, `cordon status` and the first screen of `cordon up`. */
import type { ProbeTarget } from "../doctor/probe-upstream.ts";
import { readinessProblems } from "@cordon/control/operations/readiness";
import type { ControlPlane } from "@cordon/control/wire";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import { routeKey, type RouteKey } from "@cordon/core/policy/decision";
import type { PostgresDoor } from "@cordon/core/policy/data-doors";
import type { EgressDestination } from "@cordon/core/policy/egress";
import type { Route, Snapshot, Tunnel } from "@cordon/core/policy/snapshot";
import { inspectionStatus } from "./inspection-status.ts";
import { modelStatus } from "./model-status.ts";
import type { Gateway } from "@cordon/gateway/gateway";
import type { Ledger } from "@cordon/gateway/ledger/ledger";

export interface StatusInput {
  readonly control: ControlPlane;
  readonly ledger: Ledger;
  readonly gateway: Gateway;
  readonly gatewayUrl: string;
  readonly gatewayId: string;
  readonly identity: Pick<IdentitySource, "current">;
  readonly version: string;
  readonly now: () => Instant;
}

export function statusOf({ control, ledger, gateway, gatewayUrl, gatewayId, identity, version, now }: StatusInput) {
  const snapshot = control.snapshots.current();
  const { notBefore, notAfter } = identity.current();
  const wouldHaveDenied = gateway.wouldHaveDenied();
  return {
    version,
    trustDomain: snapshot.trustDomain,
    revision: snapshot.revision,
    snapshotAgeMs: snapshotAgeMs(control),
    stalenessLimitMs: snapshot.stalenessLimitMs,
    gateway: { url: gatewayUrl, id: gatewayId, live: gateway.liveCount(), identity: { notBefore, notAfter } },
    /** `file` means that whoever reads the state folder can read the keys. */
    keysSealedBy: control.sealedBy,
    policies: { count: snapshot.policies.size },
    components: snapshot.components.size,
    /** `observe` as soon as one route, boundary or forbid only observes. */
    mode: onlyObserves(snapshot) ? "observe" : "enforce",
    routes: snapshot.routes.map((route) => routeStatus(route, wouldHaveDenied)),
    tunnels: [...(snapshot.tunnels?.values() ?? [])].map(tunnelStatus),
    models: modelStatus(snapshot, now()),
    dataDoors: [...(snapshot.dataDoors?.values() ?? [])].map((door) => doorStatus(door, gateway.doorPorts())),
    egress: [...(snapshot.egress?.values() ?? [])].map(egressStatus),
    upstreams: upstreamsOf(snapshot.routes),
    /** `off`: what a session has read bears on nothing. */
    informationFlow: snapshot.informationFlow ?? "off",
    isolated: [...snapshot.overlays.isolated.keys()],
    revoked: {
      certificates: snapshot.revocations.certificates.size,
      keys: snapshot.revocations.keys.size,
      workloads: [...snapshot.revocations.workloads],
    },
    ledger: { size: ledger.size, ...ledger.health },
  };
}

function onlyObserves({ observing, boundaries, policies }: Snapshot): boolean {
  return (
    observing.size > 0 || Object.values(boundaries.modes).includes("observe") || (policies.observed ?? []).length > 0
  );
}

function tunnelStatus({ namespace, name, resource, action }: Tunnel) {
  const controls = ["mutual TLS on both sides", "policy", "ledger"];
  return { namespace, name, resource, action, controls, unseen: ["everything that is carried, but for its bytes"] };
}

function doorStatus(door: PostgresDoor, ports: ReadonlyMap<string, number>) {
  const { namespace, name, listen, administrator, databases } = door;
  const port = ports.get(`${namespace}/${name}`);
  return {
    ...{ namespace, name, kind: "postgres" },
    ...(listen === undefined ? {} : { listen: port === undefined ? "not open" : `${listen.host}:${port}` }),
    databases: [...databases.values()].map(({ name: called, action, resource }) => ({
      name: called,
      action,
      resource,
    })),
    controls: [
      ...["mutual TLS", "policy by data set", "ledger", "database and role by the decision"],
      administrator === undefined ? "the role's password stays here" : "a role for each session, dropped after it",
    ],
    unseen: ["statements and rows: what a session may do is its role's rights at the server"],
  };
}

function egressStatus(destination: EgressDestination) {
  const { namespace, name, host, port, resource, protocol, privateAddresses, intercept } = destination;
  const where = { namespace, name, destination: `${host}:${port}`, resource };
  if (intercept !== undefined) {
    const { requests, inspection } = intercept;
    const said = requests.written.map(({ methods, paths }) => `${methods.join("/")} ${paths.join(" ")}`).join("; ");
    return {
      ...where,
      controls: [
        ...["mutual TLS to the gateway", "policy and ledger for each request", "its certificate is checked"],
        `only ${said.length > 200 ? `${said.slice(0, 200)}...` : said}`,
        inspection === undefined ? "content not inspected" : `content inspected (${inspection.mode})`,
        privateAddresses ? "public and private addresses" : "public addresses",
      ],
      unseen: ["the client's own credentials and cookies there", ...(inspection === undefined ? ["content"] : [])],
    };
  }
  return {
    ...where,
    controls: [
      ...["mutual TLS to the gateway", "policy", "ledger", "bytes of each direction"],
      protocol === "tls" ? "TLS for this host (SNI)" : "any protocol",
      privateAddresses ? "public and private addresses" : "public addresses",
    ],
    unseen: ["what is inside: requests, paths, answers, and who answers (the client checks its certificate)"],
  };
}

/** Where routes lead, each once: what `cordon status --probe` dials. */
function upstreamsOf(routes: readonly Route[]): ProbeTarget[] {
  const found = new Map<string, ProbeTarget>();
  for (const route of routes) {
    const upstreams =
      route.kind === "http" || route.kind === "mcp" || route.kind === "s3"
        ? [route.upstream, ...(route.kind === "http" && route.fallback !== undefined ? [route.fallback.upstream] : [])]
        : [...route.models.values()].map((each) => each.upstream);
    for (const { namespace, name, url, authentication } of upstreams) {
      const key = `${namespace}/${name}`;
      found.set(key, { name: key, url, authentication: authentication.kind, api: route.kind });
    }
  }
  return [...found.values()];
}

/** What keeps this process from being sent calls; nothing means ready. */
export function readinessOf(input: Pick<StatusInput, "control" | "ledger" | "identity"> & { now: () => Instant }) {
  const { control, ledger, identity, now } = input;
  const { stalenessLimitMs } = control.snapshots.current();
  const age = snapshotAgeMs(control);
  return readinessProblems({
    snapshotAgeMs: age,
    stalenessLimitMs,
    ledger: ledger.health,
    identity: identity.current(),
    now: now(),
  });
}

function snapshotAgeMs({ snapshots }: ControlPlane): number {
  return Math.max(0, Math.round(performance.now() - snapshots.confirmedAtMs()));
}

/** Which controls stand on a route, and what none of them sees. */
function routeStatus(route: Route, wouldHaveDenied: ReadonlyMap<RouteKey, number>) {
  const { inspection, unseen } = inspectionStatus(route);
  const controls = ["mutual TLS", "policy", "ledger", ...(inspection === undefined ? [] : ["inspection"])];
  const { namespace, name, path, kind, mode } = route;
  /** Policy's denials that were let through since the start, because the route observes. */
  const wouldDeny = wouldHaveDenied.get(routeKey(route)) ?? 0;
  const base = {
    namespace,
    name,
    path,
    kind,
    mode,
    wouldDeny,
    controls,
    ...(inspection === undefined ? {} : { inspection }),
  };
  if (route.kind === "http")
    return {
      ...base,
      resources: [route.resource, ...(route.fallback === undefined ? [] : [route.fallback.resource])],
      unseen: [...unseen],
    };
  if (route.kind === "mcp") {
    const asks = route.asks === undefined || route.asks.size === 0 ? "nothing" : [...route.asks].join(", ");
    const pinned = route.pins === undefined ? "hidden text in tool definitions" : "pinned tool definitions";
    return {
      ...base,
      resources: [route.resource],
      controls: [...controls, "strict JSON-RPC", "session ownership", pinned, `may ask clients for: ${asks}`],
      unseen: [...unseen, ...unseenInMcp(route.pins !== undefined)],
    };
  }
  if (route.kind === "s3") {
    const more = ["data sets by bucket and prefix", "an allow-list of operations", "re-signing", "payload hashes"];
    const held = [...new Set(route.datasets.map(({ resource }) => resource))];
    return { ...base, resources: [...held], controls: [...controls, ...more], unseen: [...unseen] };
  }
  const resources = [...new Set([...route.models.values()].map((target) => target.component))];
  return {
    ...base,
    models: [...route.models.keys()],
    resources,
    controls: [...controls, "strict JSON", "object ownership"],
    unseen: [...unseen],
  };
}

/** What no control on a route to an MCP server sees. */
function unseenInMcp(pinned: boolean): string[] {
  return pinned ? [] : ["tools are not pinned: a definition may change unnoticed"];
}
