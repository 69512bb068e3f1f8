/** Policies as reasons of a decision. In: what matched. Out: reasons, as many as a decision may name. */
import type { Reason } from "./decision.ts";
import type { Evaluation, MatchedPolicy } from "./engine.ts";
import { isObserved } from "./observed-policy.ts";

/**
 * Policies that a decision names at most; the rest are counted. A decision must fit into one ledger entry, and one
 * that could not be recorded would be refused.
 */
export const maxReasons = 16;

/** Forbids that are only observed, those that failed among them. */
export function watchingOf({ forbids, errors }: Evaluation): readonly Reason[] {
  const watching = forbids.filter(({ annotations }) => isObserved(annotations));
  const failed = errors.filter((one) => one.observed === true);
  if (watching.length + failed.length === 0) return nothingWatches;
  return atMost(
    [
      ...failed.map(({ policy, words }): Reason => ({
        ...{ code: "policy-error", policy, words: `policy \`${policy}\` failed: ${words}` },
      })),
      ...watching.map((policy) => reasonOf("forbidden", policy)),
    ],
    "policies would refuse",
  );
}

const nothingWatches: readonly Reason[] = Object.freeze([]);

/** Only forbids that nothing lifts keep a permit from counting; the reasons of an allow are those of its permits. */
export function permitted(permits: readonly MatchedPolicy[]): readonly Reason[] {
  return atMost(
    permits.map((policy) => reasonOf("permitted", policy)),
    "policies permit",
  );
}

export function reasonOf(code: "permitted" | "forbidden", { id, words, namespace }: MatchedPolicy): Reason {
  return { code, policy: id, namespace, words };
}

export function atMost(reasons: readonly Reason[], verb: string): readonly Reason[] {
  const last = reasons[maxReasons];
  if (last === undefined) return reasons;
  const rest: Reason = { code: last.code, words: `${reasons.length - maxReasons} more ${verb} this` };
  return [...reasons.slice(0, maxReasons), rest];
}
