/**
 * Runs of base64's signs, in either alphabet, long enough to be a secret: most of a text holds none. In: a text. Out: where each begins
 * and ends.
 */
import { scanner } from "../kernels/scanner.ts";

export const leastRun = 16;

/** 1 for the signs of base64, 2 for digits, 3 for what joins them. */
const kinds = new Uint8Array(128);
for (const sign of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-") kinds[sign.charCodeAt(0)] = 1;
for (const sign of "0123456789") kinds[sign.charCodeAt(0)] = 2;
for (const sign of ".~") kinds[sign.charCodeAt(0)] = 3;

/** 0 for what ends a word of such runs. */
export function kindAt(text: string, at: number): number {
  return kinds[text.charCodeAt(at)] ?? 0;
}

/** Of those that end behind `first`; one that begins before it may be given from there on. */
export function findRuns(text: string, first: number, judge: (start: number, end: number) => void): void {
  const runs = scanner()?.survey(text)?.runs;
  if (runs === undefined) return walkRuns(text, first, judge);
  for (let at = 0; at < runs.length; at += 2) {
    const [start = 0, end = 0] = [runs[at], runs[at + 1]];
    if (end - start >= leastRun && end > first) judge(start, end);
  }
}

/** A run covers every {@link leastRun}-th place: looking back from there, most of the text is never read. */
function walkRuns(text: string, first: number, judge: (start: number, end: number) => void): void {
  const isRun = (at: number): boolean => kindAt(text, at) !== 0 && kindAt(text, at) !== 3;
  for (let at = first; at + leastRun <= text.length;) {
    let back = at + leastRun - 1;
    while (back >= at && isRun(back)) back--;
    if (back >= at) {
      at = back + 1;
      continue;
    }
    let end = at + leastRun;
    while (end < text.length && isRun(end)) end++;
    judge(at, end);
    at = end + 1;
  }
}
