/**
 * What is done with the spans that detectors find in a text. In: a text and rules. Out: the text as it may be released.
 * This is the filter for texts that are there whole; `hold-back.ts` gives the same output for a text that arrives in
 * pieces, and is held to that by its tests.
 */
import type { Finding, SpanDetector } from "../finding.ts";

/**
 * What becomes of a span, least to most strict. `release` lets it stand, `reveal` puts what it stands for in its place,
 * `tokenize` something that can be undone, `mask` something that cannot, `block` ends the text before it.
 */
export const spanActions = ["release", "reveal", "tokenize", "mask", "block"] as const;
export type SpanAction = (typeof spanActions)[number];
export type Replacing = Exclude<SpanAction, "release" | "block">;

export interface SpanRules {
  readonly detectors: readonly SpanDetector[];
  /** Called once for each finding of a text, in no particular order; it may keep count. Offsets are into the text. */
  decide(finding: Finding): SpanAction;
  /**
   * What stands in place of a span. Of findings that overlap, the surest, then the longest, speaks for them all, and the
   * strictest of their actions is taken.
   */
  replace(finding: Finding, span: string, action: Replacing): string;
}

/** A finding that something has to be done about. */
export interface JudgedSpan {
  readonly finding: Finding;
  readonly action: Exclude<SpanAction, "release">;
}

/** Spans that overlap are one: masked as one, and blocked when any of them is. */
export interface SpanGroup {
  readonly start: number;
  readonly end: number;
  /** The surest of its findings, then the longest, then the first. */
  readonly finding: Finding;
  readonly blocked: Finding | undefined;
  /** The strictest that is done with any of them, blocking aside. */
  readonly action: Replacing;
  /** How many of the sorted spans it took. */
  readonly count: number;
}

/** By start, the longer first: the order in which {@link groupAt} takes them. */
export function compareSpans(a: JudgedSpan, b: JudgedSpan): number {
  return a.finding.start - b.finding.start || b.finding.end - a.finding.end;
}

/** The group that starts with the span at `index` of a sorted list. */
export function groupAt(spans: readonly JudgedSpan[], index: number): SpanGroup | undefined {
  const first = spans[index];
  if (first === undefined) return undefined;
  let { finding } = first;
  let { end } = finding;
  let blocked = first.action === "block" ? first.finding : undefined;
  let action: Replacing = first.action === "block" ? "mask" : first.action;
  let count = 1;
  for (let next = spans[index + 1]; next !== undefined && next.finding.start < end; next = spans[index + count]) {
    if (next.finding.end > end) end = next.finding.end;
    if (next.action === "block") blocked ??= next.finding;
    else if (spanActions.indexOf(next.action) > spanActions.indexOf(action)) action = next.action;
    if (speaksBefore(next.finding, finding)) finding = next.finding;
    count += 1;
  }
  return { start: first.finding.start, end, finding, blocked, action, count };
}

function speaksBefore(a: Finding, b: Finding): boolean {
  return a.score > b.score || (a.score === b.score && a.end - a.start > b.end - b.start);
}

export interface FilteredText {
  /** What may be released: the text with its masks, up to a blocked span. */
  readonly text: string;
  readonly blocked: Finding | undefined;
}

/** Filters a text that is there whole. */
export function filterText(text: string, rules: SpanRules): FilteredText {
  const spans: JudgedSpan[] = [];
  for (const detector of rules.detectors)
    for (const finding of detector.detect(text)) {
      if (finding.end <= finding.start) continue;
      const action = rules.decide(finding);
      if (action !== "release") spans.push({ finding, action });
    }
  if (spans.length === 0) return { text, blocked: undefined };
  // A stable sort: of equal spans, the detector that comes first speaks.
  spans.sort(compareSpans);
  let out = "";
  let at = 0;
  for (let index = 0, group = groupAt(spans, 0); group !== undefined; group = groupAt(spans, (index += group.count))) {
    out += text.slice(at, group.start);
    if (group.blocked !== undefined) return { text: out, blocked: group.blocked };
    out += rules.replace(group.finding, text.slice(group.start, group.end), group.action);
    at = group.end;
  }
  return { text: out + text.slice(at), blocked: undefined };
}
