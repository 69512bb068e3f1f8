/**
 * Words broken by signs, tags or pictures within them: `ig**nor**e`, `ig<!-- -->nore`, `i😀g😀n😀o😀r😀e`. In: a text's tokens. Out: the text with such
 * words whole. A word counts as broken where its letters together are an English word, and its pieces are not.
 */
import type { Hidden } from "../normalise/encodings.ts";
import { originalOffset } from "../normalise/fold.ts";
import { isKnownHash } from "../normalise/joined.ts";
import { hashSeed, hashStep, markToken, skeleton, wordToken, type Tokens } from "../normalise/tokens.ts";

/** So many broken words of so many letters together make a finding. */
const fewestMended = 2;
const fewestLetters = 8;
const mostPieces = 16;
const longestWord = 24;
/** So many are put together: who breaks more words hides nothing by that. */
const most = 4096;
/** Tokens between two pieces: those of a tag or comment, of which so many may be words. */
const longestGap = 12;
const mostInTag = 4;

/** Start and end, as offsets in the text, of each piece of each broken word: start, end, start, end. */
export type BrokenWords = readonly (readonly number[])[];

/** The broken words of a text: cheap, for every text is asked. They stand after the next text was read. */
export function brokenWords(tokens: Tokens): BrokenWords {
  const { kind, start, end, count, folded, units } = tokens;
  const found: (readonly number[])[] = [];
  let letters = 0;
  // What is not ASCII may part words and be no token; else only signs can.
  const onlySigns = folded.offsets === undefined;
  for (let at = 0; at + 1 < count && found.length < most; at++) {
    if (onlySigns) {
      let sign = at + 1;
      while (sign < count && kind[sign] !== markToken) sign += 1;
      if (sign === count) break;
      at = sign - 1;
      // Quotation marks and dashes stand between blanks.
      if (end[at] !== start[sign] || sign + 1 === count) continue;
      // Nor does a word go on behind a blank, unless a tag begins.
      if (end[sign] !== start[sign + 1] && !opensTag(units, start[sign] as number, end[sign] as number)) continue;
    }
    const next = kind[at] === wordToken ? pieceAfter(tokens, at) : -1;
    if (next < 0) continue;
    const pieces = piecesOf(tokens, at, next);
    if (pieces.length === 0) continue;
    found.push(pieces.flatMap((piece) => spanOf(tokens, piece)));
    letters += lengthOf(tokens, pieces);
    at = pieces.at(-1) as number;
  }
  return found.length >= fewestMended && letters >= fewestLetters ? found : none;
}

const none: BrokenWords = [];

/** The tokens of the longest word that begins with a piece: none where it is no word, or its pieces are words too. */
function piecesOf(tokens: Tokens, first: number, second: number): readonly number[] {
  let hash: number | undefined;
  let areWords = isKnownHash(tokens.hash[first] as number);
  let length = (tokens.end[first] as number) - (tokens.start[first] as number);
  const pieces = [first];
  let best = 0;
  for (let next = second; next >= 0 && pieces.length < mostPieces; next = pieceAfter(tokens, next)) {
    length += (tokens.end[next] as number) - (tokens.start[next] as number);
    if (length > longestWord) break;
    areWords &&= isKnownHash(tokens.hash[next] as number);
    pieces.push(next);
    if (areWords) continue;
    if (hash === undefined) hash = pieces.reduce((so, piece) => hashOn(tokens, piece, so), hashSeed);
    else hash = hashOn(tokens, next, hash);
    if (length > 3 && isKnownHash(hash)) best = pieces.length;
  }
  return best === 0 ? [] : pieces.slice(0, best);
}

/** The word that goes on behind a token, with nothing between them but signs, pictures and tags; -1 where there is none. */
function pieceAfter({ kind, start, end, units, count }: Tokens, at: number): number {
  const next = at + 1;
  if (next >= count) return -1;
  const gap = end[at] as number;
  if (kind[next] === wordToken) {
    const length = (start[next] as number) - gap;
    return (units[gap] as number) >= 0x80 &&
      (units[gap] as number) !== 0xa0 &&
      length > 0 &&
      length <= 8 &&
      !hasBlank(units, gap, length)
      ? next
      : -1;
  }
  if (kind[next] !== markToken || start[next] !== gap) return -1;
  let inTag = false;
  let words = 0;
  for (let token = next; token < count && token - at <= longestGap; token++) {
    if (!inTag && start[token] !== end[token - 1]) return -1;
    if (kind[token] === markToken) {
      for (let unit = start[token] as number; unit < (end[token] as number); unit++) {
        if (units[unit] === 0x3c) [inTag, words] = [true, 0];
        else if (units[unit] === 0x3e) inTag = false;
      }
    } else if (!inTag) return kind[token] === wordToken ? token : -1;
    else if (++words === mostInTag) return -1;
  }
  return -1;
}

function opensTag(units: Uint16Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (units[at] === 0x3c) return true;
  return false;
}

function hasBlank(units: Uint16Array, from: number, length: number): boolean {
  for (let at = from; at < from + length; at++) if ((units[at] as number) <= 0x20 || units[at] === 0x3000) return true;
  return false;
}

function hashOn({ start, end, units }: Tokens, token: number, from: number): number {
  let hash = from;
  for (let at = start[token] as number; at < (end[token] as number); at++) {
    const unit = units[at] as number;
    hash = hashStep(hash, unit < 0x80 ? (skeleton[unit] ?? unit) : unit);
  }
  return hash;
}

function spanOf({ folded, start, end }: Tokens, token: number): readonly [number, number] {
  return [originalOffset(folded, start[token] as number), originalOffset(folded, end[token] as number)];
}

function lengthOf({ start, end }: Tokens, pieces: readonly number[]): number {
  return pieces.reduce((sum, piece) => sum + (end[piece] as number) - (start[piece] as number), 0);
}

/** Tags and comments with no more than three words: what says more is text itself. */
const tags =
  /<(?:\/?[a-z][a-z0-9]{0,9}(?:\s[^<>\s]{1,60}){0,3}\s?\/?|!--[^<>a-z]{0,80}(?:[a-z]{1,40}[^<>a-z]{1,80}){0,2}--)>/giu;

/** So far apart, in UTF-16 code units, words are of one order; so much around them is read with them. */
const reach = 160;
const mostPlaces = 8;

/** @param broken of the text, from {@link brokenWords} */
export function findBroken(text: string, broken: BrokenWords, found: Hidden[]): void {
  let places = 0;
  for (let from = 0, to = 0; from < broken.length && places < mostPlaces; from = to) {
    to = from + 1;
    while (to < broken.length && startOf(broken[to]) - endOf(broken[to - 1]) <= reach) to += 1;
    if (to - from < fewestMended) continue;
    places += 1;
    const start = Math.max(startOf(broken[from]) - reach, from === 0 ? 0 : endOf(broken[from - 1]));
    const end = Math.min(endOf(broken[to - 1]) + reach, to === broken.length ? text.length : startOf(broken[to]));
    let out = "";
    let copied = start;
    for (const pieces of broken.slice(from, to)) {
      out += text.slice(copied, pieces[0]);
      for (let at = 0; at < pieces.length; at += 2) out += text.slice(pieces[at], pieces[at + 1]);
      copied = endOf(pieces);
    }
    out += text.slice(copied, end);
    found.push({ encoding: "broken", text: out.replaceAll(tags, " "), start, end });
  }
}

function startOf(pieces: readonly number[] | undefined): number {
  return pieces?.[0] ?? 0;
}

function endOf(pieces: readonly number[] | undefined): number {
  return pieces?.at(-1) ?? 0;
}
