/**
 * A workload that acts for a person. In: the request, what policies say to the workload, and a way to ask them about
 * somebody else. Out: the person, what policies say to that person, and what both evaluations come to together.
 *
 * The person is asked about as if they had asked themselves, with `context.actor` naming the workload. So a permit for
 * one is never one for the other: the confused deputy (Hardy 1988) has nothing to be confused about.
 *
 * @see RFC 8693, section 4.1: `sub` is the person, `act` the workload
 */
import type { AccessRequest } from "./decision.ts";
import type { Evaluation, MatchedPolicy } from "./engine.ts";
import { actsForAnother, type Principal, type User } from "./people.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Behalf {
  readonly person: User;
  /** What policies say to the person. */
  readonly evaluation: Evaluation;
  /** Of both: whatever either forbids, and whatever either's permits demand. */
  readonly both: Evaluation;
}

/** Absent where the principal asks for itself. */
export function behalfOf(
  snapshot: Snapshot,
  request: AccessRequest,
  own: Evaluation,
  ask: (who: Principal) => Evaluation,
): Behalf | undefined {
  if (request.user === undefined || !actsForAnother(request)) return undefined;
  const person = snapshot.users?.get(request.user.id);
  if (person === undefined) return undefined; // who is not enrolled was refused before
  const evaluation = ask(person);
  return { person, evaluation, both: joined(own, evaluation) };
}

/** The engine answers with the same object for the same policies: so do pairs of them. */
const pairs = new WeakMap<Evaluation, WeakMap<Evaluation, Evaluation>>();

function joined(own: Evaluation, theirs: Evaluation): Evaluation {
  let known = pairs.get(own);
  if (known === undefined) pairs.set(own, (known = new WeakMap()));
  let both = known.get(theirs);
  if (both === undefined) {
    both = {
      permits: distinct([...own.permits, ...theirs.permits]),
      forbids: distinct([...own.forbids, ...theirs.forbids]),
      errors: [...own.errors, ...theirs.errors],
    };
    known.set(theirs, both);
  }
  return both;
}

function distinct(policies: readonly MatchedPolicy[]): readonly MatchedPolicy[] {
  const seen = new Map(policies.map((policy) => [`${policy.namespace}/${policy.id}`, policy]));
  return [...seen.values()];
}
