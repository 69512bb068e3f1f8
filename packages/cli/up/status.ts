/** What is in force right now, as one value: for the local API, `cordon status` and the first screen of `cordon up`. */
import type { ControlPlane } from "@cordon/control/wire";
import type { Route } from "@cordon/core/policy/snapshot";
import type { Gateway } from "@cordon/gateway/gateway";
import type { Ledger } from "@cordon/gateway/ledger/ledger";

export interface StatusInput {
  readonly control: ControlPlane;
  readonly ledger: Ledger;
  readonly gateway: Gateway;
  readonly gatewayUrl: string;
  readonly gatewayId: string;
  readonly version: string;
}

export function statusOf({ control, ledger, gateway, gatewayUrl, gatewayId, version }: StatusInput) {
  const snapshot = control.snapshots.current();
  const memo = control.policies()?.memoCounters();
  return {
    version,
    trustDomain: snapshot.trustDomain,
    revision: snapshot.revision,
    snapshotAgeMs: Math.round(performance.now() - control.snapshots.confirmedAtMs()),
    stalenessLimitMs: snapshot.stalenessLimitMs,
    gateway: { url: gatewayUrl, id: gatewayId, live: gateway.liveCount() },
    /** `file` means that whoever reads the state folder can read the keys. */
    keysSealedBy: control.sealedBy,
    policies: { count: snapshot.policies.size, ...(memo === undefined ? {} : { memo }) },
    components: snapshot.components.size,
    routes: snapshot.routes.map(routeStatus),
    isolated: [...snapshot.overlays.isolated.keys()],
    revoked: {
      certificates: snapshot.revocations.certificates.size,
      keys: snapshot.revocations.keys.size,
      workloads: [...snapshot.revocations.workloads],
    },
    ledger: { size: ledger.size, ...ledger.health },
  };
}

/** Which controls stand on a route, and what none of them sees. */
function routeStatus(route: Route) {
  const controls = ["mutual TLS", "policy", "ledger"];
  const base = { namespace: route.namespace, name: route.name, path: route.path, kind: route.kind, controls };
  if (route.kind === "http")
    return {
      ...base,
      resources: [route.resource],
      unseen: ["request and response content is recorded by digest, not inspected"],
    };
  const resources = [...new Set([...route.models.values()].map((target) => target.component))];
  return {
    ...base,
    models: [...route.models.keys()],
    resources,
    controls: [...controls, "strict JSON", "object ownership"],
    unseen: ["prompt and answer content is recorded by digest, not inspected"],
  };
}
