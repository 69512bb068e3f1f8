/**
 * Asks compiled policies about one request. In: a policy set, an environment. Out: which permits and forbids apply and
 * which policies raised an error, in the order of the set. A policy that errors does not apply; what follows from that
 * is the caller's rule. Source: Cedar reference, "Authorization"; cedar-spec, Authorizer.
 */
import type { CompiledPolicy } from "./compile-policy.ts";
import { scopeMatches } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import { EvaluationError } from "./evaluation-error.ts";
import { PolicyIndex } from "./policy-index.ts";

export interface CompiledPolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly index: PolicyIndex;
}

/** Places in the set, ascending. Any forbid makes it a deny; without one, any permit an allow. */
export interface Authorization {
  readonly permits: readonly number[];
  readonly forbids: readonly number[];
  readonly errors: readonly { readonly place: number; readonly words: string }[];
}

export function compileSet(policies: readonly CompiledPolicy[]): CompiledPolicySet {
  return { policies, index: new PolicyIndex(policies) };
}

export function authorize({ policies, index }: CompiledPolicySet, environment: Environment): Authorization {
  const permits: number[] = [];
  const forbids: number[] = [];
  const errors: { place: number; words: string }[] = [];
  for (const place of index.candidates(environment)) {
    const policy = policies[place] as CompiledPolicy;
    if (!scopeMatches(policy, environment)) continue;
    try {
      if (policy.holds(environment)) (policy.effect === "permit" ? permits : forbids).push(place);
    } catch (error) {
      // A stack that overflowed, say, is an error of this policy too: it must not pass for one that does not apply.
      errors.push({ place, words: error instanceof EvaluationError ? error.message : String(error) });
    }
  }
  permits.sort(ascending);
  forbids.sort(ascending);
  errors.sort((a, b) => a.place - b.place);
  return { permits, forbids, errors };
}

function ascending(a: number, b: number): number {
  return a - b;
}
