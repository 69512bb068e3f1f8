/**
 * Who did what with what, counted. In: each decision's entry, on the gateway's path. Out: flows.
 *
 * Numbers in arrays rather than an object for each flow: in a busy estate with more flows than fit, thousands come and go
 * in a second, and as objects they would keep the garbage collector busier than the gateway.
 */
import type { EstateResponse } from "@cordon/core/contract/console-api";
import type { LedgerEntry } from "@cordon/core/ledger/entry";

export type Flow = EstateResponse["flows"][number];
type DecisionEntry = Extract<LedgerEntry, { kind: "decision" }>;

/** Far above what a console can draw. */
const maxFlows = 10_000;

export interface Flows {
  count(entry: DecisionEntry): void;
  list(): readonly Flow[];
}

/** Numbers for names: each flow has three. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#names.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }

  nameOf(number: number): string {
    return this.#names[number] ?? "";
  }
}

/** Above any number of a name: three of them fit into one exact number. */
const radix = 2 ** 17;

/** Flows in two generations: see {@link countFlows}. */
class Generation {
  readonly #places = new Map<number, number>();
  readonly keys: Float64Array;
  readonly allowed: Float64Array;
  readonly denied: Float64Array;
  readonly lastAt: Float64Array;

  constructor(limit: number) {
    this.keys = new Float64Array(limit);
    this.allowed = new Float64Array(limit);
    this.denied = new Float64Array(limit);
    this.lastAt = new Float64Array(limit);
  }

  get size(): number {
    return this.#places.size;
  }

  get isFull(): boolean {
    return this.size >= this.keys.length;
  }

  placeOf(key: number): number | undefined {
    return this.#places.get(key);
  }

  /** A place for a flow that has none here, with what was counted of it before. */
  add(key: number, from: Generation): number {
    const place = this.#places.size;
    const before = from.placeOf(key);
    this.#places.set(key, place);
    this.keys[place] = key;
    this.allowed[place] = before === undefined ? 0 : (from.allowed[before] as number);
    this.denied[place] = before === undefined ? 0 : (from.denied[before] as number);
    this.lastAt[place] = before === undefined ? 0 : (from.lastAt[before] as number);
    return place;
  }

  clear(): void {
    this.#places.clear();
  }
}

/**
 * Two generations, each of half the limit: a flow that is met again moves to the young one, and when that is full, what is
 * left in the old one has been quiet for longest and is forgotten.
 *
 * @param limit flows held at most; past it, those that were quiet for longest are forgotten
 */
export function countFlows(limit = maxFlows): Flows {
  const half = Math.max(1, Math.floor(limit / 2));
  const mostNames = Math.min(radix, 8 * limit);
  let names = new Names();
  let young = new Generation(half);
  let old = new Generation(half);

  const keyOf = (principal: string, action: string, resource: string): number =>
    (names.numberOf(principal) * radix + names.numberOf(resource)) * radix + names.numberOf(action);

  const place = (key: number): number => {
    const known = young.placeOf(key);
    if (known !== undefined) return known;
    if (!young.isFull) return young.add(key, old);
    const emptied = old;
    const added = emptied.placeOf(key);
    const before = added === undefined ? undefined : [emptied.allowed[added], emptied.denied[added]];
    old = young;
    young = emptied;
    young.clear();
    const at = young.add(key, old);
    if (before !== undefined) [young.allowed[at], young.denied[at]] = before as [number, number];
    return at;
  };

  const flowAt = (from: Generation, at: number): Flow => {
    const key = from.keys[at] as number;
    const action = key % radix;
    const pair = (key - action) / radix;
    const resource = pair % radix;
    return {
      principal: names.nameOf((pair - resource) / radix),
      action: names.nameOf(action),
      resource: names.nameOf(resource),
      allowed: from.allowed[at] as number,
      denied: from.denied[at] as number,
      lastAt: from.lastAt[at] as number,
    };
  };

  const list = (): Flow[] => {
    const flows = Array.from({ length: young.size }, (_, at) => flowAt(young, at));
    // One that moved is in both generations; what the young one says is newer.
    for (let at = 0; at < old.size; at++)
      if (young.placeOf(old.keys[at] as number) === undefined) flows.push(flowAt(old, at));
    return flows;
  };

  /** Forgets the names that no flow has any more. */
  const renumber = (): void => {
    const flows = list().toReversed();
    names = new Names();
    [young, old] = [new Generation(half), new Generation(half)];
    for (const { principal, action, resource, allowed, denied, lastAt } of flows) {
      const at = place(keyOf(principal, action, resource));
      young.allowed[at] = allowed;
      young.denied[at] = denied;
      young.lastAt[at] = lastAt;
    }
  };

  return {
    count({ principal, action, resource, effect, again, at }) {
      // A live stream that was decided again is the same interaction, unless this ended it.
      if (again !== undefined && effect === "allow") return;
      if (names.size + 3 > mostNames) renumber();
      const found = place(keyOf(principal, action, resource));
      if (effect === "allow") young.allowed[found] = (young.allowed[found] as number) + 1;
      else young.denied[found] = (young.denied[found] as number) + 1;
      young.lastAt[found] = at;
    },
    list,
  };
}
