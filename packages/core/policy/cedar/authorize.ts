/**
 * Asks compiled policies about one request. In: a policy set, an environment. Out: which permits and forbids apply and
 * which policies raised an error, in the order of the set. A policy that errors does not apply; what follows from that
 * is the caller's rule. Source: Cedar reference, "Authorization"; cedar-spec, Authorizer.
 */
import type { CompiledPolicy } from "./compile-policy.ts";
import { scopeMatches } from "./compile-policy.ts";
import { SharedConditions } from "./shared-conditions.ts";
import type { Environment } from "./environment.ts";
import { PolicyIndex } from "./policy-index.ts";

export interface CompiledPolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly index: PolicyIndex;
  readonly conditions: SharedConditions;
  /** By place, what is read for every candidate: {@link scoped} and {@link permit}, close together in memory. */
  readonly traits: Uint8Array;
}

/** Its scope says anything: else it matches whatever is asked. */
const scoped = 1;
const permit = 2;

/** Places in the set, ascending. Any forbid makes it a deny; without one, any permit an allow. */
export interface Authorization {
  readonly permits: readonly number[];
  readonly forbids: readonly number[];
  readonly errors: readonly { readonly place: number; readonly words: string }[];
}

export function compileSet(policies: readonly CompiledPolicy[]): CompiledPolicySet {
  const traits = Uint8Array.from(
    policies,
    (policy) => (saysNothing(policy) ? 0 : scoped) | (policy.effect === "permit" ? permit : 0),
  );
  return { policies, index: new PolicyIndex(policies), conditions: new SharedConditions(policies), traits };
}

function saysNothing({ principal, action, resource }: CompiledPolicy): boolean {
  return [principal, action, resource].every(
    ({ is, equals, within }) => is === undefined && equals === undefined && within === undefined,
  );
}

export function authorize(set: CompiledPolicySet, environment: Environment): Authorization {
  const { policies, index, conditions, traits } = set;
  const permits: number[] = [];
  const forbids: number[] = [];
  const errors: { place: number; words: string }[] = [];
  conditions.begin();
  for (const place of index.candidates(environment)) {
    const trait = traits[place] as number;
    if ((trait & scoped) !== 0 && !scopeMatches(policies[place] as CompiledPolicy, environment)) continue;
    const held = conditions.hold(place, environment);
    if (typeof held === "string") errors.push({ place, words: held });
    else if (held) ((trait & permit) === 0 ? forbids : permits).push(place);
  }
  ascending(permits);
  ascending(forbids);
  errors.sort((a, b) => a.place - b.place);
  return { permits, forbids, errors };
}

/** Sorts in place, by insertion: a few runs that are in order already, of a few dozen places together. */
function ascending(places: number[]): void {
  if (places.length > 64) return void places.sort((a, b) => a - b);
  for (let at = 1; at < places.length; at++) {
    const place = places[at] as number;
    let before = at - 1;
    for (; before >= 0 && (places[before] as number) > place; before--) places[before + 1] = places[before] as number;
    places[before + 1] = place;
  }
}
