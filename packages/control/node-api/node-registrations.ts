/**
 * What a node may know: the components registered to it, the bundles, what is withdrawn. In: a snapshot and a node's
 * name. Out: the values of the API, without anything of other nodes. Indexed once a snapshot's components.
 */
import type { NodeRegistration, NodeState } from "@cordon/core/contract/node-api";
import { bundleDocument } from "@cordon/core/identity/bundle";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

type Index = ReadonlyMap<string, readonly Component[]>;
const indexes = new WeakMap<Snapshot["components"], Index>();
const everyNode = "*";

/** The component, when the registry lets this node's agent have its identity. */
export function componentFor(snapshot: Snapshot, node: string, id: string): Component | undefined {
  const component = snapshot.components.get(id as SpiffeId);
  if (component === undefined || isWithdrawn(snapshot, component)) return undefined;
  return registrationsOf(component, node).length > 0 ? component : undefined;
}

/** The gateway, as far as a snapshot does not know it. */
export type GatewayFacts = Omit<NodeState["gateway"], "egress">;

/** The state of a node, as `GET /v1/node/state` answers it. */
export function stateOf(
  snapshot: Snapshot,
  node: string,
  gateway: GatewayFacts,
  tainted: ReadonlySet<string>,
): NodeState {
  const index = indexOf(snapshot.components);
  const components = [...(index.get(node) ?? []), ...(index.get(everyNode) ?? [])];
  const { keys, certificates, workloads } = snapshot.revocations;
  return {
    revision: snapshot.revision,
    trustDomain: snapshot.trustDomain,
    registrations: [...new Set(components)]
      .filter((component) => !isWithdrawn(snapshot, component))
      .map((component) => registrationOf(component, node)),
    bundles: Object.fromEntries(
      [...snapshot.bundles].map(([trustDomain, bundle]) => [trustDomain, bundleDocument(bundle)]),
    ),
    revoked: { keys: [...keys], certificates: [...certificates], workloads: [...workloads] },
    tainted: [...tainted],
    gateway: { ...gateway, egress: (snapshot.egress?.size ?? 0) > 0 },
  };
}

/** Whether anything that {@link stateOf} reads differs between two snapshots; they share what did not change. */
export function hasNews(before: Snapshot, after: Snapshot): boolean {
  return (
    before.components !== after.components ||
    before.bundles !== after.bundles ||
    before.revocations !== after.revocations ||
    before.overlays !== after.overlays ||
    before.egress !== after.egress
  );
}

function registrationOf(component: Component, node: string): NodeRegistration {
  return {
    id: component.id,
    bearerTokens: component.bearerTokens,
    ...(component.modelDigest === undefined ? {} : { modelDigest: component.modelDigest }),
    // Which other nodes it may run on is none of this node's business.
    selectors: registrationsOf(component, node).map((registration) => ({ ...registration, nodes: [node] })),
  };
}

/** How a component is recognised on one node. */
export function registrationsOf(component: Component, node: string) {
  return (component.registrations ?? []).filter(({ nodes }) => nodes.includes(node) || nodes.includes(everyNode));
}

function isWithdrawn({ revocations }: Snapshot, component: Component): boolean {
  return revocations.workloads.has(component.id);
}

function indexOf(components: Snapshot["components"]): Index {
  const known = indexes.get(components);
  if (known !== undefined) return known;
  const index = new Map<string, Component[]>();
  for (const component of components.values())
    for (const node of new Set((component.registrations ?? []).flatMap(({ nodes }) => nodes))) {
      const list = index.get(node);
      if (list === undefined) index.set(node, [component]);
      else list.push(component);
    }
  indexes.set(components, index);
  return index;
}
