/**
 * In which languages a text is, piece by piece. In: its tokens and a lexicon. Out: the runs of tokens that are in other languages than English.
 */
import { unspacedToken, wordToken, type Tokens } from "../normalise/tokens.ts";
import { english, type Lexicon } from "./lexicon.ts";

/** Tokens of a text that are in another language. */
export interface Run {
  readonly from: number;
  to: number;
  readonly language: number;
}

/** A language is told by a piece of so many tokens, which ends with a sentence where it can. */
const longestPiece = 48;
const shortestPiece = 8;
/** A piece is of a language if the lexicon knows this share of its words, and so many, and fewer English ones. */
const knownShare = 0.3;
const fewestKnown = 3;
/** So much is read in English, in units: a filter that waits for a whole book is of no use. */
const longest = 1 << 17;
/** The pieces that are not plainly English, in order: the first token of each, and one past its last. */
export function foreignPieces(tokens: Tokens, lexicon: Lexicon): number[] {
  const pieces: number[] = [];
  for (let from = 0, to = 0; from < tokens.count; from = to) {
    to = endOfPiece(tokens, from);
    if (!isPlainlyEnglish(tokens, from, to, lexicon)) pieces.push(from, to);
  }
  return pieces;
}

/** The runs of tokens in one other language each, in order. */
export function foreignRuns(tokens: Tokens, plain: ArrayLike<number>, lexicon: Lexicon): Run[] {
  const pieces = byScript(tokens, plain);
  const runs: Run[] = [];
  let language = english;
  let left = longest;
  for (let at = 0, before = 0; at < pieces.length; at += 2) {
    const [from, to] = [pieces[at] as number, pieces[at + 1] as number];
    language = languageOf(tokens, from, to, lexicon, from === before ? language : english);
    before = to;
    if (language === english) continue;
    left -= unitsOf(tokens, from, to);
    if (left < 0) break;
    const last = runs.at(-1);
    if (last?.to === from && last.language === language) last.to = to;
    else runs.push({ from, to, language });
  }
  return runs;
}

/** So many words of one script, or signs of one without spaces, are read by themselves. */
const fewestOfScript = 3;
const fewestSigns = 6;

/**
 * The pieces, cut where the script changes: what stands beside an order in another script must not tell its language. Words of other scripts
 * within English are pieces too.
 */
function byScript(tokens: Tokens, pieces: ArrayLike<number>): number[] {
  const { count } = tokens;
  const cut: number[] = [];
  for (let at = 0, next = 0; at < count;) {
    const isPiece = next < pieces.length && at >= (pieces[next] as number);
    const until = isPiece ? (pieces[next + 1] as number) : next < pieces.length ? (pieces[next] as number) : count;
    for (const { from, to, script } of segmentsOf(tokens, at, until))
      if (isPiece || script !== latinScript) cut.push(from, to);
    if (isPiece) next += 2;
    at = until;
  }
  return cut;
}

interface Segment {
  readonly from: number;
  to: number;
  readonly script: number;
}

/** Stretches of one script; what is too short to stand by itself, and numbers and signs, belong to what is before. */
function segmentsOf(tokens: Tokens, from: number, to: number): Segment[] {
  const segments: Segment[] = [];
  let script = -1;
  let start = from;
  let size = 0;
  for (let at = from; at <= to; at++) {
    const own = at === to ? -2 : scriptAt(tokens, at);
    if (own === -1) continue;
    if (own !== script) {
      const last = segments.at(-1);
      if (script >= 0 && (size >= fewestSigns || last === undefined)) {
        if (last !== undefined && last.script === script) last.to = at;
        else segments.push({ from: last === undefined ? from : start, to: at, script });
      } else if (last !== undefined) last.to = at;
      script = own;
      start = at;
      size = 0;
    }
    size += at < to && tokens.kind[at] === unspacedToken ? 1 : fewestSigns / fewestOfScript;
  }
  return segments;
}

const latinScript = 0;

/** A number for the script of a word's first letter; -1 for what is no word. */
function scriptAt(tokens: Tokens, at: number): number {
  const kind = tokens.kind[at];
  if (kind !== wordToken && kind !== unspacedToken) return -1;
  const unit = tokens.units[tokens.start[at] as number] as number;
  if (unit < 0x250) return latinScript;
  if (unit >= 0x3000 && unit < 0xa000) return 1; // Chinese and Japanese
  if (unit >= 0xac00 && unit < 0xd7b0) return 2; // Korean
  return 3 + (unit >= 0x600 && unit < 0x780 ? 12 : unit >> 7);
}

/** Two thirds of the words: cheaper than to look for them in every language. */
function isPlainlyEnglish({ kind, hash }: Tokens, from: number, to: number, { mayBeEnglish }: Lexicon): boolean {
  let [words, ours] = [0, 0];
  for (let at = from; at < to; at++) {
    if (kind[at] === unspacedToken) return false;
    if (kind[at] !== wordToken) continue;
    words += 1;
    if (mayBeEnglish(hash[at] as number)) ours += 1;
  }
  return ours * 3 >= words * 2;
}

