/**
 * Acrostics: the first letters of a text's lines. In: a text of many lines. Out: what they spell, where that is words from the first to the last.
 */
import type { Hidden } from "./encodings.ts";
import { beginsWithWords, partedWords } from "./joined.ts";

const fewestLines = 16;
const mostLetters = 512;
/** The first letters must fall into words by themselves: most texts end here. */
const fewestLetters = 24;

export function findLines(text: string, found: Hidden[]): void {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0 && lines < fewestLines; at = text.indexOf("\n", at + 1)) lines += 1;
  if (lines < fewestLines) return;
  let letters = "";
  let start = 0;
  for (let from = 0; from < text.length && letters.length < mostLetters;) {
    while (from < text.length && text.charCodeAt(from) <= 0x20) from += 1;
    if (from === text.length) break;
    const letter = text.charAt(from);
    const unit = text.charCodeAt(from) | 0x20;
    if (unit < 0x61 || unit > 0x7a) return;
    if (letters === "") start = from;
    letters += letter;
    if (letters.length === fewestLetters && !beginsWithWords(letters.toLowerCase())) return;
    const end = text.indexOf("\n", from);
    from = end < 0 ? text.length : end + 1;
  }
  const words = partedWords(letters.toLowerCase());
  if (words !== undefined) found.push({ encoding: "acrostic", text: words, start, end: text.length });
}
