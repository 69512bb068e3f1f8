/**
 * Numbers as people type them on other keyboards: digits of other scripts, full-width letters and signs, typographic hyphens,
 * spaces that do not break. In: a text. Out: the same text in ASCII where one code unit stands for one, so that every offset
 * stays what it was.
 */
import { unitsOf } from "../normalise/units.ts";

/** What each code unit stands for; 0 where it is itself. */
const plain = new Uint8Array(65_536);

/** The zeros of scripts whose ten digits stand in a row (Unicode general category Nd). */
for (const zero of [
  ...[0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20],
  ...[0x1040, 0x1090, 0x17e0, 0x1810, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0xa9d0],
])
  for (let digit = 0; digit < 10; digit++) plain[zero + digit] = 0x30 + digit;
// Full-width forms of ASCII (U+FF01 to U+FF5E), the quotation marks and brackets aside: they end values, and do not form them.
for (let unit = 0xff01; unit <= 0xff5e; unit++) plain[unit] = unit - 0xfee0;
for (const hyphen of "‐‑‒–—―−﹣") plain[hyphen.charCodeAt(0)] = 0x2d;
for (const space of "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
  plain[space.charCodeAt(0)] = 0x20;

/** The same string where it holds nothing of the kind. */
export function plainSigns(text: string): string {
  const units = unitsOf(text);
  const { length } = text;
  let first = 0;
  while (first < length && plain[units[first] as number] === 0) first++;
  if (first === length) return text;
  const written = new Uint16Array(length);
  for (let at = 0; at < length; at++) {
    const unit = units[at] as number;
    const stands = plain[unit] as number;
    written[at] = stands === 0 ? unit : stands;
  }
  let out = "";
  for (let from = 0; from < length; from += 8192)
    out += String.fromCharCode.apply(null, written.subarray(from, from + 8192) as unknown as number[]);
  return out;
}
