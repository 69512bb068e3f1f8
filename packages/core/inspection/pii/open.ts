/**
 * Where the unfinished part of a text begins, for identifiers. In: text that is still arriving. Out: an index; everything
 * before it is settled.
 *
 * An identifier without spaces ends with its word. One with spaces is made of words that hold a digit, are a few capitals
 * or belong to a date, one space apart. So what must wait is the last word and the row of such words right before it.
 */
import { isDateWord } from "./dates.ts";

/** No finding, with what is looked at on its right, is longer. */
const longestValue = 340;

export function openNumberFrom(text: string, maxSpan: number): number {
  const least = Math.max(0, text.length - (maxSpan - longestValue));
  let from = wordStart(text, text.length, least);
  for (;;) {
    // `from` stands at a word's first code unit, or at the end of a text that ends in a space.
    const gap = gapBefore(text, from, least);
    if (gap === from || gap <= least) break;
    const word = wordStart(text, gap, least);
    if (!isSticky(text.slice(word, gap))) break;
    from = word;
  }
  return Math.max(from, least);
}

function isSpace(unit: number): boolean {
  return (
    unit === 32 || (unit >= 9 && unit <= 13) || unit === 0xa0 || unit === 0x3000 || (unit >= 0x2000 && unit <= 0x200a)
  );
}

function wordStart(text: string, end: number, least: number): number {
  let at = end;
  while (at > least && !isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** The end of the word before a gap of up to three spaces and hyphens; `from` itself where there is no such gap. */
function gapBefore(text: string, from: number, least: number): number {
  let at = from;
  while (at > least && from - at < 3 && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** A word that may stand within an identifier that has spaces. */
function isSticky(word: string): boolean {
  return /[0-9]/.test(word) || /^[("]?[A-Z]{1,4}[.,)]?$/.test(word) || /^[-+(/]+$/.test(word) || isDateWord(word);
}
