/**
 * From the store's objects to the snapshot that gateways decide on. In: all objects at a revision, or the changes since
 * the last one. Out: an immutable snapshot that shares with its predecessor everything that did not change, so that a
 * gateway can tell by identity what to look at again. Or `STORE_CORRUPT` / `POLICY_INVALID`, naming the object.
 */
import { CordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { componentId, parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import { routeKey, type RouteKey } from "@cordon/core/policy/decision";
import type { CompiledPolicies, PolicySource } from "@cordon/core/policy/engine";
import type {
  Component,
  IsolationOrder,
  ModelStanding,
  Overlays,
  Revocations,
  Route,
  Snapshot,
  TrustBundle,
} from "@cordon/core/policy/snapshot";
import { grantKind, grantsFrom } from "../grants/objects.ts";
import { incidentKind, incidentsFrom } from "../incidents/objects.ts";
import { clientsFrom, disabledClientKind, oauthClientKind } from "../oauth/objects.ts";
import { tokenIssuerKind, tokenIssuersFrom } from "../oauth/objects.ts";
import { sessionKind, sessionsFrom, userKind, usersFrom } from "../people/objects.ts";
import type { Change, StoredObject } from "../store/state-store.ts";
import { buildRoute, type BuiltRoute } from "./build-route.ts";
import { buildDoors } from "./build-doors.ts";
import { buildEgress } from "./build-egress.ts";
import { buildTunnels } from "./build-tunnels.ts";
import { buildDevices, buildSubjects, riskSettings } from "./build-risk.ts";
import { buildThreats } from "./build-threats.ts";
import { servedFilesFrom, servedFilesKind } from "../supply/served/served-files.ts";
import { buildBoundaries, buildInformationFlow, buildWindows, checkNamedWindows } from "./build-segmentation.ts";
import {
  boundaryModesKey,
  flowKey,
  bundleValue,
  componentValue,
  invalidObject,
  isolationValue,
  policyValue,
  qualifiedNameOf,
  readValue,
  rerouteValue,
  stalenessKey,
  stalenessValue,
} from "./objects.ts";

const defaultStalenessSeconds = 60;

export interface SnapshotDeps {
  readonly trustDomain: TrustDomain;
  /** Compiles all policies. @throws {CordonError} `POLICY_INVALID` */
  readonly compile: (sources: readonly PolicySource[]) => CompiledPolicies;
  /** Reads the objects of kind `revocation`. */
  readonly readRevocations: (objects: readonly StoredObject[]) => Revocations;
  /** Reads the objects of kind `admission`. Without it no model is admitted. */
  readonly readAdmissions?: (objects: readonly StoredObject[]) => ReadonlyMap<string, ModelStanding>;
  /** The watcher of this machine's model files; without it what was seen is told by the names that the store has. */
  readonly machine?: string;
  /** The trust domain's own bundle, where it is not kept as an object of kind `bundle`. */
  readonly ownBundle?: TrustBundle;
}

/** Objects of one kind by `namespace/name`. */
export type ObjectsByName = ReadonlyMap<string, StoredObject>;

/** A snapshot with the objects it was built from: what the next change is applied to. */
export interface Projection {
  readonly snapshot: Snapshot;
  readonly objects: ReadonlyMap<string, ObjectsByName>;
  /** By `namespace/name`, as objects refer to them. */
  readonly components: ReadonlyMap<string, Component>;
  readonly routes: ReadonlyMap<string, BuiltRoute>;
}

/** Builds the snapshot of one revision from all its objects. */
export function buildSnapshot(
  state: { readonly revision: Revision; readonly objects: readonly StoredObject[] },
  deps: SnapshotDeps,
): Snapshot {
  return project(state, deps).snapshot;
}

/** Like {@link buildSnapshot}, keeping what later changes are applied to. */
export function project(
  state: { readonly revision: Revision; readonly objects: readonly StoredObject[] },
  deps: SnapshotDeps,
): Projection {
  const objects = new Map<string, Map<string, StoredObject>>();
  for (const object of state.objects) {
    let kind = objects.get(object.kind);
    if (!kind) objects.set(object.kind, (kind = new Map()));
    kind.set(qualifiedNameOf(object), object);
  }
  return rebuild(undefined, objects, state.revision, deps);
}

/** Applies changes, in revision order, to a projection. The projection itself stays as it is. */
export function applyChanges(projection: Projection, changes: readonly Change[], deps: SnapshotDeps): Projection {
  const objects = new Map(projection.objects);
  const copied = new Map<string, Map<string, StoredObject>>();
  let { revision } = projection.snapshot;
  for (const change of changes) {
    let kind = copied.get(change.kind);
    if (!kind) {
      kind = new Map(objects.get(change.kind));
      copied.set(change.kind, kind);
      objects.set(change.kind, kind);
    }
    if (change.object) kind.set(qualifiedNameOf(change), change.object);
    else kind.delete(qualifiedNameOf(change));
    revision = change.revision;
  }
  return rebuild(projection, objects, revision, deps);
}

function rebuild(
  last: Projection | undefined,
  objects: ReadonlyMap<string, ObjectsByName>,
  revision: Revision,
  deps: SnapshotDeps,
): Projection {
  const of = (kind: string): readonly StoredObject[] => [...(objects.get(kind)?.values() ?? [])];
  const before = last?.snapshot;
  const same = (kind: string): boolean => last !== undefined && last.objects.get(kind) === objects.get(kind);

  const components = same("component") && last ? last.components : buildComponents(last, of("component"), deps);
  const routes = buildRoutes(last, objects, components);
  const policies = before && same("policy") ? before.policies : deps.compile(policySources(of("policy")));
  const windows = before && same("window") ? before.windows : buildWindows(of("window"));
  if (policies !== before?.policies || windows !== before?.windows) checkNamedWindows(policies, windows);
  const settled = before && same("setting") && same("exception") && components === last?.components;
  const modes = objects.get("setting")?.get(qualifiedNameOf(boundaryModesKey));
  const snapshot: Snapshot = Object.freeze({
    formatVersion: 1,
    revision,
    trustDomain: deps.trustDomain,
    components: before && components === last?.components ? before.components : byId(components),
    routes: before && routes === last?.routes ? before.routes : orderRoutes(routes),
    tunnels:
      before?.tunnels && same("tunnel") && components === last?.components
        ? before.tunnels
        : buildTunnels(of("tunnel"), components),
    dataDoors:
      before?.dataDoors && same("data-door") && components === last?.components
        ? before.dataDoors
        : buildDoors(of("data-door"), components),
    egress:
      before?.egress && same("egress") && components === last?.components
        ? before.egress
        : buildEgress(of("egress"), components),
    observing: before && routes === last?.routes ? before.observing : observingRoutes(routes),
    policies,
    boundaries: settled ? before.boundaries : buildBoundaries(modes, of("exception"), components),
    informationFlow:
      before && same("setting")
        ? before.informationFlow
        : buildInformationFlow(objects.get("setting")?.get(qualifiedNameOf(flowKey))),
    windows,
    bundles:
      before && same("bundle") && same("federation")
        ? before.bundles
        : buildBundles(of("bundle"), objects.get("federation"), deps),
    revocations: before && same("revocation") ? before.revocations : deps.readRevocations(of("revocation")),
    overlays: before && same("isolation") && same("reroute") ? before.overlays : buildOverlays(of),
    admissions:
      before?.admissions && same("admission")
        ? before.admissions
        : (deps.readAdmissions?.(of("admission")) ?? new Map<string, ModelStanding>()),
    users: before?.users && same(userKind) ? before.users : usersFrom(of(userKind), deps.trustDomain),
    sessions: before?.sessions && same(sessionKind) ? before.sessions : sessionsFrom(of(sessionKind)),
    tokenIssuers:
      before?.tokenIssuers && same(tokenIssuerKind) ? before.tokenIssuers : tokenIssuersFrom(of(tokenIssuerKind)),
    clients:
      before?.clients && same(oauthClientKind) && same(disabledClientKind)
        ? before.clients
        : clientsFrom(of(oauthClientKind), of(disabledClientKind)),
    grants: before?.grants && same(grantKind) ? before.grants : grantsFrom(of(grantKind)),
    devices: before?.devices && same("device") ? before.devices : buildDevices(last, of("device")),
    subjects: before?.subjects && same("subject") ? before.subjects : buildSubjects(of("subject")),
    incidents:
      before?.incidents && same(incidentKind) ? before.incidents : incidentsFrom(of(incidentKind), before?.incidents),
    threats: before?.threats && same("threats") ? before.threats : buildThreats(of("threats")),
    risk: before?.risk && same("setting") ? before.risk : riskSettings(objects),
    servedFiles:
      before?.servedFiles && same(servedFilesKind) && components === last?.components
        ? before.servedFiles
        : servedFilesFrom(of(servedFilesKind), components, deps.machine),
    stalenessLimitMs: before && same("setting") ? before.stalenessLimitMs : stalenessLimitMs(objects),
  });
  return { snapshot, objects, components, routes };
}

function buildComponents(
  last: Projection | undefined,
  objects: readonly StoredObject[],
  deps: SnapshotDeps,
): ReadonlyMap<string, Component> {
  const components = new Map<string, Component>();
  const before = last?.objects.get("component");
  for (const object of objects) {
    const key = qualifiedNameOf(object);
    const kept = before?.get(key) === object ? last?.components.get(key) : undefined;
    components.set(key, kept ?? buildComponent(object, deps.trustDomain));
  }
  return components;
}

function buildComponent(object: StoredObject, trustDomain: TrustDomain): Component {
  const value = readValue(componentValue, object);
  const { namespace, name } = object;
  const { spiffeId } = value;
  return Object.freeze({
    id: spiffeId === undefined ? componentId(trustDomain, namespace, value.kind, name) : parseSpiffeId(spiffeId),
    namespace,
    name,
    ...value,
    // Only models are served: a reference of any other kind would name nothing.
    serves: value.serves.map((model) => {
      const [space = "", last = ""] = model.split("/");
      return componentId(trustDomain, space as Namespace, "model", last);
    }),
    labels: Object.freeze({ ...value.labels, categories: Object.freeze(value.labels.categories) }),
  });
}

function byId(components: ReadonlyMap<string, Component>): ReadonlyMap<SpiffeId, Component> {
  const found = new Map<SpiffeId, Component>();
  for (const component of components.values()) {
    const other = found.get(component.id);
    if (other !== undefined)
      throw new CordonError(
        "STORE_CORRUPT",
        `the components ${qualifiedNameOf(other)} and ${qualifiedNameOf(component)} have one SPIFFE ID, ${component.id}`,
      );
    found.set(component.id, component);
  }
  return found;
}

/** Rebuilds only the routes that changed, or that stand on an upstream or component that did. */
function buildRoutes(
  last: Projection | undefined,
  objects: ReadonlyMap<string, ObjectsByName>,
  components: ReadonlyMap<string, Component>,
): ReadonlyMap<string, BuiltRoute> {
  const upstreams: ObjectsByName = objects.get("upstream") ?? new Map();
  const wanted: ObjectsByName = objects.get("route") ?? new Map();
  const lastUpstreams = last?.objects.get("upstream");
  const quiet = components === last?.components && objects.get("upstream") === lastUpstreams;
  const stands = (built: BuiltRoute): boolean =>
    quiet ||
    ([...built.components].every((key) => components.get(key)?.id === built.ids.get(key)) &&
      [...built.upstreams].every((key) => upstreams.get(key) === lastUpstreams?.get(key)));

  const routes = new Map<string, BuiltRoute>();
  let changed = last === undefined || wanted.size !== last.routes.size;
  for (const [key, object] of wanted) {
    const kept = last?.objects.get("route")?.get(key) === object ? last.routes.get(key) : undefined;
    if (kept && stands(kept)) {
      routes.set(key, kept);
      continue;
    }
    changed = true;
    routes.set(key, buildRoute(object, upstreams, components));
  }
  if (!changed && last) return last.routes;
  refuseSharedPaths(wanted, routes);
  return routes;
}

function refuseSharedPaths(objects: ObjectsByName, routes: ReadonlyMap<string, BuiltRoute>): void {
  const owners = new Map<string, string>();
  for (const [key, { route }] of routes) {
    const owner = owners.get(route.path);
    const object = objects.get(key);
    if (owner !== undefined && object) throw invalidObject(object, `route ${owner} already has the path ${route.path}`);
    owners.set(route.path, key);
  }
}

/** Longest path first, as they are matched. */
function orderRoutes(routes: ReadonlyMap<string, BuiltRoute>): readonly Route[] {
  const ordered = [...routes.values()].map((built) => built.route);
  return Object.freeze(ordered.toSorted((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1)));
}

function observingRoutes(routes: ReadonlyMap<string, BuiltRoute>): ReadonlyMap<RouteKey, Namespace> {
  const observing = [...routes.values()].filter(({ route }) => route.mode === "observe");
  return new Map(observing.map(({ route }) => [routeKey(route), route.namespace]));
}

function policySources(objects: readonly StoredObject[]): PolicySource[] {
  return objects
    .toSorted((a, b) => (qualifiedNameOf(a) < qualifiedNameOf(b) ? -1 : 1))
    .map((object) => ({ namespace: object.namespace, ...readValue(policyValue, object) }));
}

/** Another trust domain's bundle counts while the configuration names it: removing that removes all trust in it. */
function buildBundles(
  objects: readonly StoredObject[],
  federated: ObjectsByName | undefined,
  deps: SnapshotDeps,
): ReadonlyMap<TrustDomain, TrustBundle> {
  const bundles = new Map<TrustDomain, TrustBundle>();
  if (deps.ownBundle) bundles.set(deps.ownBundle.trustDomain, deps.ownBundle);
  for (const object of objects) {
    const value = readValue(bundleValue, object);
    const trustDomain = parseTrustDomain(object.name);
    if (trustDomain !== deps.trustDomain && federated?.has(qualifiedNameOf(object)) !== true) continue;
    const x509Authorities = value.x509Authorities.map((text) => new Uint8Array(Buffer.from(text, "base64")));
    bundles.set(trustDomain, Object.freeze({ trustDomain, ...value, x509Authorities }));
  }
  return bundles;
}

function buildOverlays(of: (kind: string) => readonly StoredObject[]): Overlays {
  const isolated = new Map<SpiffeId, IsolationOrder>();
  for (const object of of("isolation")) {
    const { component, reason, since } = readValue(isolationValue, object);
    const id = parseSpiffeId(component);
    isolated.set(id, Object.freeze({ component: id, reason, since }));
  }
  const rerouted = new Map<SpiffeId, SpiffeId>();
  for (const object of of("reroute")) {
    const { from, to } = readValue(rerouteValue, object);
    rerouted.set(parseSpiffeId(from), parseSpiffeId(to));
  }
  return Object.freeze({ isolated, rerouted });
}

function stalenessLimitMs(objects: ReadonlyMap<string, ObjectsByName>): number {
  const object = objects.get("setting")?.get(qualifiedNameOf(stalenessKey));
  return (object ? readValue(stalenessValue, object).limitSeconds : defaultStalenessSeconds) * 1000;
}
