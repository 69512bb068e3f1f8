/**
 * Which policies of a set can speak about a request at all. In: compiled policies. Out: lists of them, and the look-ups
 * that say which lists a request is put to. Leaving a policy out must never change an answer: only what cannot fail is
 * used to rule out.
 *
 * A policy stands in one list: under the rarest thing it says of a principal, a resource or the context that a look-up
 * can tell (policy-openings.ts), or among those that are always asked. What its list has told is not asked again. Within
 * a list, policies that are left with the same to ask stand together as a group: one row of a flat array, so that what
 * a request reads lies close together in memory.
 */
import type { CompiledPolicy, Scope } from "./compile-policy.ts";
import type { Place, PlacedOpening, Plain } from "./policy-openings.ts";
import type { ConditionRows } from "./shared-conditions.ts";

/** One kind of test, with the lists by what it finds. */
export interface LookUp extends Place {
  /** Only entities of this type are looked up: no policy here speaks of others. */
  readonly type: string | undefined;
  readonly lists: ReadonlyMap<Plain, Range>;
}

/** From, and up to, a place in the groups. */
export type Range = readonly [start: number, end: number];

/** What is left of a policy's scope, where it is more than one entity. */
export interface ScopeRest {
  readonly principal: Scope;
  readonly resource: Scope;
}

/** What a group says of principal and resource: nothing, one entity of either by number, or a {@link ScopeRest} by number. */
export const anything = 0;
export const onePrincipal = 1;
export const oneResource = 2;
export const scopeRest = 3;

/** Numbers before a group's places: its action scope, what is left of its scope, its row of conditions, size and effect. */
export const headerSize = 4;

export interface IndexedPolicies {
  readonly groups: Int32Array;
  readonly always: Range;
  readonly lookUps: readonly LookUp[];
  readonly actions: readonly Scope[];
  readonly scopes: readonly ScopeRest[];
  /** Entities that groups name, by key. */
  readonly numbers: ReadonlyMap<string, number>;
}

interface Entry {
  readonly action: number;
  readonly check: number;
  readonly row: number;
  readonly permit: boolean;
  readonly place: number;
}

interface Lists extends Place {
  readonly type: string | undefined;
  readonly lists: Map<Plain, Entry[]>;
}

const everything: Scope = { is: undefined, equals: undefined, within: undefined };

/** Builds the index of a set; the conditions that are left to ask become rows. */
export function indexPolicies(policies: readonly CompiledPolicy[], rows: ConditionRows): IndexedPolicies {
  const tests = policies.map(testsOf);
  const frequency = new Map<string, number>();
  for (const name of tests.flat().flatMap(({ names }) => names)) frequency.set(name, (frequency.get(name) ?? 0) + 1);
  const lookUps = new Map<string, Lists>();
  const always: Entry[] = [];
  const actions = new Numbered<Scope>();
  const scopes = new Numbered<ScopeRest>();
  const numbers = new Numbered<string>();
  for (const [place, policy] of policies.entries()) {
    const own = tests[place] ?? [];
    const chosen = rarest(own, frequency);
    const entry: Entry = {
      action: actions.of(policy.action, scopeName(policy.action)),
      check: checkOf(restOf(policy, chosen), scopes, numbers),
      row: rows.add(policy.conjuncts.filter((_, at) => chosen?.at !== at)),
      permit: policy.effect === "permit",
      place,
    };
    if (chosen === undefined) always.push(entry);
    else put(lookUps, own, chosen, entry);
  }
  const groups: number[] = [];
  return {
    always: append(groups, always),
    lookUps: [...lookUps.values()].map(({ lists, ...place }) => ({
      ...place,
      lists: new Map([...lists].map(([value, entries]) => [value, append(groups, entries)] as const)),
    })),
    groups: Int32Array.from(groups),
    actions: actions.all,
    scopes: scopes.all,
    numbers: numbers.numbers,
  };
}

/** A test of one policy, with the names of the look-up and of what it finds there. */
interface PolicyTest extends PlacedOpening {
  readonly type: string | undefined;
  readonly lookUp: string;
  readonly names: readonly string[];
}

function testsOf(policy: CompiledPolicy): readonly PolicyTest[] {
  const { principal, resource, openings } = policy;
  return [...scopeTests("principal", principal), ...scopeTests("resource", resource), ...openings].map((test) => {
    const type = typeIn(policy, test);
    const lookUp = JSON.stringify([test.role, test.test, type ?? null, ...test.path]);
    return { ...test, type, lookUp, names: test.values.map((value) => `${lookUp} ${typeof value} ${value}`) };
  });
}

