/**
 * What each policy is good for. In: a snapshot. Out: policies that apply to nothing that can be asked, permits that
 * another permit makes unnecessary wherever they apply, and forbids that refuse nothing which is permitted.
 */
import type { Instant } from "../../instant.ts";
import type { AnalysablePolicies } from "../cedar-engine.ts";
import type { Snapshot } from "../snapshot.ts";
import { reach } from "./reach.ts";

export interface PolicyUse {
  /** `namespace/id`. */
  readonly policy: string;
  readonly effect: "permit" | "forbid";
  readonly finding: "dead" | "shadowed" | "idle";
  readonly words: string;
}

/** Judges every policy by every decision that can be taken: all classes, routes, contexts and window states. */
export function policyUse(snapshot: Snapshot, policies: AnalysablePolicies, now: Instant): readonly PolicyUse[] {
  const applies = new Set<string>();
  const needed = new Set<string>();
  reach(snapshot, policies, now, (still, request, principal, resource) => {
    const { permits, forbids } = still.policies.evaluate(request, principal, resource, still.windows.at(now).of);
    for (const { namespace, id } of [...permits, ...forbids]) applies.add(`${namespace}/${id}`);
    const [only, ...others] = permits;
    if (only !== undefined && others.length === 0) needed.add(`${only.namespace}/${only.id}`);
    const [alone, ...more] = forbids;
    if (alone !== undefined && more.length === 0 && permits.length > 0) needed.add(`${alone.namespace}/${alone.id}`);
  });
  return policies.analysed.flatMap(({ namespace, id, compiled: { effect } }): PolicyUse[] => {
    const policy = `${namespace}/${id}`;
    if (needed.has(policy)) return [];
    if (effect === "permit" && !applies.has(policy))
      return [
        {
          policy,
          effect,
          finding: "dead",
          words: "applies to nothing that can be asked for: remove it, or mend what it names",
        },
      ];
    if (effect === "permit")
      return [{ policy, effect, finding: "shadowed", words: "whatever it permits, another policy permits as well" }];
    const words = applies.has(policy)
      ? "refuses nothing that is permitted and that no other forbid refuses: a safeguard, or left over"
      : "applies to nothing that any permit speaks of: a safeguard, or left over";
    return [{ policy, effect, finding: "idle", words }];
  });
}
