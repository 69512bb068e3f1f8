/**
 * What every span detector owes a filter on text that is still arriving, as assertions. In: a detector and a text. Out:
 * nothing, or an AssertionError that names the law.
 */
import { strict as assert } from "node:assert";
import type { Finding, SpanDetector } from "../finding.ts";

/**
 * For every prefix of the text: what starts before `openFrom` is settled. The findings of the prefix that start there are
 * those of the whole. `openFrom` never asks for more than `maxSpan`.
 */
export function assertSettledBeforeOpen(detector: SpanDetector, text: string, cuts: readonly number[]): void {
  const whole = detector.detect(text);
  for (const cut of cuts) {
    const prefix = text.slice(0, cut);
    const open = detector.openFrom(prefix);
    const at = `${detector.name}: prefix of ${cut}, open from ${open}: ${JSON.stringify(prefix.slice(-120))}`;
    assert.ok(open >= 0 && open <= cut && open >= cut - detector.maxSpan, `${at}: open out of range`);
    const settled = detector.detect(prefix).filter(({ start }) => start < open);
    const expected = whole.filter(({ start }) => start < open);
    assert.deepEqual(settled.map(brief(text)), expected.map(brief(text)), `${at}: findings change`);
  }
}

/** A text that begins in the middle gives, `maxSpan` further on, the findings of the whole: a filter may forget. */
export function assertLocal(detector: SpanDetector, text: string, from: number): void {
  const beyond = from + detector.maxSpan;
  const whole = detector.detect(text).filter(({ start }) => start >= beyond);
  const tail = detector
    .detect(text.slice(from))
    .map((finding) => ({ ...finding, start: finding.start + from, end: finding.end + from }));
  const kept = tail.filter(({ start }) => start >= beyond);
  assert.deepEqual(kept.map(brief(text)), whole.map(brief(text)), `${detector.name}: not local from ${from}`);
}

/** Asked only for what starts at `from` or behind it, a detector gives that, whatever it saves itself on the way. */
export function assertFrom(detector: SpanDetector, text: string, from: number): void {
  detector.openFrom(text); // as a filter asks first
  const behind = (findings: readonly Finding[]): string[] =>
    findings.filter(({ start }) => start >= from).map(brief(text));
  assert.deepEqual(
    behind(detector.detect(text, from)),
    behind(detector.detect(text)),
    `${detector.name}: from ${from}`,
  );
}

/** Findings by start, within the text, not empty, with a score; one name. */
export function assertWellFormed(detector: SpanDetector, text: string): void {
  let last = 0;
  for (const { detector: id, start, end, score } of detector.detect(text)) {
    assert.ok(id.startsWith(`${detector.name}/`), `${id} is not of ${detector.name}`);
    assert.ok(start >= last && end > start && end <= text.length, `${id} [${start}, ${end}) is out of order or place`);
    assert.ok(
      score > 0 && score <= 1 && end - start <= detector.maxSpan,
      `${id}: score ${score}, length ${end - start}`,
    );
    last = start;
  }
}

function brief(text: string): (finding: Finding) => string {
  return ({ detector, start, end, score }) => `${detector} ${score} [${start},${end}) ${text.slice(start, end)}`;
}