function rarest(tests: readonly PolicyTest[], frequency: ReadonlyMap<string, number>): PolicyTest | undefined {
  let least = Infinity;
  let found: PolicyTest | undefined;
  for (const test of tests) {
    const cost = test.names.reduce((sum, name) => sum + (frequency.get(name) ?? 0), 0);
    if (cost < least) [least, found] = [cost, test];
  }
  return found;
}

function scopeTests(role: "principal" | "resource", { is, equals, within }: Scope): readonly PlacedOpening[] {
  const place = { role, path: [], at: undefined };
  if (equals !== undefined) return [{ ...place, test: "equals", values: [equals.key] }];
  const [group, ...more] = within ?? [];
  if (group !== undefined && more.length === 0) return [{ ...place, test: "in", values: [group.key] }];
  return is === undefined ? [] : [{ ...place, test: "is", values: [is] }];
}

function put(lookUps: Map<string, Lists>, own: readonly PolicyTest[], chosen: PolicyTest, entry: Entry): void {
  // A condition may rule a policy out only where none before it fails: they must be looked up as well.
  for (const test of own) {
    if (test.path.length === 0 && test !== chosen) continue;
    const { role, path, type, lookUp } = test;
    const known = lookUps.get(lookUp) ?? { role, path, test: test.test, type, lists: new Map<Plain, Entry[]>() };
    lookUps.set(lookUp, known);
    if (test !== chosen) continue;
    for (const value of test.values) {
      const list = known.lists.get(value);
      if (list === undefined) known.lists.set(value, [entry]);
      else list.push(entry);
    }
    return;
  }
}

/** The type that a policy's scope wants of the entity which a test is about. */
function typeIn({ principal, resource }: CompiledPolicy, { role }: Place): string | undefined {
  if (role === "context") return undefined;
  const { is, equals } = role === "principal" ? principal : resource;
  return is ?? equals?.type;
}

/** What is left to ask of a scope once a list has told one test. */
function restOf({ principal, resource }: CompiledPolicy, chosen: PlacedOpening | undefined): ScopeRest {
  const left = (role: "principal" | "resource", scope: Scope): Scope => {
    if (chosen?.role !== role) return scope;
    // Its list holds for entities of the scope's type alone; a test that is the scope's own leaves nothing.
    return chosen.at === undefined && chosen.path.length === 0 ? everything : { ...scope, is: undefined };
  };
  return { principal: left("principal", principal), resource: left("resource", resource) };
}

function checkOf(rest: ScopeRest, scopes: Numbered<ScopeRest>, numbers: Numbered<string>): number {
  const { principal, resource } = rest;
  const [ofPrincipal, ofResource] = [scopeName(principal), scopeName(resource)];
  if (ofPrincipal === "" && ofResource === "") return anything;
  if (ofResource === "" && principal.equals !== undefined)
    return (numbers.of(principal.equals.key, principal.equals.key) << 2) | onePrincipal;
  if (ofPrincipal === "" && resource.equals !== undefined)
    return (numbers.of(resource.equals.key, resource.equals.key) << 2) | oneResource;
  return (scopes.of(rest, JSON.stringify([ofPrincipal, ofResource])) << 2) | scopeRest;
}

/** The same for scopes that say the same; empty for one that says nothing. */
function scopeName({ is, equals, within }: Scope): string {
  if (is === undefined && equals === undefined && within === undefined) return "";
  return JSON.stringify([is ?? null, equals?.key ?? null, within?.map(({ key }) => key) ?? null]);
}

/** Writes a list's policies as groups. */
function append(groups: number[], entries: readonly Entry[]): Range {
  const start = groups.length;
  const kind = (entry: Entry): string => `${entry.action} ${entry.check} ${entry.row} ${entry.permit}`;
  for (const alike of Map.groupBy(entries, kind).values()) {
    const { action, check, row, permit } = alike[0] as Entry;
    groups.push(action, check, row, (alike.length << 1) | (permit ? 1 : 0));
    for (const { place } of alike) groups.push(place);
  }
  return [start, groups.length];
}

/** Things, each with a number from 0 on. */
class Numbered<T> {
  readonly numbers = new Map<string, number>();
  readonly all: T[] = [];

  of(thing: T, name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) this.numbers.set(name, (number = this.all.push(thing) - 1));
    return number;
  }
}
