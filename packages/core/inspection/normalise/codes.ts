/**
 * Lists of character codes: `73 67 6e 6f 72 65`, `73, 103, 110`, `\163\171` and `0x49 0x67`. In: a text. Out: what they spell, with the
 * span. Linear: a list is read from its first number on, once.
 */
import type { Hidden } from "./encodings.ts";
import { unitsOf } from "./units.ts";

/** Two or three digits of a base, what may stand before them, and what parts them. */
const list = /(?:(?:0x|\\?x|\\|U\+00)?[0-9a-f]{2,3}(?:[,;] ?|\s|\\|-|:|(?![0-9a-z]))){12,4000}/gi;
const maxLists = 8;

const bases: readonly (readonly [encoding: string, base: number, digits: RegExp])[] = [
  ["hex", 16, /^[0-9a-f]{2}$/i],
  ["decimal", 10, /^\d{2,3}$/],
  ["octal", 8, /^[0-7]{2,3}$/],
];

/** What each unit may be in a list: 2 a digit, 1 another part of it, 0 none. Beyond ASCII it may be white space. */
const parts = new Uint8Array(0x10000).fill(1, 0x80);
for (const sign of "xXuU+\\,;-:\t\n\v\f\r ") parts[sign.charCodeAt(0)] = 1;
for (const digit of "0123456789abcdefABCDEF") parts[digit.charCodeAt(0)] = 2;
/** Of twelve numbers. */
const fewestDigits = 24;

export function findCodes(text: string, found: Hidden[]): void {
  const units = unitsOf(text);
  const isPart = (at: number): boolean => parts[units[at] as number] !== 0;
  let lists = 0;
  // A list lies within a run of such signs: the expression is slow, and most of a text need not be shown to it. Of what is too short
  // for a list no more is read than its end.
  for (let start = 0; start + fewestDigits <= text.length;) {
    let end = start + fewestDigits;
    let other = end - 1;
    while (other >= start && isPart(other)) other--;
    if (other >= start) {
      start = other + 1;
      continue;
    }
    while (end < text.length && isPart(end)) end++;
    let digits = 0;
    for (let at = start; at < end; at++) digits += (parts[units[at] as number] as number) >> 1;
    if (digits >= fewestDigits) lists = findLists(text.slice(start, end + 1), start, lists, found);
    if (lists > maxLists) return;
    start = end + 1;
  }
}

/** @param before how many lists there were before this run; gives how many there are with it */
function findLists(run: string, offset: number, before: number, found: Hidden[]): number {
  let lists = before;
  for (const match of run.matchAll(list)) {
    if (++lists > maxLists) return lists;
    const numbers = match[0].replace(/0x|\\?x|\\|U\+00/gi, " ").match(/[0-9a-f]{2,3}/gi) ?? [];
    const start = offset + match.index;
    for (const [encoding, base, digits] of bases) {
      if (!numbers.every((number) => digits.test(number))) continue;
      const spelled = spell(numbers.map((number) => Number.parseInt(number, base)));
      if (spelled === undefined) continue;
      found.push({ encoding, text: spelled, start, end: start + match[0].length });
      break;
    }
  }
  return lists;
}

/** `undefined` where it is no text: nearly all must be letters and spaces. */
function spell(points: readonly number[]): string | undefined {
  let letters = 0;
  for (const point of points) {
    if (point > 0x7e || (point < 0x20 && point !== 0x0a)) return undefined;
    if (point === 0x20 || (point | 0x20) >= 0x61) letters += 1;
  }
  return letters >= points.length * 0.85 ? String.fromCharCode(...points) : undefined;
}
