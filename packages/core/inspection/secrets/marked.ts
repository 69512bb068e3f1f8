/**
 * Finds what issuers mark, within a word. In: a text and a word of it. Out: the credentials that begin in the word, at its start or
 * behind a sign.
 */
import type { Candidate } from "./candidate.ts";
import { markedEnd, type Provider } from "./provider.ts";
import { providers } from "./providers.ts";

/** By the first two characters of their marks. */
const byStart: ([mark: string, provider: Provider][] | undefined)[] = Array.from({ length: 1 << 14 }, () => undefined);
for (const provider of providers)
  for (const mark of provider.marks) {
    const key = keyAt(mark, 0);
    byStart[key] = [...(byStart[key] ?? []), [mark, provider]];
  }

function keyAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 127) << 7) | (text.charCodeAt(at + 1) & 127);
}

export function findMarked(text: string, start: number, end: number, out: (found: Candidate) => void): void {
  let done = 0;
  for (let at = start; at < end; at++) {
    if (at > start && isWordSign(text.charCodeAt(at - 1))) continue;
    tryAt(at);
    // The last sign of an escaped line end, as `\\nsk-…` in a string, is none of the word's.
    if (at === start && text.charCodeAt(at - 1) === 92) tryAt(at + 1);
  }
  function tryAt(at: number): void {
    const marked = byStart[keyAt(text, at)];
    if (marked === undefined) return;
    for (const [mark, provider] of marked) {
      if (at < done || !text.startsWith(mark, at)) continue;
      done = markedEnd(text, at, provider);
      if (done > 0) out({ type: provider.type, start: at, end: done, score: 0.96 });
    }
  }
}

function isWordSign(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || (unit >= 48 && unit <= 57);
}