/**
 * @param latin how many of the words are of Latin letters: others are no English word by chance
 * @param fewest of Latin letters that must be known
 */
function isEnough(known: number, words: number, latin: number, fewest: number): boolean {
  return known > 0 && known >= Math.max(words * knownShare, latin === words ? fewest : 1);
}

/** At the end of a sentence; of a short one only where letters of another kind follow, so that no English order is part of a line of Thai. */
function endOfPiece(tokens: Tokens, from: number): number {
  const { count, opens } = tokens;
  const most = Math.min(count, from + longestPiece);
  for (let at = from + 1; at < most; at++)
    if (opens[at] === 1 && (at >= from + shortestPiece || isLatin(tokens, at) !== isLatin(tokens, from))) return at;
  return most;
}

/** Of the tokens alone: blanks cost nothing to read. */
function unitsOf({ start, end }: Tokens, from: number, to: number): number {
  let units = 0;
  for (let at = from; at < to; at++) units += (end[at] as number) - (start[at] as number);
  return units;
}

const hits = new Int32Array(256);

/**
 * The language that most of a piece's words are known in; words that come again count once: code and tables repeat what may be a word of
 * some language. The language of the piece before it counts for one word more.
 */
function languageOf(tokens: Tokens, from: number, to: number, lexicon: Lexicon, before: number): number {
  if (!mayBeAnother(tokens, from, to, lexicon, before)) return english;
  hits.fill(0, 0, lexicon.languages.length);
  let [words, latin] = [0, 0];
  for (let at = from; at < to; at++) {
    if (tokens.kind[at] === unspacedToken) {
      const language = lexicon.languages.indexOf(languageOfUnit(tokens, at, from, to));
      if (language > 0) hits[language] = (hits[language] as number) + 1;
      words += 1;
    }
    const hash = tokens.hash[at] as number;
    if (!isTelling(tokens, at) || comesBefore(tokens, from, at, hash)) continue;
    words += 1;
    if (isLatin(tokens, at)) latin += 1;
    for (let entry = lexicon.first(hash) - 1; entry >= 0 && lexicon.hashes[entry] === hash; entry++) {
      const language = lexicon.language[entry] as number;
      hits[language] = (hits[language] as number) + 1;
    }
  }
  let best = english;
  for (let language = 1; language < lexicon.languages.length; language++) {
    const own = (hits[language] as number) + (language === before ? 1 : 0);
    if (own > (hits[best] as number) + (best === before ? 1 : 0)) best = language;
  }
  // One or two words may be all of a text, or the end of one in that language; in another they are names.
  const fewest = best === before || to - from === tokens.count ? Math.min(fewestKnown, words) : fewestKnown;
  return isEnough(hits[best] as number, words, latin, fewest) ? best : english;
}

/**
 * Whether words of other languages are as many as a piece of Latin letters between English ones must have, in whatever languages and counted
 * each time that they come: cheaper than to count them by language.
 */
function mayBeAnother(tokens: Tokens, from: number, to: number, lexicon: Lexicon, before: number): boolean {
  if (before !== english || to - from === tokens.count) return true;
  let known = 0;
  for (let at = from; at < to; at++) {
    if (tokens.kind[at] === unspacedToken) return true;
    if (!isTelling(tokens, at)) continue;
    if (!isLatin(tokens, at)) return true;
    if (lexicon.mayBeForeign(tokens.hash[at] as number) && ++known === fewestKnown) return true;
  }
  return false;
}

function comesBefore({ kind, hash: hashes }: Tokens, from: number, at: number, hash: number): boolean {
  for (let earlier = from; earlier < at; earlier++)
    if (hashes[earlier] === hash && kind[earlier] === wordToken) return true;
  return false;
}

/** Whether a word may tell a language: single Latin letters are names of things, or spelled out, and so is `a1`. */
function isTelling(tokens: Tokens, at: number): boolean {
  if (tokens.kind[at] !== wordToken) return false;
  const length = (tokens.end[at] as number) - (tokens.start[at] as number);
  return !isLatin(tokens, at) || length > (tokens.stands[at] === 1 ? 3 : 1);
}

export function isLatin({ units, start }: Tokens, at: number): boolean {
  return (units[start[at] as number] as number) < 0x250;
}

/** By its script: kana nearby tell Japanese from Chinese. */
function languageOfUnit({ units, start, count }: Tokens, at: number, from: number, to: number): string {
  const unit = units[start[at] as number] as number;
  if (unit < 0x0e80) return "th";
  if (unit < 0x0f00) return "lo";
  if (unit < 0x10a0) return "my";
  if (unit < 0x1800) return "km";
  const last = to === count ? (start[to - 1] as number) + 2 : (start[to] as number);
  for (let place = start[from] as number; place < last; place++)
    if ((units[place] as number) >= 0x3040 && (units[place] as number) < 0x3100) return "ja";
  return "zh";
}
