/**
 * The one door of this room: `inspect()` puts a text, or messages, before every detector. In: the subject, its direction
 * and the detectors. Out: a verdict, a score, findings in order, and the redacted subject where something was redacted.
 *
 * Pure: the same subject and options give the same answer. It throws only where a detector does; a caller that cannot
 * bear that (the gateway) treats a throw as a block.
 */
import type { Finding, FindingCategory, SpanDetector, Verdict } from "./finding.ts";
import { findAtSeams } from "./seam-spans.ts";
import { partsOf, withTexts, type InspectionText, type Part } from "./subject.ts";

/** A request goes to a model or a tool; a response comes back from one. */
export type Direction = "request" | "response";

/** A detector of unbounded span: it judges a whole part, by who wrote it. */
export interface PartDetector {
  /** The part of {@link Finding.detector} before the slash. */
  readonly name: string;
  readonly version: string;
  /** `probability` is what the detector believes whether or not it makes a finding of it: the score of an allow. */
  judge(part: Part, direction: Direction): PartJudgement;
  /**
   * The parts of one request or answer, as `judge` does each; what they cost is bounded for all of them together. So what becomes
   * of a part may depend on the others, and on what was judged before.
   */
  judgeAll?(parts: readonly Part[], direction: Direction): readonly PartJudgement[];
}

export interface PartJudgement {
  readonly probability: number;
  readonly findings: readonly Finding[];
}

/** The scores from which a category's findings flag or block. A value above 1 is never reached. */
export interface Threshold {
  readonly flag: number;
  readonly block: number;
}

export interface InspectOptions {
  readonly direction: Direction;
  /** Detectors of bounded spans: identifiers, names, secrets, canaries, fingerprints. */
  readonly spanDetectors: readonly SpanDetector[];
  readonly partDetectors: readonly PartDetector[];
  /** Defaults to {@link defaultThresholds}. */
  readonly thresholds?: Readonly<Record<FindingCategory, Threshold>>;
  /** The text with the findings' spans masked, or the same text where none of them is to be masked. */
  readonly redact?: (text: string, findings: readonly Finding[]) => string;
}

export interface InspectionResult {
  readonly verdict: Verdict;
  /** How sure inspection is that the subject must not pass: 0 to 1, below the threshold as well as above it. */
  readonly score: number;
  /** By message, then by start. */
  readonly findings: readonly Finding[];
  /** Only where redaction changed something: the text, or the messages. */
  readonly redacted?: string | readonly unknown[];
}

const never = 2;
const attack: Threshold = { flag: 0.5, block: 0.5 };
const masked: Threshold = { flag: 0.5, block: never };

/** Attacks and what must not leave block; what can be masked, and what could not be read, flags. */
export const defaultThresholds: Readonly<Record<FindingCategory, Threshold>> = {
  "prompt-injection": attack,
  "indirect-injection": attack,
  jailbreak: attack,
  "prompt-extraction": attack,
  exfiltration: attack,
  "adversarial-suffix": { flag: 0.5, block: 0.9 },
  "resource-exhaustion": attack,
  "out-of-distribution": masked,
  pii: masked,
  secret: masked,
  canary: attack,
  proprietary: attack,
  uninspectable: masked,
};

/** Inspects a subject with every detector of `options`. */
export function inspect(subject: InspectionText, options: InspectOptions): InspectionResult {
  const { parts, seams, unread } = partsOf(subject, options.direction === "request" ? "user" : "model");
  const findings: Finding[] = [...unread];
  const redactedTexts = new Map<string, string>();
  let score = 0;
  const split = new Map<string, Finding[]>();
  for (const { piece, finding } of findAtSeams(seams, options.spanDetectors).flat())
    split.set(piece.textPath, [...(split.get(piece.textPath) ?? []), finding]);
  for (const part of parts) {
    const found: Finding[] = [];
    for (const detector of options.partDetectors) {
      const judged = detector.judge(part, options.direction);
      score = Math.max(score, judged.probability);
      found.push(...judged.findings);
    }
    for (const detector of options.spanDetectors) found.push(...detector.detect(part.text));
    if (split.size > 0) found.push(...(split.get(part.path ?? "") ?? []));
    found.sort((a, b) => a.start - b.start || a.end - b.end);
    const text = options.redact === undefined ? part.text : options.redact(part.text, found);
    if (text !== part.text) redactedTexts.set(part.path ?? "", text);
    for (const finding of found) findings.push(placed(finding, part));
  }
  if (score < 0.5)
    for (const seam of seams.filter(({ isJudged }) => isJudged))
      for (const detector of options.partDetectors) {
        const judged = detector.judge(seam, options.direction);
        score = Math.max(score, judged.probability);
        for (const finding of judged.findings) findings.push({ ...placed(finding, seam), start: 0, end: 0 });
      }
  if (unread.length > 0 || seams.length > 0) findings.sort((a, b) => (a.message ?? 0) - (b.message ?? 0));
  const thresholds = options.thresholds ?? defaultThresholds;
  for (const { category, score: claimed } of findings) {
    const { block } = thresholds[category];
    // Half is where a verdict blocks, whatever a category asks for that.
    if (block <= 1) score = Math.max(score, claimed >= block ? claimed : (claimed * 0.5) / block);
  }
  const verdict = verdictOf(findings, thresholds);
  if (redactedTexts.size === 0) return { verdict, score, findings };
  const redacted = "text" in subject ? redactedTexts.get("") : withTexts(subject.messages, redactedTexts);
  return redacted === undefined ? { verdict, score, findings } : { verdict, score, findings, redacted };
}

/** The strictest verdict that any finding reaches. */
export function verdictOf(
  findings: readonly Finding[],
  thresholds: Readonly<Record<FindingCategory, Threshold>> = defaultThresholds,
): Verdict {
  if (findings.some(({ category, score }) => score >= thresholds[category].block)) return "block";
  return findings.some(({ category, score }) => score >= thresholds[category].flag) ? "flag" : "allow";
}

function placed(finding: Finding, { message, path }: Part): Finding {
  return message === undefined || path === undefined ? finding : { ...finding, message, path };
}
