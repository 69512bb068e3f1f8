/**
 * A bounded memo of evaluations, by equivalence class. In: what a policy set can observe, and requests. Out: the value
 * that was stored for a request that no policy of the set can tell from this one.
 *
 * Keyed by class rather than by name, 1,000 principals and 100 resources that policies tell apart only by kind and
 * label cost a handful of evaluations, not 100,000. The key is one number, so a hit costs three map look-ups and no
 * allocation but the boxed key. Nothing here outlives the policies it belongs to: a new policy revision starts empty.
 */
import { actions, type Action } from "../contract/vocabulary.ts";
import { entityIdOf, type ComponentFact } from "./cedar-schema.ts";
import type { RequestContext } from "./decision.ts";
import type { Observations, ObservedComponent } from "./observe.ts";
import type { Component } from "./snapshot.ts";
import type { TrustDomain } from "../identity/spiffe-id.ts";

/** Class numbers are packed into one double: 17 + 17 + 18 = 52 bits. */
const classLimit = 2 ** 17;
const askLimit = 2 ** 18;
/** A route name or method longer than this is not memoised, so that no caller decides how much memory a key takes. */
const maxKeyText = 256;

const actionNumbers: ReadonlyMap<string, number> = new Map(actions.map((action, index) => [action, index]));
/** Asks below this number are spelled by bits alone: 4 of action, 3 of context. */
const plainAsks = 16 * 8;

export interface MemoCounters {
  readonly hits: number;
  readonly misses: number;
  /** Values held now; never more than the capacity. */
  readonly size: number;
  /** How often everything was forgotten because the class tables were full. */
  readonly resets: number;
}

/**
 * The memo of one compiled policy revision, shared by its policy sets. Eviction is by two generations: values move to
 * the young one when used; when it is full the old one is dropped whole and the young one becomes old.
 */
export class Memo<V extends object> {
  readonly #half: number;
  #young = new Map<number, V>();
  #old = new Map<number, V>();
  #classes = new Map<string, number>();
  #asks = new Map<string, number>();
  #hits = 0;
  #misses = 0;
  #resets = 0;

  /** @param capacity most values held at once, at least 2 */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  counters(): MemoCounters {
    return { hits: this.#hits, misses: this.#misses, size: this.#young.size + this.#old.size, resets: this.#resets };
  }

  /** Changes whenever class numbers were given out afresh; whoever keeps class numbers compares it. */
  get epoch(): number {
    return this.#resets;
  }

  get(key: number): V | undefined {
    let value = this.#young.get(key);
    if (value === undefined) {
      value = this.#old.get(key);
      if (value === undefined) {
        this.#misses += 1;
        return undefined;
      }
      this.#old.delete(key);
      this.#store(key, value);
    }
    this.#hits += 1;
    return value;
  }

  set(key: number, value: V): void {
    this.#old.delete(key);
    this.#store(key, value);
  }

  #store(key: number, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** The number of a class, new or known; forgets everything first when the table is full. */
  classNumber(text: string): number {
    const known = this.#classes.get(text);
    if (known !== undefined) return known;
    if (this.#classes.size >= classLimit) this.#reset();
    const number = this.#classes.size;
    this.#classes.set(text, number);
    return number;
  }

  askNumber(text: string): number {
    const known = this.#asks.get(text);
    if (known !== undefined) return known;
    if (this.#asks.size >= askLimit - plainAsks) this.#reset();
    const number = this.#asks.size + plainAsks;
    this.#asks.set(text, number);
    return number;
  }

  #reset(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#classes = new Map();
    this.#asks = new Map();
    this.#resets += 1;
  }
}

/** How one policy set's requests map to keys of the memo. */
export class MemoKeys<V extends object> {
  readonly #memo: Memo<V>;
  readonly #trustDomain: TrustDomain;
  readonly #principal: Role;
  readonly #resource: Role;
  readonly #context: ContextView;
  #epoch: number;

  /** @param setNumber tells this policy set from the others that share the memo */
  constructor(memo: Memo<V>, setNumber: number, seen: Observations, trustDomain: TrustDomain) {
    this.#memo = memo;
    this.#trustDomain = trustDomain;
    this.#principal = roleOf(`${setNumber}p`, seen.principal);
    this.#resource = roleOf(`${setNumber}r`, seen.resource);
    this.#context = contextView(seen.context);
    this.#epoch = memo.epoch;
  }

  /**
   * The memo's key for a request, or -1 when it cannot be memoised. Components are immutable, so their class is found
   * once an object and remembered by its address.
   */
  keyOf(action: Action, principal: Component, resource: Component, context: RequestContext): number {
    const ask = this.#askOf(action, context);
    if (ask < 0) return -1;
    const principalClass = this.#classOf(this.#principal, principal);
    const resourceClass = this.#classOf(this.#resource, resource);
    if (this.#epoch !== this.#memo.epoch) {
      // The tables were cleared on the way: what was gathered mixes two epochs. Start the epoch; memoise next time.
      this.#principal.classes = new WeakMap();
      this.#resource.classes = new WeakMap();
      this.#epoch = this.#memo.epoch;
      return -1;
    }
    return (principalClass * classLimit + resourceClass) * askLimit + ask;
  }

  #classOf(role: Role, component: Component): number {
    const known = role.classes.get(component);
    if (known !== undefined) return known;
    const number = this.#memo.classNumber(classText(role, component, this.#trustDomain));
    role.classes.set(component, number);
    return number;
  }

  #askOf(action: Action, context: RequestContext): number {
    const seen = this.#context;
    const actionNumber = actionNumbers.get(action);
    if (actionNumber === undefined) return -1;
    let ask = actionNumber * 8;
    if (seen.assurance) {
      if (context.assurance === "jwt-svid") ask += 1;
      else if (context.assurance !== "x509-svid") return -1;
    }
    if (seen.stream && context.stream) ask += 2;
    if (seen.external && context.external) ask += 4;
    if (!seen.route && !seen.method) return ask;
    const route = seen.route ? context.route : "";
    const method = seen.method ? context.method : "";
    if (route.length + method.length > maxKeyText) return -1;
    return this.#memo.askNumber(`${ask}:${route.length}:${route}${method}`);
  }
}

interface Role {
  readonly prefix: string;
  readonly names: ReadonlySet<string>;
  readonly facts: readonly ComponentFact[];
  classes: WeakMap<Component, number>;
}

function roleOf(prefix: string, seen: ObservedComponent): Role {
  return { prefix, names: seen.names, facts: [...seen.facts], classes: new WeakMap() };
}

/**
 * A component's class, spelled out: two components get the same text exactly when they agree on all that is observed.
 * Every part carries its length, so that no two different lists of parts spell the same text.
 */
function classText(role: Role, component: Component, trustDomain: TrustDomain): string {
  const id = entityIdOf(component.id, trustDomain);
  let text = `${role.prefix}${part(component.namespace)}${part(role.names.has(id) ? id : "")}`;
  for (const fact of role.facts) {
    const value = fact.read(component);
    text += typeof value === "object" ? `[${value.length}${value.map(part).join("")}` : part(String(value));
  }
  return text;
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

type ContextView = Readonly<Record<keyof RequestContext, boolean>>;

function contextView(seen: ReadonlySet<keyof RequestContext>): ContextView {
  return {
    assurance: seen.has("assurance"),
    route: seen.has("route"),
    method: seen.has("method"),
    stream: seen.has("stream"),
    external: seen.has("external"),
  };
}
