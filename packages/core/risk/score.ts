/**
 * The score. In: contributions, each with its weight and what it means in words. Out: a {@link Risk}: the score, its tier,
 * and all of them, heaviest first. `1 - (1 - w1)(1 - w2)...` (a noisy or: each signal is a reason of its own to doubt).
 */
import type { RiskTier } from "../contract/vocabulary.ts";
import type { Risk } from "../policy/decision.ts";
import type { RiskSettings, RiskSignalName } from "./settings.ts";

export interface Contribution {
  readonly signal: RiskSignalName;
  /** 0 to 1. */
  readonly weight: number;
  readonly words: string;
}

export const noRisk: Risk = Object.freeze({ tier: "low", score: 0, contributions: Object.freeze([]) });

/** @param contributions those of weight 0 do not count and are not shown */
export function score(contributions: readonly Contribution[], { tiers }: Pick<RiskSettings, "tiers">): Risk {
  let spared = 1;
  const counted: Contribution[] = [];
  for (const one of contributions) {
    const weight = Math.min(1, Math.max(0, one.weight));
    if (!(weight > 0)) continue; // a weight that is no number is no doubt that could be explained
    spared *= 1 - weight;
    counted.push(weight === one.weight ? one : { ...one, weight });
  }
  if (counted.length === 0) return noRisk;
  // Whole thousandths: what is shown is what is compared with the tiers.
  const value = Math.round((1 - spared) * 1000) / 1000;
  return {
    score: value,
    tier: tierOf(value, tiers),
    contributions: counted.toSorted((a, b) => b.weight - a.weight || (a.signal < b.signal ? -1 : 1)),
  };
}

export function tierOf(value: number, tiers: RiskSettings["tiers"]): RiskTier {
  if (value >= tiers.critical) return "critical";
  if (value >= tiers.high) return "high";
  return value >= tiers.medium ? "medium" : "low";
}
