/**
 * Which DPoP proofs have been seen. In: the id of one that verified. Out: whether it is new. Bounded: two generations, each
 * as long as a proof can be good for, and when one is full, or one person has filled a share, nothing more is taken until
 * the next: forgetting early would let a proof in twice.
 *
 * @see RFC 9449, section 11.1
 */
import { proofAgeMs, proofAheadMs } from "@cordon/core/oauth/dpop-proof";

/** A proof can be good this long after it is first seen: dated ahead, and then as old as may be. */
export const rememberedMs = proofAgeMs + proofAheadMs + 1_000;

export interface ProofMemory {
  /**
   * @param whose whose share it is taken from
   * @returns `"seen"` for one that was here before; `"full"` where nothing more can be remembered for now
   */
  take(whose: string, id: string): "new" | "seen" | "full";
  readonly size: number;
}

export interface ProofMemoryLimits {
  /** Proofs of everybody in a generation. */
  readonly most: number;
  /** Proofs of one person in a generation: nobody fills the memory of all. */
  readonly mostOfOne: number;
}

/** 26 MB at worst; 650 requests a second of one person. */
const limits: ProofMemoryLimits = { most: 200_000, mostOfOne: 50_000 };

interface Generation {
  readonly ids: Set<string>;
  readonly byOwner: Map<string, number>;
}

/** @param monotonicMs a clock that is never set */
export function openProofMemory(
  monotonicMs: () => number,
  { most, mostOfOne }: ProofMemoryLimits = limits,
): ProofMemory {
  const empty = (): Generation => ({ ids: new Set(), byOwner: new Map() });
  let young = empty();
  let old = empty();
  let turnedAt = monotonicMs();
  const turn = (): void => {
    const passed = monotonicMs() - turnedAt;
    if (passed < rememberedMs) return;
    old = passed < 2 * rememberedMs ? young : empty();
    young = empty();
    turnedAt = monotonicMs();
  };
  return {
    get size() {
      return young.ids.size + old.ids.size;
    },
    take(whose, id) {
      turn();
      if (young.ids.has(id) || old.ids.has(id)) return "seen";
      const own = young.byOwner.get(whose) ?? 0;
      if (young.ids.size >= most || own >= mostOfOne) return "full";
      young.ids.add(id);
      young.byOwner.set(whose, own + 1);
      return "new";
    },
  };
}
