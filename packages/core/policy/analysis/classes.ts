/**
 * Components that nothing in force can tell apart. In: a snapshot and what its policies observe. Out: classes, each with
 * one member to ask about. What holds for that member holds for all: policies, boundaries, containment and the routes that
 * lead to a component are all part of what a class agrees on.
 */
import type { SpiffeId, TrustDomain } from "../../identity/spiffe-id.ts";
import { entityIdOf } from "../cedar-schema.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import type { ObservedComponent } from "./observe.ts";

export interface ComponentClass {
  readonly member: Component;
  readonly members: readonly Component[];
}

/** @param more what else tells components apart, as text: the ways that lead to a resource, say */
export function classesOf(
  snapshot: Snapshot,
  observed: ObservedComponent,
  more: (component: Component) => string = () => "",
): readonly ComponentClass[] {
  const singled = singledOut(snapshot);
  const classes = new Map<string, Component[]>();
  for (const component of snapshot.components.values()) {
    const key = classKey(component, observed, singled, snapshot.trustDomain) + part(more(component));
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [component]);
    else members.push(component);
  }
  return [...classes.values()].map((members) => ({ member: members[0] as Component, members }));
}

/** Every part carries its length, so that no two different lists of parts spell the same text. */
function classKey(
  component: Component,
  { names, facts, texts }: ObservedComponent,
  singled: ReadonlySet<SpiffeId>,
  trustDomain: TrustDomain,
): string {
  const name = entityIdOf(component.id, trustDomain);
  const { namespace, kind, boundary, purpose, labels, bearerTokens } = component;
  const own = singled.has(component.id) || boundary === "model" ? component.id : "";
  let key = [namespace, kind, boundary, purpose ?? "", labels.sensitivity, String(bearerTokens), own]
    .map(part)
    .join("");
  key += part(names.has(name) ? name : "");
  for (const fact of facts) {
    const value = fact.read(component);
    key += typeof value === "object" ? `[${value.length}${value.map(part).join("")}` : part(String(value));
  }
  for (const [fact, known] of texts) {
    const value = String(fact.read(component));
    key += known.has(value) ? part(value) : "-";
  }
  return key;
}

/** Those that something besides policies names: containment, exceptions, admissions, and models that an endpoint serves. */
function singledOut({ overlays, revocations, boundaries, components }: Snapshot): ReadonlySet<SpiffeId> {
  const singled = new Set<SpiffeId>([...overlays.isolated.keys(), ...revocations.workloads]);
  for (const list of boundaries.exceptions.values())
    for (const { principal, resource } of list) singled.add(principal).add(resource);
  for (const { id, modelDigest, serves = [] } of components.values()) {
    if (modelDigest !== undefined) singled.add(id); // its admission counts, and is its own
    if (serves.length === 0) continue;
    singled.add(id);
    for (const model of serves) singled.add(model);
  }
  return singled;
}

function part(text: string): string {
  return `${text.length}:${text}`;
}
