/**
 * What another configuration would have said. In: a snapshot, and decisions from the ledger. Out: for each whether it
 * would have been another, and how. A decision's entry holds everything that it was taken on, its time included; what a
 * candidate is missing (a component that is gone, say) denies, as it would in force.
 */
import type { DecisionEntry } from "../../ledger/entry.ts";
import type { AnalysablePolicies } from "../cedar-engine.ts";
import { decide } from "../decide.ts";
import type { Decision } from "../decision.ts";
import type { CompiledPolicies } from "../engine.ts";
import type { Snapshot } from "../snapshot.ts";

export interface Replayed {
  readonly was: "allow" | "deny";
  /** What was let through then though policy denied it: a route that observed. */
  readonly wasObserved: boolean;
  readonly now: Decision;
  /** `unknown`: policies look at the call's arguments, which no ledger holds. */
  readonly change: "none" | "would allow" | "would deny" | "unknown";
}

/**
 * Takes a decision again. The knowledge of then is taken to be fresh: how old the snapshot was is not the candidate's
 * doing. Modes are the candidate's: without `via`, policies are enforced.
 *
 * @param policies the snapshot's own, with what they are made of
 */
export function replay(snapshot: Snapshot, entry: DecisionEntry, policies: AnalysablePolicies): Replayed {
  const { principal, action, resource, context, at, user, call, flow } = entry;
  const asked = {
    principal,
    action,
    resource,
    context,
    ...(user && { user }),
    ...(call && { call }),
    ...(flow && { flow }),
  };
  const [may, must] = [policies.withoutArguments("may"), policies.withoutArguments("must")];
  const decided = (by: CompiledPolicies): Decision =>
    decide({ ...snapshot, policies: by }, asked, { ...entry.signals, snapshotAgeMs: 0 }, at);
  const now = decided(may);
  const wasObserved = entry.observed !== undefined;
  const was = wasObserved ? "deny" : entry.effect;
  if (may !== must && now.effect === "allow" && decided(must).effect === "deny")
    return { was: entry.effect, wasObserved, now, change: "unknown" };
  const change = was === now.effect ? "none" : now.effect === "allow" ? "would allow" : "would deny";
  return { was: entry.effect, wasObserved, now, change };
}
