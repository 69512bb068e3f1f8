/**
 * What reach says, to be read. In: who reaches what, as sets. Out: edges between groups of components, pairs one by one, and
 * why a pair is allowed, which is asked of the decision itself.
 */
import type { Action } from "../../contract/vocabulary.ts";
import { decide } from "../decide.ts";
import type { Component } from "../snapshot.ts";
import { addTo, forEachMember, hasBit, isEmpty, keepOnly, sizeOf, takeFrom, wordsFor, type Bits } from "./index-set.ts";
import type { Reach } from "./reach.ts";

/** One thing that every one of some components may do to every one of others. */
export interface ReachEdge {
  readonly from: readonly Component[];
  readonly to: readonly Component[];
  readonly action: Action;
  /** Whether a route or a tunnel leads there; without one only other enforcement points can ask. */
  readonly routed: boolean;
  /** Windows of which one must be open (each a set that is open together); absent where it is allowed at any time. */
  readonly during?: During;
}

export type During = readonly (readonly string[])[];

/** Why one pair is allowed. */
export interface Explanation {
  /** Ids of the permits that it rests on in some context, as `namespace/id`. */
  readonly permits: readonly string[];
  /** Every permit of it looks at the call's arguments: it is allowed for some of them, perhaps. */
  readonly dependsOnArguments: boolean;
  /** It stands on an exception to a boundary. */
  readonly excepted: boolean;
  /** Allowed only because a boundary does not enforce yet. */
  readonly observedOnly: boolean;
}

/** Every edge; who reaches the same at the same times is in one. */
export function* edgesOf(reach: Reach): Generator<ReachEdge> {
  for (const action of reach.rows.keys())
    for (const [principals, patterns] of patternsOf(reach, action)) {
      const from = principals.map((number) => reach.components[number] as Component);
      for (const [during, resources] of patterns)
        for (const routed of [true, false]) {
          const some = resources.slice();
          (routed ? keepOnly : takeFrom)(some, reach.routed);
          if (isEmpty(some)) continue;
          yield { from, to: componentsIn(reach, some), action, routed, ...(during === undefined ? {} : { during }) };
        }
    }
}

export function componentsIn({ components }: Reach, set: Bits): readonly Component[] {
  const found: Component[] = [];
  forEachMember(set, (number) => found.push(components[number] as Component));
  return found;
}

/** Principals who reach the same at the same times; by when, what they reach. */
function* patternsOf(
  reach: Reach,
  action: Action,
): Generator<readonly [readonly number[], ReadonlyMap<During | undefined, Bits>]> {
  const rows = reach.rows.get(action) ?? [];
  const names = new Map<Bits, number>();
  const groups = new Map<string, number[]>();
  for (const number of reach.components.keys()) {
    const own = rows.map((moment) => {
      const row = moment[number];
      if (row === undefined) return "";
      const name = names.get(row) ?? names.size;
      names.set(row, name);
      return name;
    });
    if (own.every((name) => name === "")) continue;
    const key = own.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [number]);
    else group.push(number);
  }
  for (const members of groups.values()) yield [members, patternsFrom(reach, action, members[0] ?? 0)];
}

/** By when, what one principal reaches. */
export function patternsFrom(reach: Reach, action: Action, from: number): ReadonlyMap<During | undefined, Bits> {
  const rows = (reach.rows.get(action) ?? []).map((moment) => moment[from]);
  const size = wordsFor(reach.components.length);
  const union = new Uint32Array(size);
  for (const row of rows) if (row !== undefined) addTo(union, row);
  let parts: { readonly set: Bits; readonly open: readonly (readonly string[])[] }[] = [{ set: union, open: [] }];
  for (const [moment, row] of rows.entries()) {
    const open = reach.moments[moment]?.open ?? [];
    parts = parts.flatMap(({ set, open: before }) => {
      const inside = set.slice();
      keepOnly(inside, row ?? new Uint32Array(size));
      const outside = set.slice();
      takeFrom(outside, inside);
      return [
        { set: inside, open: [...before, open] },
        { set: outside, open: before },
      ].filter((part) => !isEmpty(part.set));
    });
  }
  return new Map(parts.map(({ set, open }) => [open.length === reach.moments.length ? undefined : open, set]));
}

export interface PairFilter {
  readonly from?: Component | undefined;
  readonly to?: Component | undefined;
}

/** Edges of which one side, or both, is one component. */
export function* edgesBetween(reach: Reach, { from, to }: PairFilter): Generator<ReachEdge> {
  for (const edge of edgesOf(reach)) {
    const own = from === undefined ? edge.from : edge.from.filter(({ id }) => id === from.id);
    const other = to === undefined ? edge.to : edge.to.filter(({ id }) => id === to.id);
    if (own.length > 0 && other.length > 0) yield { ...edge, from: own, to: other };
  }
}

/** How many pairs are reached, each action counted by itself. */
export function pairCount(reach: Reach): number {
  const sizes = new Map<Bits, number>();
  let pairs = 0;
  for (const rows of reach.rows.values())
    for (const number of reach.components.keys()) {
      const [first, ...more] = rows.flatMap((moment) => moment[number] ?? []);
      if (first === undefined) continue;
      if (more.every((row) => row === first)) {
        const size = sizes.get(first) ?? sizeOf(first);
        sizes.set(first, size);
        pairs += size;
        continue;
      }
      const union = first.slice();
      for (const row of more) addTo(union, row);
      pairs += sizeOf(union);
    }
  return pairs;
}

/** Everything that somebody reaches, by any action and at any time. */
export function reachedBy(reach: Reach, from: number): ReadonlyMap<Action, Bits> {
  const found = new Map<Action, Bits>();
  for (const [action, rows] of reach.rows)
    for (const moment of rows) {
      const row = moment[from];
      if (row === undefined) continue;
      const union = found.get(action) ?? new Uint32Array(row.length);
      addTo(union, row);
      found.set(action, union);
    }
  return found;
}

/** Why a pair is allowed, by every decision about it; `undefined` where none allows it. */
export function explain(reach: Reach, from: Component, action: Action, to: Component): Explanation | undefined {
  const number = reach.numbers.get(to.id);
  if (number === undefined) return undefined;
  const permits = new Set<string>();
  let allowed = 0;
  let excepted = 0;
  let observed = 0;
  for (const asking of reach.askings) {
    if (asking.action !== action || !hasBit(asking.resources, number)) continue;
    const request = { principal: from.id, action, resource: to.id, context: asking.context };
    for (const [moment, still] of reach.stills.entries()) {
      const decision = decide(still, request, { snapshotAgeMs: 0 }, reach.moments[moment]?.at ?? 0);
      if (decision.effect !== "allow") continue;
      allowed += 1;
      for (const { code, policy, namespace } of decision.reasons)
        if (code === "permitted" && policy !== undefined) permits.add(`${namespace}/${policy}`);
      if (decision.reasons.some(({ code }) => code === "boundary-exception")) excepted += 1;
      if (decision.observed !== undefined) observed += 1;
    }
  }
  if (allowed === 0) return undefined;
  return {
    permits: [...permits].toSorted(),
    dependsOnArguments: permits.size > 0 && [...permits].every((permit) => reach.onArguments.has(permit)),
    excepted: excepted === allowed,
    observedOnly: observed === allowed,
  };
}
