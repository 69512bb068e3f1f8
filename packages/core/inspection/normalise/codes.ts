/**
 * Lists of character codes: `73 67 6e 6f 72 65`, `73, 103, 110`, `\163\171` and `0x49 0x67`. In: a text. Out: what they spell, with the
 * span. Linear: a list is read from its first number on, once.
 */
import type { Hidden } from "./encodings.ts";

/** Two or three digits of a base, what may stand before them, and what parts them. */
const list = /(?:(?:0x|\\?x|\\|U\+00)?[0-9a-f]{2,3}(?:[,;] ?|\s|\\|-|:|(?![0-9a-z]))){12,4000}/gi;
const maxLists = 8;

const bases: readonly (readonly [encoding: string, base: number, digits: RegExp])[] = [
  ["hex", 16, /^[0-9a-f]{2}$/i],
  ["decimal", 10, /^\d{2,3}$/],
  ["octal", 8, /^[0-7]{2,3}$/],
];

export function findCodes(text: string, found: Hidden[]): void {
  let lists = 0;
  for (const match of text.matchAll(list)) {
    if (++lists > maxLists) return;
    const numbers = match[0].replace(/0x|\\?x|\\|U\+00/gi, " ").match(/[0-9a-f]{2,3}/gi) ?? [];
    for (const [encoding, base, digits] of bases) {
      if (!numbers.every((number) => digits.test(number))) continue;
      const spelled = spell(numbers.map((number) => Number.parseInt(number, base)));
      if (spelled === undefined) continue;
      found.push({ encoding, text: spelled, start: match.index, end: match.index + match[0].length });
      break;
    }
  }
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
