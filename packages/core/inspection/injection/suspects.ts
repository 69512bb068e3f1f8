/**
 * The stretches of a text that the classifier suspects most, as the encoder reads them. In: a reading. Out: up to a number of
 * pieces of plain text, the worst first.
 *
 * Plain is: folded (lower case, no invisible characters, look-alike letters resolved), stand-ins as the letters that they
 * stand for, white space as single spaces. Training and inference call this one function.
 */
import { numberToken, skeleton, wordToken, type Tokens } from "../normalise/tokens.ts";
import { eachWindow } from "./network.ts";
import type { Reading } from "./reader.ts";

/** How many tokens a stretch has: as many as the classifier's longer window. */
export const stretchTokens = 64;
/** Stretches begin at least so many tokens apart. */
const apart = 48;
/** Longer words than any are cut off: what follows is no text that the encoder knows. */
const longest = 640;

export function suspects({ tokens, logits }: Reading, most: number): string[] {
  const { count } = tokens;
  const starts: number[] = [];
  while (starts.length < most) {
    let worst = -Infinity;
    let centre = -1;
    let window = 0;
    // A pass for each, and nothing sorted: long texts have thousands of windows. Of equals the first counts.
    eachWindow(count, (from, to) => {
      const logit = logits[window++] as number;
      const at = (from + to) >> 1;
      if (logit < worst || (logit === worst && (centre < 0 || at >= centre))) return;
      if (starts.some((start) => Math.abs(start - startOf(at, count)) < apart)) return;
      worst = logit;
      centre = at;
    });
    if (centre < 0) break;
    starts.push(startOf(centre, count));
  }
  return starts.map((start) => plainText(tokens, start, Math.min(start + stretchTokens, count)));
}

/** Where the stretch about a token begins. */
function startOf(centre: number, count: number): number {
  return Math.max(0, Math.min(centre - stretchTokens / 2, count - stretchTokens));
}

/** The text of some tokens with what stands between them, and the marks and signs that cling to the first and last. */
function plainText(tokens: Tokens, from: number, to: number): string {
  const { units, folded } = tokens;
  const first = from === 0 ? 0 : (tokens.end[from - 1] as number);
  const last = to === tokens.count ? folded.length : (tokens.start[to] as number);
  let text = "";
  let token = from;
  let blank = true;
  for (let at = first; at < last && text.length < longest; at++) {
    const unit = units[at] as number;
    if (unit <= 0x20 || unit === 0x7f || (unit >= 0x80 && unit <= 0xa0)) {
      if (!blank) text += " ";
      blank = true;
      continue;
    }
    blank = false;
    while (token < to && at >= (tokens.end[token] as number)) token += 1;
    const isWithin = token < to && at >= (tokens.start[token] as number);
    const stands = isWithin && mayStand(tokens.kind[token] as number) && tokens.stands[token] === 1;
    const letter = stands && unit < 0x80 ? (skeleton[unit] as number) : 0;
    text += String.fromCharCode(letter === 0 ? unit : letter);
  }
  return text.trimEnd().toWellFormed();
}

/** Of other tokens nothing is told. */
function mayStand(kind: number): boolean {
  return kind === wordToken || kind === numberToken;
}
