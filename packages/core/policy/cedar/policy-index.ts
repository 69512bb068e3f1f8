/**
 * Which policies of a set can speak about a request at all. In: compiled policies, then environments. Out: the places
 * of those whose scope, or first conditions, do not rule them out. Leaving a policy out must never change an answer:
 * only what cannot fail is used to rule out.
 *
 * A policy stands under its actions, and there under the rarest thing it says: a principal or resource by name, a group
 * of either, or a condition it begins with (`resource.name == "ledger"`). What says nothing of the kind is always asked.
 */
import type { CompiledPolicy, Scope } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import { attributeAt, openingsOf, pathName, type Opening, type Role } from "./policy-openings.ts";
import type { EntityData, EntityUid } from "./value.ts";

/** One thing a policy says that a look-up can tell. */
type Handle =
  | { readonly kind: "entity"; readonly role: Role; readonly key: string }
  | { readonly kind: "attribute"; readonly opening: Opening };

interface ByAttribute {
  readonly role: Role;
  readonly path: readonly string[];
  readonly places: Map<string, number[]>;
}

interface Bucket {
  readonly principal: Map<string, number[]>;
  readonly resource: Map<string, number[]>;
  readonly attributes: Map<string, ByAttribute>;
  readonly always: number[];
}

const anyAction = "";

export class PolicyIndex {
  readonly #byAction = new Map<string, Bucket>();
  readonly #all: readonly number[];
  /** The turn in which a place was last given out: a policy of several actions stands in several buckets. */
  readonly #given: Uint32Array;
  #turn = 0;

  constructor(policies: readonly CompiledPolicy[]) {
    this.#all = policies.map((_, place) => place);
    this.#given = new Uint32Array(policies.length);
    const handles = policies.map(handlesOf);
    const frequency = new Map<string, number>();
    for (const handle of handles.flat()) frequency.set(nameOf(handle), (frequency.get(nameOf(handle)) ?? 0) + 1);
    for (const [place, { action }] of policies.entries()) {
      const own = handles[place] ?? [];
      const rarest = own.toSorted((a, b) => (frequency.get(nameOf(a)) ?? 0) - (frequency.get(nameOf(b)) ?? 0))[0];
      for (const key of actionKeys(action)) put(this.#bucket(key), own, rarest, place);
    }
  }

  /** The places of the policies to ask, each once, in no order. */
  candidates(environment: Environment): readonly number[] {
    this.#turn = this.#turn === 0xffff_ffff ? 1 : this.#turn + 1;
    if (this.#turn === 1) this.#given.fill(0);
    const found: number[] = [];
    const { action } = environment;
    let complete = this.#collect(anyAction, environment, found) && this.#collect(action.key, environment, found);
    const groups = environment.entities.get(action.key)?.ancestors;
    if (groups !== undefined) for (const key of groups) complete &&= this.#collect(key, environment, found);
    return complete ? found : this.#all;
  }

  /** False when an attribute that the index stands on is missing: then policies fail, and all must be asked. */
  #collect(actionKey: string, environment: Environment, found: number[]): boolean {
    const bucket = this.#byAction.get(actionKey);
    if (bucket === undefined) return true;
    this.#give(bucket.always, found);
    this.#giveEntity(bucket.principal, environment.principal, environment.principalData, found);
    this.#giveEntity(bucket.resource, environment.resource, environment.resourceData, found);
    for (const { role, path, places } of bucket.attributes.values()) {
      const data = role === "principal" ? environment.principalData : environment.resourceData;
      const value = attributeAt(data, path);
      if (value === undefined) return false;
      if (typeof value === "string") this.#give(places.get(value), found);
    }
    return true;
  }

  #giveEntity(
    places: ReadonlyMap<string, readonly number[]>,
    uid: EntityUid,
    data: EntityData | undefined,
    found: number[],
  ): void {
    if (places.size === 0) return;
    this.#give(places.get(uid.key), found);
    if (data !== undefined) for (const key of data.ancestors) this.#give(places.get(key), found);
  }

  #give(places: readonly number[] | undefined, found: number[]): void {
    if (places === undefined) return;
    for (const place of places) {
      if (this.#given[place] === this.#turn) continue;
      this.#given[place] = this.#turn;
      found.push(place);
    }
  }

  #bucket(action: string): Bucket {
    let bucket = this.#byAction.get(action);
    if (bucket === undefined) {
      bucket = { principal: new Map(), resource: new Map(), attributes: new Map(), always: [] };
      this.#byAction.set(action, bucket);
    }
    return bucket;
  }
}

function actionKeys({ equals, within }: Scope): readonly string[] {
  if (equals !== undefined) return [equals.key];
  return within === undefined ? [anyAction] : [...new Set(within.map((uid) => uid.key))];
}

function handlesOf(policy: CompiledPolicy): readonly Handle[] {
  return [
    ...entityHandles("principal", policy.principal),
    ...entityHandles("resource", policy.resource),
    ...openingsOf(policy.conditions).map((opening): Handle => ({ kind: "attribute", opening })),
  ];
}

function entityHandles(role: Role, { equals, within }: Scope): readonly Handle[] {
  const [group, ...more] = within ?? [];
  const one = equals ?? (more.length === 0 ? group : undefined);
  return one === undefined ? [] : [{ kind: "entity", role, key: one.key }];
}

function nameOf(handle: Handle): string {
  return handle.kind === "entity"
    ? `${handle.role} ${handle.key}`
    : `${pathName(handle.opening)} ${handle.opening.value}`;
}

function put(bucket: Bucket, own: readonly Handle[], rarest: Handle | undefined, place: number): void {
  if (rarest === undefined) return void bucket.always.push(place);
  if (rarest.kind === "entity") return add(bucket[rarest.role], rarest.key, place);
  // A condition may rule a policy out only where none before it fails: their attributes must be there as well.
  for (const handle of own) {
    if (handle.kind !== "attribute") continue;
    const { role, path } = handle.opening;
    const name = pathName(handle.opening);
    const known = bucket.attributes.get(name) ?? { role, path, places: new Map<string, number[]>() };
    bucket.attributes.set(name, known);
    if (handle === rarest) return add(known.places, handle.opening.value, place);
  }
}

function add(places: Map<string, number[]>, key: string, place: number): void {
  const list = places.get(key);
  if (list === undefined) places.set(key, [place]);
  else list.push(place);
}
