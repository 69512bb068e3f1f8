/**
 * What escapes hide in a text that is no JSON, which somebody may read as JSON all the same. In: the text, and rules. Out: a
 * finding that may not pass and is not masked where it stands. What is masked elsewhere in the text makes up for nothing.
 */
import type { Finding } from "../finding.ts";
import type { SpanAction, SpanRules } from "./span-rules.ts";
import { placesOfUnescaped, unescaped } from "./unescaped.ts";

export function behindEscapes(text: string, rules: SpanRules): Finding | undefined {
  const undone = unescaped(text);
  const shown = findingsIn(undone, rules);
  if (shown.length === 0) return undefined;
  const places = placesOfUnescaped(text);
  const written = findingsIn(text, rules);
  const decided = scoresBySpan(written);
  const hidden: Finding[] = [];
  for (const finding of shown) {
    const { detector, start, end, score } = finding;
    // What is found in the text as it stands was decided about there.
    if (score <= (decided.get(spanName(detector, places[start], places[end])) ?? -1)) continue;
    const action = rules.decide(finding);
    if (action === "block") return finding;
    if (isReplaced(action)) hidden.push(finding);
  }
  if (hidden.length === 0) return undefined;
  const masked = new Uint8Array(text.length);
  for (const finding of written) if (isReplaced(rules.decide(finding))) masked.fill(1, finding.start, finding.end);
  return hidden.find((finding) => isExposed(finding, undone, places, masked));
}

function findingsIn(text: string, { detectors }: SpanRules): readonly Finding[] {
  return detectors.flatMap((detector) => detector.detect(text)).filter(({ start, end }) => start < end);
}

function scoresBySpan(findings: readonly Finding[]): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const { detector, start, end, score } of findings) {
    const span = spanName(detector, start, end);
    scores.set(span, Math.max(score, scores.get(span) ?? 0));
  }
  return scores;
}

function spanName(detector: string, start = 0, end = 0): string {
  return `${detector} ${start} ${end}`;
}

/** What is to be revealed may stand: nothing is lost by that. */
function isReplaced(action: SpanAction): boolean {
  return action !== "release" && action !== "reveal";
}

/** Whether anything of a finding can still be read, spaces and quotation marks aside. */
function isExposed({ start, end }: Finding, undone: string, places: readonly number[], masked: Uint8Array): boolean {
  for (let at = start; at < end; at++) {
    const from = places[at] ?? 0;
    const to = places[at + 1] ?? masked.length;
    // Nobody reads an escape of which the backslash alone is left.
    const told = masked.subarray(to - from > 1 ? from + 1 : from, to);
    if (told.includes(0) && !/[\s"]/.test(undone.charAt(at))) return true;
  }
  return false;
}
