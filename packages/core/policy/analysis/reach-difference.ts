/**
 * What a change of policies changes. In: who reaches what, before and after. Out: pairs of components with an action that
 * were gained and lost, and those whose times changed.
 */
import type { Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Reach } from "./reach.ts";

export interface ReachPair {
  readonly principal: SpiffeId;
  readonly action: Action;
  readonly resource: SpiffeId;
  /** Absent where it is allowed at any time. */
  readonly during?: readonly (readonly string[])[];
  readonly permits: readonly string[];
}

export interface ReachDifference {
  readonly gained: readonly ReachPair[];
  readonly lost: readonly ReachPair[];
  /** Still reached, at other times than before; as it is after. */
  readonly changed: readonly ReachPair[];
}

/** Every reachable pair, spelled out component by component, by `principal action resource`. */
export function* pairsOf({ edges }: Reach): Generator<readonly [string, ReachPair]> {
  for (const { from, to, action, during, permits } of edges)
    for (const { id: principal } of from.members)
      for (const { id: resource } of to.members)
        yield [
          `${principal} ${action} ${resource}`,
          { principal, action, resource, permits, ...(during === undefined ? {} : { during }) },
        ];
}

export function reachDifference(before: Reach, after: Reach): ReachDifference {
  const earlier = new Map(pairsOf(before));
  const gained: ReachPair[] = [];
  const changed: ReachPair[] = [];
  for (const [key, pair] of pairsOf(after)) {
    const known = earlier.get(key);
    if (known === undefined) gained.push(pair);
    else if (JSON.stringify(known.during) !== JSON.stringify(pair.during)) changed.push(pair);
    earlier.delete(key);
  }
  return { gained, lost: [...earlier.values()], changed };
}
