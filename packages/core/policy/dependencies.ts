/**
 * What a decision depended on. In: the request and who is who. Out: coarse keys; a change to any of them takes the decision
 * again.
 */
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { Behalf } from "./behalf.ts";
import { dependsOnKey, type AccessRequest, type DependencyKey, type Signals } from "./decision.ts";
import type { Principal } from "./people.ts";
import type { Component } from "./snapshot.ts";

/** Everything whose change could change the answer, a permit that is not there yet included. */
export function dependencies(
  { principal, resource, user }: AccessRequest,
  parties: { readonly principal: Principal; readonly resource: Component } | undefined,
  signals?: Signals,
  behalf?: Behalf,
): readonly DependencyKey[] {
  const keys: DependencyKey[] = [freshnessKey];
  if (user !== undefined) keys.push(dependsOnKey("user", user.id), dependsOnKey("grant", user.id));
  if (user?.session !== undefined)
    keys.push(dependsOnKey("session", user.session), dependsOnKey("credential", user.session));
  if (user?.delegation !== undefined) keys.push(dependsOnKey("credential", user.delegation));
  // The forbids of the person's own namespace have a say, too.
  if (behalf !== undefined) keys.push(dependsOnKey("policies", behalf.person.namespace));
  const device = signals?.risk?.device;
  if (device !== undefined) keys.push(dependsOnKey("device", device));
  if (parties === undefined) {
    keys.push(componentKey(principal));
    if (principal !== resource) keys.push(componentKey(resource));
    return keys;
  }
  keys.push(...keysOf(parties.resource));
  if (parties.principal === parties.resource) return keys;
  const [own, ...namespace] = keysOf(parties.principal);
  if (own !== undefined) keys.push(own);
  if (parties.principal.namespace !== parties.resource.namespace) keys.push(...namespace);
  return keys;
}

const freshnessKey = dependsOnKey("signals", "snapshotAgeMs");

/** Components are immutable: the keys of each are spelled out once. Its own comes first. */
const componentKeys = new WeakMap<Principal, readonly DependencyKey[]>();

function keysOf(component: Principal): readonly DependencyKey[] {
  let keys = componentKeys.get(component);
  if (keys === undefined) {
    const { id, namespace } = component;
    keys = [
      componentKey(id),
      dependsOnKey("namespace", namespace),
      dependsOnKey("policies", namespace),
      dependsOnKey("grant", id),
    ];
    componentKeys.set(component, keys);
  }
  return keys;
}

function componentKey(id: SpiffeId): DependencyKey {
  return dependsOnKey("component", id);
}
