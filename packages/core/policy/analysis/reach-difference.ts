/**
 * What a change of policies changes. In: who reaches what, before and after. Out: pairs of components with an action that
 * were gained and lost, and those whose times changed. Sets are compared; pairs are spelled out when they are read.
 */
import { actions, type Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Component } from "../snapshot.ts";
import { addTo, forEachMember, isEmpty, setBit, sizeOf, takeFrom, wordsFor, type Bits } from "./index-set.ts";
import { componentsIn, explain, patternsFrom, type During } from "./reach-edges.ts";
import type { Reach } from "./reach.ts";

export interface ReachPair {
  readonly principal: SpiffeId;
  readonly action: Action;
  readonly resource: SpiffeId;
  /** Absent where it is allowed at any time. */
  readonly during?: During;
  readonly permits: readonly string[];
}

/** Pairs, counted; each is made, and asked why, when it is read. */
export interface ReachPairs extends Iterable<ReachPair> {
  readonly count: number;
}

export interface ReachDifference {
  readonly gained: ReachPairs;
  readonly lost: ReachPairs;
  /** Still reached, at other times than before; as it is after. */
  readonly changed: ReachPairs;
}

/** Every reachable pair, spelled out component by component. */
export function* pairsOf(reach: Reach): Generator<ReachPair> {
  for (const action of reach.rows.keys())
    for (const [from, principal] of reach.components.entries())
      for (const [during, set] of patternsFrom(reach, action, from))
        yield* spelledOut(reach, principal, action, set, during);
}

interface Change {
  readonly action: Action;
  readonly from: Component;
  readonly set: Bits;
}

export function reachDifference(before: Reach, after: Reach): ReachDifference {
  const gained: Change[] = [];
  const lost: Change[] = [];
  const changed: Change[] = [];
  const compare = new RowComparison(before, after);
  const ids = new Set([...before.numbers.keys(), ...after.numbers.keys()]);
  for (const action of actions)
    for (const id of ids) {
      const difference = compare.rows(action, before.numbers.get(id), after.numbers.get(id));
      const from = (reach: Reach): Component => reach.components[reach.numbers.get(id) ?? -1] as Component;
      if (!isEmpty(difference.gained)) gained.push({ action, from: from(after), set: difference.gained });
      if (!isEmpty(difference.changed)) changed.push({ action, from: from(after), set: difference.changed });
      if (!isEmpty(difference.lost)) lost.push({ action, from: from(before), set: difference.lost });
    }
  return { gained: pairsIn(after, gained), lost: pairsIn(before, lost), changed: pairsIn(after, changed) };
}

interface RowDifference {
  /** In the numbers of after. */
  readonly gained: Bits;
  readonly changed: Bits;
  /** In those of before. */
  readonly lost: Bits;
}

/** Compares what one principal reaches before and after; the same rows once. */
class RowComparison {
  readonly #before: Reach;
  readonly #after: Reach;
  readonly #names = new Map<Bits, number>();
  readonly #known = new Map<string, RowDifference>();
  /** Number after by number before; -1 where it is gone. */
  readonly #forward: Int32Array;
  readonly #back: Int32Array;

  constructor(before: Reach, after: Reach) {
    this.#before = before;
    this.#after = after;
    this.#forward = Int32Array.from(before.components, ({ id }) => after.numbers.get(id) ?? -1);
    this.#back = Int32Array.from(after.components, ({ id }) => before.numbers.get(id) ?? -1);
  }

  rows(action: Action, from: number | undefined, to: number | undefined): RowDifference {
    const key = `${this.#key(this.#before, action, from)}>${this.#key(this.#after, action, to)}`;
    let difference = this.#known.get(key);
    if (difference === undefined) this.#known.set(key, (difference = this.#compare(action, from, to)));
    return difference;
  }

  #key(reach: Reach, action: Action, from: number | undefined): string {
    if (from === undefined) return "";
    return (reach.rows.get(action) ?? []).map((moment) => this.#name(moment[from])).join();
  }

  #name(row: Bits | undefined): string {
    if (row === undefined) return "";
    const name = this.#names.get(row) ?? this.#names.size;
    this.#names.set(row, name);
    return String(name);
  }

  #compare(action: Action, from: number | undefined, to: number | undefined): RowDifference {
    const earlier = from === undefined ? new Map<During, Bits>() : patternsFrom(this.#before, action, from);
    const later = to === undefined ? new Map<During, Bits>() : patternsFrom(this.#after, action, to);
    const gained = this.#union(later.values(), this.#after);
    const lost = this.#union(earlier.values(), this.#before);
    const stayed = gained.slice();
    for (const set of earlier.values()) takeFrom(gained, this.#moved(set, this.#forward, this.#after));
    for (const set of later.values()) takeFrom(lost, this.#moved(set, this.#back, this.#before));
    takeFrom(stayed, gained);
    // Of what is reached before and after, what is reached at the same times.
    const times = new Map([...earlier].map(([during, set]) => [JSON.stringify(during), set]));
    for (const [during, set] of later) {
      const same = times.get(JSON.stringify(during));
      if (same === undefined) continue;
      const both = this.#moved(same, this.#forward, this.#after);
      const others = both.slice();
      takeFrom(others, set);
      takeFrom(both, others);
      takeFrom(stayed, both);
    }
    return { gained, lost, changed: stayed };
  }

  #union(sets: Iterable<Bits>, { components }: Reach): Bits {
    const union = new Uint32Array(wordsFor(components.length));
    for (const set of sets) addTo(union, set);
    return union;
  }

  #moved(set: Bits, numbers: Int32Array, { components }: Reach): Bits {
    const moved = new Uint32Array(wordsFor(components.length));
    forEachMember(set, (number) => {
      const other = numbers[number] ?? -1;
      if (other >= 0) setBit(moved, other);
    });
    return moved;
  }
}

function pairsIn(reach: Reach, changes: readonly Change[]): ReachPairs {
  return {
    count: changes.reduce((sum, { set }) => sum + sizeOf(set), 0),
    *[Symbol.iterator]() {
      for (const { action, from, set } of changes)
        for (const [during, own] of patternsFrom(reach, action, reach.numbers.get(from.id) ?? -1)) {
          const some = set.slice();
          const others = set.slice();
          takeFrom(others, own);
          takeFrom(some, others);
          yield* spelledOut(reach, from, action, some, during);
        }
    },
  };
}

function* spelledOut(
  reach: Reach,
  from: Component,
  action: Action,
  set: Bits,
  during: During | undefined,
): Generator<ReachPair> {
  for (const to of componentsIn(reach, set)) {
    const permits = explain(reach, from, action, to)?.permits ?? [];
    yield {
      ...{ principal: from.id, action, resource: to.id, permits },
      ...(during === undefined ? {} : { during }),
    };
  }
}
