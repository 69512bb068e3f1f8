/**
 * Takes what detectors found out of a text. In: a text, findings, a style. Out: the text with each found span replaced.
 * Callers give strings, never serialised JSON: a placeholder goes where the value was and nothing else changes.
 */
import type { Finding, FindingCategory } from "../finding.ts";

/** What stands for a value. Pure for a style without memory; the numbered one remembers within a conversation. */
export type RedactionStyle = (detector: string, value: string) => string;

/** `pii/sg-nric` gives `[SG_NRIC]`. */
export const typedPlaceholder: RedactionStyle = (detector) => `[${placeholderName(detector)}]`;

/** Stars, as many as the value has code units: keeps columns and lengths. */
export const stars: RedactionStyle = (_detector, value) => "*".repeat(value.length);

/**
 * `[EMAIL_1]`, `[EMAIL_2]`: the same value gets the same number, so that a model can still tell people apart. Make one a
 * conversation. Case and separators do not make a value different.
 *
 * @param maxValues Values remembered; later new ones share `[EMAIL]`, so that memory stays bounded.
 */
export function numberedPlaceholders(maxValues = 10_000): RedactionStyle {
  const numbers = new Map<string, string>();
  const counts = new Map<string, number>();
  return (detector, value) => {
    const name = placeholderName(detector);
    const key = `${name} ${value
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s.()/-]/g, "")}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (numbers.size >= maxValues) return `[${name}]`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const placeholder = `[${name}_${count}]`;
    numbers.set(key, placeholder);
    return placeholder;
  };
}

/** The word in the brackets. Findings of one detector share it. */
export function placeholderName(detector: string): string {
  return detector
    .slice(detector.indexOf("/") + 1)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}

/** A stretch of text to replace, and the finding that names it. */
export interface RedactionSpan {
  readonly start: number;
  readonly end: number;
  readonly detector: string;
}

/**
 * The stretches that findings cover, by start. Findings that overlap become one stretch from the first to the last code
 * unit, named by the surest of them, then by the longest; nothing that any of them covers stays.
 */
export function redactionSpans(findings: readonly Finding[], minScore = 0.5): readonly RedactionSpan[] {
  const kept = findings.filter(({ score, start, end }) => score >= minScore && end > start);
  const sorted = kept.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const spans: { start: number; end: number; best: Finding }[] = [];
  for (const finding of sorted) {
    const last = spans.at(-1);
    if (last === undefined || finding.start >= last.end) {
      spans.push({ start: finding.start, end: finding.end, best: finding });
      continue;
    }
    last.end = Math.max(last.end, finding.end);
    if (names(finding, last.best)) last.best = finding;
  }
  return spans.map(({ start, end, best }) => ({ start, end, detector: best.detector }));
}

function names(a: Finding, b: Finding): boolean {
  return a.score > b.score || (a.score === b.score && a.end - a.start > b.end - b.start);
}

/**
 * The text without what the findings cover.
 *
 * @param minScore Findings below it change nothing.
 */
export function redact(
  text: string,
  findings: readonly Finding[],
  style: RedactionStyle = typedPlaceholder,
  minScore = 0.5,
): string {
  let out = "";
  let from = 0;
  for (const { start, end, detector } of redactionSpans(findings, minScore)) {
    out += text.slice(from, start) + style(detector, text.slice(start, end));
    from = end;
  }
  return out + text.slice(from);
}

/** What is taken out of a text; the other categories judge a text and have no span that could be left out. */
const masked: ReadonlySet<FindingCategory> = new Set(["pii", "secret", "canary", "proprietary"]);

/** Whether a finding is somebody's data, which whoever need not know it is not told. */
export function isSensitive({ category }: Pick<Finding, "category">): boolean {
  return masked.has(category);
}

/** {@link redact} for the findings that are somebody's data; the text itself where there are none. */
export function redactSensitive(text: string, findings: readonly Finding[]): string {
  const sensitive = findings.filter(isSensitive);
  return sensitive.length === 0 ? text : redact(text, sensitive);
}
