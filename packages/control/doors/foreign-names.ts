/**
 * What an enforcement point calls things, as components, actions and claims. In: its entry in `cordon.yaml`, and subjects,
 * actions and resources as it names them. Out: SPIFFE IDs, actions, and claims as policies read them in `context.claims`.
 *
 * A type and an id that no entry maps are a component's kind and name in the enforcement point's own namespace, or one by
 * its whole name where the type is `workload` or `component`. What names nothing gets an id of its own that is registered
 * nowhere, so that it is refused, and recorded, like any unknown component.
 */
import { createHash } from "node:crypto";
import type { EnforcementPointSettings } from "@cordon/core/contract/doors-schema";
import { actions, componentKinds, isName, type Action, type Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseSpiffeId, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import { entityIdOf } from "@cordon/core/policy/cedar-schema";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
export type PointSettings = DeepReadonly<EnforcementPointSettings>;

export type Scalar = string | number | boolean;

/** One side of a question, as it was asked. */
export interface ForeignEntity {
  readonly type: string;
  readonly id: string;
  readonly properties: Readonly<Record<string, Scalar>>;
}

export interface ForeignAction {
  readonly name: string;
  readonly properties: Readonly<Record<string, Scalar>>;
}

/** What an enforcement point is, with its names looked up. */
export interface EnforcementPoint {
  readonly settings: PointSettings;
  readonly component: Component;
}

/** The enforcement point that has an SVID; `undefined` for everybody else. */
export function enforcementPointOf(
  points: readonly PointSettings[],
  snapshot: Snapshot,
  id: SpiffeId,
): EnforcementPoint | undefined {
  const component = snapshot.components.get(id);
  if (component === undefined) return undefined;
  const settings = points.find(({ component: named }) => namesComponent(named, component));
  return settings === undefined ? undefined : { settings, component };
}

function namesComponent(reference: string, { namespace, name }: Component): boolean {
  return reference.includes("/") ? reference === `${namespace}/${name}` : reference === name && namespace === "default";
}

/** Whether an enforcement point may ask about a resource. */
export function mayAskAbout({ settings, component }: EnforcementPoint, namespace: Namespace): boolean {
  if (settings.namespaces.length === 0) return namespace === component.namespace;
  return settings.namespaces.includes(namespace);
}

export interface Mapped {
  readonly id: SpiffeId;
  /** What is known here, over what was said. */
  readonly properties: Readonly<Record<string, Scalar>>;
}

export function mapEntity(
  point: EnforcementPoint,
  side: "subjects" | "resources",
  { type, id, properties }: ForeignEntity,
  snapshot: Snapshot,
): Mapped {
  const listed =
    point.settings[side].find((one) => one.type === type && one.id === id) ??
    point.settings[side].find((one) => one.type === type && one.id === undefined);
  if (listed !== undefined)
    return {
      id: byReference(listed.component, snapshot)?.id ?? strangerId(snapshot.trustDomain, listed.component),
      properties: { ...properties, ...listed.properties },
    };
  return { id: unlisted(point, type, id, snapshot), properties };
}

export function byReference(reference: string, { components, trustDomain }: Snapshot): Component | undefined {
  const [namespace, name] = reference.includes("/") ? reference.split("/") : ["default", reference];
  for (const kind of componentKinds) {
    if (namespace === undefined || name === undefined) return undefined;
    const found = components.get(componentId(trustDomain, namespace as Namespace, kind, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function unlisted({ component }: EnforcementPoint, type: string, id: string, { trustDomain }: Snapshot): SpiffeId {
  if (type === "workload" || type === "component") {
    if (id.startsWith("spiffe://")) return wholeId(id) ?? strangerId(trustDomain, id);
    const [namespace = "", kind = "", name = "", ...more] = id.split("/");
    const known = componentKinds.find((one) => one === kind);
    if (known !== undefined && more.length === 0 && isName(namespace) && isName(name))
      return componentId(trustDomain, namespace as Namespace, known, name);
  }
  const kind = componentKinds.find((one) => one === type);
  if (kind !== undefined && isName(id)) return componentId(trustDomain, component.namespace, kind, id);
  return strangerId(trustDomain, `${type}\n${id}`);
}

function wholeId(text: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(text);
  } catch {
    return undefined;
  }
}

/** An id that is nobody's: no kind is called so. */
function strangerId(trustDomain: TrustDomain, said: string): SpiffeId {
  const digest = createHash("sha256").update(said).digest("hex").slice(0, 32);
  return `spiffe://${trustDomain}/ns/default/unknown/${digest}` as SpiffeId;
}

export function mapAction({ settings }: EnforcementPoint, name: string): Action | undefined {
  return Object.hasOwn(settings.actions, name) ? settings.actions[name] : actions.find((one) => one === name);
}

/** How an enforcement point calls its subjects or resources of a type, with the component of each. */
export function namesOfType(
  point: EnforcementPoint,
  side: "subjects" | "resources",
  type: string,
  snapshot: Snapshot,
): readonly ForeignEntity[] {
  const listed = point.settings[side].flatMap((one) =>
    one.type === type && one.id !== undefined ? [{ type, id: one.id, properties: one.properties }] : [],
  );
  const taken = new Set(listed.map(({ id }) => id));
  const own: ForeignEntity[] = [];
  for (const { id, kind, name, namespace } of snapshot.components.values()) {
    if (type === "workload" || type === "component")
      own.push({ type, id: entityIdOf(id, snapshot.trustDomain), properties: {} });
    else if (kind === type && namespace === point.component.namespace && !taken.has(name))
      own.push({ type, id: name, properties: {} });
  }
  return [...listed, ...own];
}

const maxClaims = 64;
const maxClaimCharacters = 300;

/** A claim must read in one way only: a name that holds `=` or a blank could spell another claim. */
const plainName = /^[A-Za-z0-9_.-]{1,64}$/;
const reserved: ReadonlySet<string> = new Set(["id", "type"]);

/**
 * What is claimed, as texts. `subject.role=admin` for each property; `action=NAME`, `subject.type=T`, `resource.type=T` and
 * `resource.id=ID`; and `resource.owner is subject.id` wherever a text of the resource is one of the subject, as policies
 * cannot compare what is not in their schema.
 *
 * @returns `undefined` where there are too many, one is too long, or a name could pass for another claim: what is left
 *   out could be what refuses
 */
export function claimsOf(
  subject: ForeignEntity,
  action: ForeignAction,
  resource: ForeignEntity,
): readonly string[] | undefined {
  const named = [subject, action, resource].flatMap(({ properties }) => Object.keys(properties));
  if (named.some((name) => !plainName.test(name) || reserved.has(name))) return undefined;
  const claims = [
    `action=${action.name}`,
    `subject.type=${subject.type}`,
    `resource.type=${resource.type}`,
    `resource.id=${resource.id}`,
    ...Object.entries(subject.properties).map(([name, value]) => `subject.${name}=${value}`),
    ...Object.entries(action.properties).map(([name, value]) => `action.${name}=${value}`),
    ...Object.entries(resource.properties).map(([name, value]) => `resource.${name}=${value}`),
  ];
  const ofSubject = [["id", subject.id], ...Object.entries(subject.properties)];
  for (const [name, value] of Object.entries(resource.properties))
    for (const [other, same] of ofSubject)
      if (typeof value === "string" && value === same) claims.push(`resource.${name} is subject.${other}`);
  if (claims.length > maxClaims || claims.some(({ length }) => length > maxClaimCharacters)) return undefined;
  return claims;
}
