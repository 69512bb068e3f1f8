/**
 * Who can reach what. In: a snapshot and a time. Out: for every action, principal and window state the set of resources that
 * the decision allows in some context, and for some arguments of a call. Sets are composed, pairs are not looked at one by one: a policy is evaluated once
 * for each class of principals and of resources that it can tell apart (sides.ts), and what it says is added to or taken
 * from whole sets (compose.ts). Pairs that stand in a relation of their own are decided each by itself. Principals are
 * components, each acting for itself: what a person, a proof of presence or an approval would open is not open to them.
 *
 * What `explain` says of a pair comes from `decide` itself.
 */
import type { Instant } from "../../instant.ts";
import type { Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { AnalysablePolicies, AnalysedPolicy } from "../cedar-engine.ts";
import { checkSession } from "../adaptive-checks.ts";
import { checkAdmission } from "../admission-check.ts";
import { checkContainment, decide } from "../decide.ts";
import type { Signals } from "../decision.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { dependsOnArguments } from "../unknown-arguments.ts";
import { defaultSingledUpTo, Groups, type Active, type Group } from "./compose.ts";
import { addTo, allBits, clearBit, isEmpty, keepOnly, setBit, takeFrom, wordsFor, type Bits } from "./index-set.ts";
import type { ContextReads } from "./policy-parts.ts";
import { BoundaryRule, defaultMostEvaluations, PolicyRule, Tally, type Rule } from "./rules.ts";
import { askings, type Asking } from "./settings.ts";
import { Sides } from "./sides.ts";
import { anyContext, Universe } from "./universe.ts";
import { momentsOf, textsOf, windowsAt, type Moment } from "./ways.ts";

/** By principal: the resources; `undefined` where there are none. Equal sets of one action are often the same object. */
export type Rows = readonly (Bits | undefined)[];

export interface Reach {
  readonly snapshot: Snapshot;
  readonly components: readonly Component[];
  readonly numbers: ReadonlyMap<SpiffeId, number>;
  /** By action, then by moment. */
  readonly rows: ReadonlyMap<Action, readonly Rows[]>;
  readonly moments: readonly Moment[];
  /** Resources that a route or a tunnel leads to; the others only other enforcement points ask for. */
  readonly routed: Bits;
  /** False where windows change too often to look at every state that they come to. */
  readonly complete: boolean;
  /** Evaluations and decisions that it took. */
  readonly evaluations: number;
  readonly askings: readonly Asking[];
  /** The snapshot at each moment, its windows standing still, and arguments of calls whatever lets most through. */
  readonly stills: readonly Snapshot[];
  /** Policies that look at the arguments of calls, as `namespace/id`. */
  readonly onArguments: ReadonlySet<string>;
}

/** Where sets are few or many; tests set them low, so that small estates go every way. */
export interface ReachLimits {
  readonly singledUpTo: number;
  readonly mostEvaluations: number;
}

const defaultLimits: ReachLimits = { singledUpTo: defaultSingledUpTo, mostEvaluations: defaultMostEvaluations };

/** What is worked out once for all settings. */
export interface Analysis {
  readonly universe: Universe;
  readonly rules: readonly Rule[];
  readonly groups: Groups;
  readonly askings: readonly Asking[];
  readonly routed: Bits;
  readonly moments: readonly Moment[];
  readonly stills: readonly Snapshot[];
  readonly complete: boolean;
  readonly tally: Tally;
}

/**
 * @param policies the snapshot's own, with what they are made of
 * @param keep leaves policies out
 */
export function analyse(
  snapshot: Snapshot,
  policies: AnalysablePolicies,
  now: Instant,
  { singledUpTo, mostEvaluations } = defaultLimits,
  keep: (policy: AnalysedPolicy) => boolean = () => true,
): Analysis {
  const bounded = policies.withoutArguments("may"); // arguments are the caller's to choose
  const universe = new Universe(snapshot);
  const tally = new Tally();
  const sides = new Sides(universe);
  const rules: PolicyRule[] = bounded.analysed
    .filter(keep)
    .map((policy) => new PolicyRule(policy, sides, universe, tally, mostEvaluations));
  const boundary = new BoundaryRule(snapshot.boundaries, universe, tally);
  const all: readonly Rule[] = [...rules, boundary];
  const groups = new Groups(
    universe,
    all.map(({ principals }) => principals),
    singledUpTo,
  );
  const reads = readsOf(rules);
  const texts = reads.has("tool") ? textsOf(policies.analysed.map(({ json }) => json)) : new Set<string>();
  const { moments, complete } = momentsOf(reads.has("windows") ? snapshot.windows : { all: [] }, now);
  const stills = moments.map(({ at }) => ({
    ...snapshot,
    policies: bounded,
    windows: windowsAt(snapshot.windows, at),
    // What is reported of somebody today says nothing of what may be reached; ended sessions are looked at by themselves.
    subjects: noSubjects,
  }));
  return {
    universe,
    rules: all,
    groups,
    ...askings(snapshot, universe, reads, texts),
    moments,
    stills,
    complete,
    tally,
  };
}

/** The rules that can speak in one setting, and what they say. */
export function activeIn({ rules, stills, moments }: Analysis, { action, context }: Asking, moment: number): Active[] {
  const windowsOf = stills[moment]?.windows.at(moments[moment]?.at ?? 0).of ?? (() => []);
  return rules.flatMap((rule) => {
    if (!rule.actions.has(action)) return [];
    const relation = rule.relation({ action, context, windowsOf });
    return [...relation.matches, ...relation.walls].some((set) => set !== undefined) ? [{ rule, relation }] : [];
  });
}

export function signatureOf(active: readonly Active[]): string {
  return active.map(({ relation: { number } }) => number).join();
}

export function reach(snapshot: Snapshot, policies: AnalysablePolicies, now: Instant, limits = defaultLimits): Reach {
  const analysis = analyse(snapshot, policies, now, limits);
  const { universe, moments, stills, routed, complete } = analysis;
  const pairs = ownPairs(snapshot, universe);
  const open = moments.map((_, moment) => openTo(analysis, snapshot, moment));
  const composed = new Map<string, Rows>();
  const interned = new Interned();
  const rows = new Map<Action, (Bits | undefined)[][]>();
  let decisions = 0;
  for (const asking of analysis.askings)
    for (const moment of moments.keys()) {
      const active = activeIn(analysis, asking, moment);
      const signature = signatureOf(active);
      let permitted = composed.get(signature);
      if (permitted === undefined) {
        permitted = permittedRows(universe.size, analysis.groups.compose(active));
        composed.set(signature, permitted);
      }
      const known = rows.get(asking.action) ?? moments.map(() => []);
      rows.set(asking.action, known);
      const asked = asking.resources.slice();
      keepOnly(asked, open[moment]?.resources ?? asked);
      const decided = new PairDecisions(stills[moment] ?? snapshot, universe, asking, moments[moment]?.at ?? now);
      const restricted = new Map<Bits, Bits>();
      for (const from of universe.all) {
        if (!mayAsk(universe.component(from), asking) || open[moment]?.principals[from] !== true) continue;
        const own = pairs.get(from);
        const row =
          own === undefined
            ? within(permitted[from], asked, restricted)
            : decided.row(from, own, permitted[from], asked);
        if (row !== undefined) interned.join(known[moment] as (Bits | undefined)[], from, row);
      }
      decisions += decided.count;
    }
  const evaluations = analysis.tally.evaluations + decisions;
  const { components, numbers } = universe;
  return {
    snapshot,
    components,
    numbers,
    rows,
    moments,
    routed,
    complete,
    evaluations,
    askings: analysis.askings,
    stills,
    onArguments: onArgumentsOf(policies),
  };
}

/** Policies that look at the arguments of calls, as `namespace/id`: what they say is sure for no call. */
export function onArgumentsOf({ analysed }: AnalysablePolicies): ReadonlySet<string> {
  return new Set(
    analysed.filter(({ json }) => dependsOnArguments(json)).map(({ namespace, id }) => `${namespace}/${id}`),
  );
}

const noSubjects: NonNullable<Snapshot["subjects"]> = new Map();
const noSignals: Signals = { snapshotAgeMs: 0 };

function readsOf(rules: readonly PolicyRule[]): ContextReads {
  const all = new Map<string, Set<string> | "whole">();
  for (const { reads } of rules)
    for (const [name, texts] of reads) {
      const known = all.get(name) ?? new Set<string>();
      if (texts === "whole") all.set(name, "whole");
      else if (known !== "whole") all.set(name, new Set([...known, ...texts]));
    }
  return all;
}

/** Permits less forbids and walls. */
function permittedRows(size: number, groups: Iterable<Group>): Rows {
  const rows: (Bits | undefined)[] = Array.from({ length: size });
  for (const { members, composed } of groups) {
    const row = composed.permits.once.slice();
    takeFrom(row, composed.forbids.once);
    takeFrom(row, composed.walls);
    for (const member of members) rows[member] = row;
  }
  return rows;
}

function within(row: Bits | undefined, asked: Bits, known: Map<Bits, Bits>): Bits | undefined {
  if (row === undefined) return undefined;
  let restricted = known.get(row);
  if (restricted === undefined) {
    restricted = row.slice();
    keepOnly(restricted, asked);
    known.set(row, restricted);
  }
  return isEmpty(restricted) ? undefined : restricted;
}

function mayAsk({ bearerTokens }: Component, { context }: Asking): boolean {
  return context.assurance === "x509-svid" || bearerTokens;
}

/** What comes before policies and concerns one side alone: containment, and the admission of a resource's model. */
function openTo(
  { universe, moments, stills }: Analysis,
  snapshot: Snapshot,
  moment: number,
): { readonly principals: readonly boolean[]; readonly resources: Bits } {
  const still = stills[moment] as Snapshot;
  const resources = allBits(universe.size);
  const fresh = still.stalenessLimitMs >= 0;
  const principals = universe.components.map((component, number) => {
    const itself = { principal: component.id, resource: component.id };
    const contained = !fresh || checkContainment(still, itself) !== undefined;
    if (contained || checkAdmission(still, component, moments[moment]?.at ?? 0) !== undefined)
      clearBit(resources, number);
    const ended = checkSession(snapshot, { ...itself, action: "read", context: anyContext }, noSignals);
    return !contained && ended === undefined;
  });
  return { principals, resources };
}

/** Pairs that are judged by more than their classes: models with themselves and what they serve, exceptions, grants. */
function ownPairs(
  { boundaries, grants }: Snapshot,
  { components, numbers }: Universe,
): ReadonlyMap<number, readonly number[]> {
  const pairs = new Map<number, Set<number>>();
  const add = (from: number | undefined, to: number | undefined): void => {
    if (from === undefined || to === undefined) return;
    pairs.set(from, (pairs.get(from) ?? new Set()).add(to));
  };
  for (const [number, { boundary, serves }] of components.entries()) {
    if (boundary === "model") add(number, number);
    for (const id of serves ?? []) add(number, numbers.get(id));
  }
  for (const list of boundaries.exceptions.values())
    for (const { principal, resource } of list) add(numbers.get(principal), numbers.get(resource));
  for (const list of grants?.values() ?? [])
    for (const { principal, resources } of list)
      for (const resource of resources) add(numbers.get(principal), numbers.get(resource));
  return new Map([...pairs].map(([from, to]) => [from, [...to]]));
}

/** Takes single decisions into a row. */
class PairDecisions {
  count = 0;
  readonly #still: Snapshot;
  readonly #universe: Universe;
  readonly #asking: Asking;
  readonly #at: Instant;

  constructor(still: Snapshot, universe: Universe, asking: Asking, at: Instant) {
    this.#still = still;
    this.#universe = universe;
    this.#asking = asking;
    this.#at = at;
  }

  row(from: number, resources: readonly number[], permitted: Bits | undefined, asked: Bits): Bits | undefined {
    const row = permitted?.slice() ?? new Uint32Array(wordsFor(this.#universe.size));
    for (const to of resources) {
      this.count += 1;
      const { action, context } = this.#asking;
      const request = {
        ...{ principal: this.#universe.component(from).id, action },
        ...{ resource: this.#universe.component(to).id, context },
      };
      if (decide(this.#still, request, { snapshotAgeMs: 0 }, this.#at).effect === "allow") setBit(row, to);
      else clearBit(row, to);
    }
    keepOnly(row, asked);
    return isEmpty(row) ? undefined : row;
  }
}

/** Unions of rows; the same object for the same rows. */
class Interned {
  readonly #unions = new Map<Bits, Map<Bits, Bits>>();

  join(rows: (Bits | undefined)[], at: number, row: Bits): void {
    const before = rows[at];
    rows[at] = before === undefined || before === row ? row : this.#union(before, row);
  }

  #union(one: Bits, other: Bits): Bits {
    let known = this.#unions.get(one);
    if (known === undefined) this.#unions.set(one, (known = new Map()));
    let union = known.get(other);
    if (union === undefined) {
      union = one.slice();
      addTo(union, other);
      known.set(other, union);
    }
    return union;
  }
}
