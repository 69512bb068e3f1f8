/**
 * Asks compiled policies about one request. In: a policy set, an environment. Out: which permits and forbids apply and
 * which policies raised an error, in the order of the set. A policy that errors does not apply; what follows from that
 * is the caller's rule. Source: Cedar reference, "Authorization"; cedar-spec, Authorizer.
 */
import { matches, scopeMatches, type CompiledPolicy } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import {
  anything,
  headerSize,
  indexPolicies,
  onePrincipal,
  oneResource,
  type IndexedPolicies,
  type ScopeRest,
} from "./policy-index.ts";
import { PolicyPlans, type Plan } from "./policy-plans.ts";
import { ConditionRows, failed, no, SharedConditions, wordsOf } from "./shared-conditions.ts";

export interface CompiledPolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly index: IndexedPolicies;
  readonly plans: PolicyPlans;
  readonly conditions: SharedConditions;
}

/** Places in the set, ascending. Any forbid makes it a deny; without one, any permit an allow. */
export interface Authorization {
  readonly permits: readonly number[];
  readonly forbids: readonly number[];
  readonly errors: readonly { readonly place: number; readonly words: string }[];
}

export function compileSet(policies: readonly CompiledPolicy[]): CompiledPolicySet {
  const rows = new ConditionRows();
  const index = indexPolicies(policies, rows);
  return { policies, index, plans: new PolicyPlans(index), conditions: new SharedConditions(rows) };
}

export function authorize(set: CompiledPolicySet, environment: Environment): Authorization {
  const { index, plans, conditions } = set;
  const principal = plans.principal(environment);
  const resource = plans.resource(environment);
  const ofContext = plans.context(environment.context);
  if (!principal.complete || !resource.complete || ofContext === undefined) return askAll(set, environment);
  conditions.begin();
  const asking = new Asking(set, environment, principal, resource);
  asking.ask(index.always[0], index.always[1]);
  asking.askPlan(principal);
  asking.askPlan(resource);
  for (const [start, end] of ofContext) asking.ask(start, end);
  return asking.found();
}

/** One request's way through the lists. */
class Asking {
  readonly #set: CompiledPolicySet;
  readonly #environment: Environment;
  readonly #principal: number;
  readonly #resource: number;
  readonly #actions: Uint8Array;
  readonly #permits: number[] = [];
  readonly #forbids: number[] = [];
  readonly #errors: { place: number; words: string }[] = [];

  constructor(set: CompiledPolicySet, environment: Environment, principal: Plan, resource: Plan) {
    this.#set = set;
    this.#environment = environment;
    this.#principal = principal.number;
    this.#resource = resource.number;
    this.#actions = set.plans.actions(environment);
  }

  askPlan({ ranges }: Plan): void {
    for (let at = 0; at < ranges.length; at += 2) this.ask(ranges[at] as number, ranges[at + 1] as number);
  }

  ask(start: number, end: number): void {
    const { groups } = this.#set.index;
    for (let at = start; at < end;) {
      const sizeAndEffect = groups[at + 3] as number;
      const next = at + headerSize + (sizeAndEffect >>> 1);
      if (this.#actions[groups[at] as number] === 1 && this.#isInScope(groups[at + 1] as number)) {
        const row = groups[at + 2] as number;
        const answer = this.#set.conditions.hold(row, this.#environment);
        if (answer === failed) this.#fail(at + headerSize, next, row);
        else if (answer !== no) {
          const into = (sizeAndEffect & 1) === 1 ? this.#permits : this.#forbids;
          for (let place = at + headerSize; place < next; place += 1) into.push(groups[place] as number);
        }
      }
      at = next;
    }
  }

  found(): Authorization {
    ascending(this.#permits);
    ascending(this.#forbids);
    return {
      permits: this.#permits,
      forbids: this.#forbids,
      errors: this.#errors.length < 2 ? this.#errors : this.#errors.toSorted((a, b) => a.place - b.place),
    };
  }

  #isInScope(check: number): boolean {
    switch (check & 3) {
      case anything:
        return true;
      case onePrincipal:
        return check >>> 2 === this.#principal;
      case oneResource:
        return check >>> 2 === this.#resource;
      default: {
        const { principal, resource } = this.#set.index.scopes[check >>> 2] as ScopeRest;
        const environment = this.#environment;
        return (
          matches(principal, environment, environment.principal) && matches(resource, environment, environment.resource)
        );
      }
    }
  }

  #fail(start: number, end: number, row: number): void {
    const words = this.#set.conditions.wordsOf(row);
    for (const place of this.#set.index.groups.subarray(start, end)) this.#errors.push({ place, words });
  }
}

/** Every policy by itself: where an attribute is missing, those that begin with it fail. */
function askAll({ policies }: CompiledPolicySet, environment: Environment): Authorization {
  const permits: number[] = [];
  const forbids: number[] = [];
  const errors: { place: number; words: string }[] = [];
  for (const [place, policy] of policies.entries()) {
    if (!scopeMatches(policy, environment)) continue;
    try {
      if (policy.holds(environment)) (policy.effect === "permit" ? permits : forbids).push(place);
    } catch (error) {
      errors.push({ place, words: wordsOf(error) });
    }
  }
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
