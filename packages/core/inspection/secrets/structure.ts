/**
 * Tokens that nobody told us about: a short prefix of its issuer, then a long random part, as `tvly-…`, `fc-…`, `gsk_…`.
 * In: a text. Out: spans of words that look so. Words are judged once each.
 */
import type { Assigned } from "./assignments.ts";
import { scanner } from "../kernels/scanner.ts";
import { classesOf, entropy, isPlaceholder, wordlikeness } from "./value.ts";

const least = 24;
/** What follows the prefix is a run of base64's alphabet of at least so many. */
const leastTail = 18;
const most = 200;
const prefixed = /^(?:(?:[a-z][a-z0-9]{0,9}|[A-Z][A-Z0-9]{0,9})[_.-]){1,3}(?:\d{4,14}[_-])?(?=[A-Za-z0-9]{18,180}$)/;

export function findPrefixedTokens(text: string, out: (found: Assigned) => void): void {
  // A word of `least` characters covers every `least`-th place: looking back from there, most of the text is never read.
  const length = text.length;
  if ((scanner()?.longestRun(text) ?? leastTail) < leastTail) return;
  for (let at = 0; at + least <= length;) {
    let back = at + least - 1;
    while (back >= at && isPart(text.charCodeAt(back))) back--;
    if (back >= at) {
      at = back + 1;
      continue;
    }
    let end = at + least;
    while (end < length && isPart(text.charCodeAt(end))) end++;
    if (end - at <= most) judge(text, at, end, out);
    at = end + 1;
  }
}

function judge(text: string, start: number, end: number, out: (found: Assigned) => void): void {
  const found = prefixed.exec(text.slice(start, end));
  if (found === null) return;
  const before = text.charCodeAt(start - 1);
  // A part of a path, a host, an address, a class name or markup.
  if (before === 47 || before === 64 || before === 35 || before === 37 || before === 92 || text.charCodeAt(end) === 40)
    return;
  const after = text.charCodeAt(end);
  if (after === 47 || after === 64 || after === 37) return;
  const tail = text.slice(start + found[0].length, end);
  const { upper, lower, digits, changes } = classesOf(tail);
  if (upper < 3 || lower < 3 || digits < 3 || changes < tail.length * 0.3 || entropy(tail) < 3.6) return;
  if (wordlikeness(tail) > -0.3 || isPlaceholder(text.slice(start, end)) || isEncodedText(tail)) return;
  out({ start, end, score: 0.7 });
}

/** Base64 of words is no random part; that of 18 random bytes is printable once in ten million. */
function isEncodedText(tail: string): boolean {
  if (tail.length % 4 === 1) return false;
  return /^[\x20-\x7e\s]+$/.test(atob(tail));
}

/** Letters, digits, `_`, `-`, `.`. */
function isPart(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit === 45 ||
    unit === 46
  );
}
