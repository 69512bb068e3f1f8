/**
 * The three rules beside the classifier, each with the least that the classifier must say of a text for the rule to count. In: a
 * reading. Out: findings of their own.
 */
import type { Finding } from "../finding.ts";
import type { PartJudgement } from "../inspect.ts";
import { originalOffset } from "../normalise/fold.ts";
import type { Part } from "../subject.ts";
import { classified } from "../taxonomy.ts";
import { addressedProbability, findAddressed } from "./addressed.ts";
import { announcedProbability, findAnnounced } from "./announced.ts";
import { findOrders, findOverrides, overrideProbability } from "./override.ts";
import type { Reading } from "./reader.ts";

/** The rule of `override.ts` counts only where the classifier is not sure of the contrary. */
const overrideFloor = 0.2;
/** An override that is an order counts although the classifier is not sure, unless it is sure of the contrary. */
const orderFloor = 0.015;
const orderProbability = 0.7;
/**
 * Where the encoder was asked as well, an override counts for nothing below what both say together. Who quotes, teaches and forbids
 * attacks writes its words: of 8,200 honest texts that were new to it, most of them full of such words, the rule alone blocked 159, of
 * which 109 are below; of 6,800 attacks it alone found 10, none of which is. With an encoder that saw nothing public 14 of 734 announced attacks are lost; at 0.25 it
 * would be 53.
 */
const overrideDoubt = 0.1;
/** The same for `addressed.ts`. */
const addressedFloor = 0.01;
/** The same for `announced.ts`. */
const announcedFloor = 0.03;
/** Below it no rule counts. */
export const lowestFloor = Math.min(orderFloor, addressedFloor, announcedFloor);

/** What was said of a text: probabilities. */
export interface Opinion {
  /** What the classifier alone says. */
  readonly first: number;
  /** With what the encoder says. */
  readonly probability: number;
  /** What the encoder changed of the log-odds: 0 where it was not asked. */
  readonly shift: number;
}

type Place = readonly [from: number, to: number];

export function rulesOf({ tokens, ideas, folded }: Reading, opinion: Opinion, { origin }: Part): readonly Finding[] {
  const { first, probability, shift } = opinion;
  const isDoubted = shift !== 0 && probability < overrideDoubt;
  const findings: Finding[] = [];
  const rule = (name: string, places: readonly Place[], score: number): void => {
    for (const [from, to] of places) {
      const start = originalOffset(folded, tokens.start[from] ?? 0);
      const end = originalOffset(folded, tokens.end[to - 1] ?? 0);
      const category = origin === "untrusted" ? "indirect-injection" : "prompt-injection";
      findings.push(classified({ detector: `injection/${name}`, category, start, end, score }));
    }
  };
  if (!isDoubted) {
    if (first >= overrideFloor) rule("override", findOverrides(tokens, ideas), overrideProbability);
    else if (first >= orderFloor) rule("override", findOrders(tokens, ideas), orderProbability);
  }
  if (first >= addressedFloor) rule("addressed", findAddressed(tokens, ideas), addressedProbability);
  if (first >= announcedFloor) rule("announced", findAnnounced(tokens, ideas), announcedProbability);
  return findings;
}

/** One judgement of several readings of a text. What two of them tell of the same place is told once, by whoever is surer. */
export function together(judgements: readonly PartJudgement[]): PartJudgement {
  let findings: Finding[] = [];
  let probability = 0;
  for (const judged of judgements) {
    probability = Math.max(probability, judged.probability);
    const before = findings;
    const isSame = (one: Finding, other: Finding): boolean =>
      one.detector === other.detector && one.start < other.end && other.start < one.end;
    const kept = judged.findings.filter((one) =>
      before.every((other) => !isSame(one, other) || one.score > other.score),
    );
    findings = [...before.filter((one) => kept.every((other) => !isSame(one, other))), ...kept];
  }
  return { probability, findings };
}
