/**
 * Reads a text of another language in English, word by word: a gloss, not a translation. In: the text's tokens. Out: the text with English
 * words in the places of those that the lexicon knows, and where each stands in the original; `undefined` for English and for
 * languages that the lexicon does not know.
 *
 * What judges English texts is shown the gloss too: meaning carries over from language to language, and word order mostly.
 */
import { foldedSlice, originalOffset, type Folded } from "../normalise/fold.ts";
import { classOf, hashSeed, hashStep, skeleton, unspacedToken, wordToken, type Tokens } from "../normalise/tokens.ts";
import { deployedLexicon, english, entryOf, mostWords, opensPhrase, phraseStep, type Lexicon } from "./lexicon.ts";

export interface Gloss {
  readonly text: string;
  /** The offset in the original of what stands at an offset of {@link text}. */
  originalOffset(at: number): number;
  /** The offset in the original behind what stands before an offset of {@link text}: greater than that of anything before it. */
  originalEnd(at: number): number;
}

/** What was written at once: a meaning, which stands for all of its source, or units as they were. */
interface Piece {
  readonly at: number;
  readonly length: number;
  /** In the original. */
  readonly start: number;
  readonly end: number;
  /** Of units as they were, and one past them: the offset of each in the original; `undefined` where they follow one another. */
  readonly units?: Int32Array | "consecutive";
}

/** A language is told by a piece of so many tokens, which ends with a sentence where it can. */
const longestPiece = 48;
const shortestPiece = 8;
/** A piece is of a language if the lexicon knows this share of its words, and so many of those that there are, and fewer English ones. */
const knownShare = 0.3;
const fewestKnown = 3;
/** Texts are read in English up to this length: a filter that waits for a whole book is of no use. */
const longest = 1 << 17;
/** Letters of which a word may lack the last: endings say who and when. */
const shortestStem = 4;
const shortestSyllables = 2;
const mostEndings = 4;

/** Runs of so many tokens are looked at, evenly over the text: all of a short one, of a long one every third. */
const sampledRun = 10;
const sampledRuns = 10;
const sampledEach = 30;

/** @param tokens are read while it runs: the gloss keeps nothing of them */
export function glossOf(tokens: Tokens, lexicon: Lexicon = deployedLexicon()): Gloss | undefined {
  if (tokens.folded.length > longest || !mayBeForeign(tokens, lexicon)) return undefined;
  /** Of each piece: where it ends, and its language. */
  const pieces: (readonly [to: number, language: number])[] = [];
  let language = english;
  for (let from = 0; from < tokens.count;) {
    const to = endOfPiece(tokens, from);
    language = languageOf(tokens, from, to, lexicon, language);
    pieces.push([to, language]);
    from = to;
  }
  if (pieces.every(([, each]) => each === english)) return undefined;
  const writer = new Writer(tokens, lexicon);
  let from = 0;
  for (const [to, each] of pieces) {
    if (each !== english) writer.write(from, to, each);
    from = to;
  }
  return writer.finish();
}

/** Whether a text may have parts in other languages: cheap, so that English texts are not read twice. In: its tokens. */
function mayBeForeign(tokens: Tokens, lexicon: Lexicon): boolean {
  const { count, kind, hash } = tokens;
  const runs = Math.min(Math.ceil(count / sampledRun), Math.max(sampledRuns, Math.ceil(count / sampledEach)));
  for (let run = 0; run < runs; run++) {
    const from = runs < 2 ? 0 : Math.floor(((count - sampledRun) * run) / (runs - 1));
    if (isPlainlyEnglish(tokens, from, Math.min(count, from + sampledRun), lexicon)) continue;
    let [words, latin, ours, others] = [0, 0, 0, 0];
    for (let at = Math.max(0, from); at < Math.min(count, from + sampledRun); at++) {
      if (kind[at] !== unspacedToken && !isTelling(tokens, at)) continue;
      words += 1;
      if (isLatin(tokens, at)) latin += 1;
      if (kind[at] === wordToken && lexicon.firstEnglish(hash[at] as number) > 0) ours += 1;
      else if (kind[at] === unspacedToken || lexicon.first(hash[at] as number) > 0) others += 1;
    }
    if (others > ours && isEnough(others, words, latin)) return true;
  }
  return false;
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

/** @param latin how many of the words are of Latin letters: others are no English word by chance */
function isEnough(known: number, words: number, latin: number): boolean {
  return known > 0 && known >= Math.max(words * knownShare, latin === words ? Math.min(fewestKnown, words) : 1);
}

function endOfPiece({ count, opens }: Tokens, from: number): number {
  const most = Math.min(count, from + longestPiece);
  for (let at = from + shortestPiece; at < most; at++) if (opens[at] === 1) return at;
  return most;
}

const hits = new Int32Array(256);

/** The language that most of a piece's words are known in. The one before it counts for one word more. */
function languageOf(tokens: Tokens, from: number, to: number, lexicon: Lexicon, before: number): number {
  if (isPlainlyEnglish(tokens, from, to, lexicon)) return english;
  hits.fill(0, 0, lexicon.languages.length);
  let [words, latin] = [0, 0];
  for (let at = from; at < to; at++) {
    if (tokens.kind[at] === unspacedToken) {
      const language = lexicon.languages.indexOf(languageOfUnit(tokens, at, from, to));
      if (language > 0) hits[language] = (hits[language] as number) + 1;
      words += 1;
    }
    if (!isTelling(tokens, at)) continue;
    words += 1;
    if (isLatin(tokens, at)) latin += 1;
    const hash = tokens.hash[at] as number;
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
  return isEnough(hits[best] as number, words, latin) ? best : english;
}

/** Whether a word may tell a language: single Latin letters are names of things, or spelled out. */
function isTelling(tokens: Tokens, at: number): boolean {
  if (tokens.kind[at] !== wordToken) return false;
  return (tokens.end[at] as number) - (tokens.start[at] as number) > 1 || !isLatin(tokens, at);
}

function isLatin({ units, start }: Tokens, at: number): boolean {
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

class Writer {
  readonly #folded: Folded;
  readonly #tokens: Tokens;
  readonly #lexicon: Lexicon;
  #text = "";
  readonly #pieces: Piece[] = [];
  #known = 0;
  /** Whether the next word needs a blank before it. */
  #clings = false;
  /** Up to where the folded text has been written. */
  #done = 0;

  constructor(tokens: Tokens, lexicon: Lexicon) {
    this.#folded = tokens.folded;
    this.#tokens = tokens;
    this.#lexicon = lexicon;
  }

  /** Writes tokens in a language, and before them what has not been written. */
  write(from: number, to: number, language: number): void {
    const { start, end, kind } = this.#tokens;
    for (let at = from; at < to;) {
      this.#copy(this.#done, start[at] as number);
      const group = kind[at];
      if (group === wordToken) at = this.#word(at, to, language);
      else if (group === unspacedToken) at = this.#run(at, to, language);
      else this.#copy(start[at] as number, end[at++] as number);
      this.#done = end[at - 1] as number;
    }
  }

  finish(): Gloss | undefined {
    if (this.#known === 0) return undefined;
    this.#copy(this.#done, this.#folded.length);
    const pieces = this.#pieces;
    const length = originalOffset(this.#folded, this.#folded.length);
    const text = this.#text;
    return {
      text,
      originalOffset(at) {
        const piece = pieceAt(pieces, at);
        if (piece === undefined || at >= text.length) return length;
        return at < piece.at + piece.length ? offsetIn(piece, at) : piece.end;
      },
      originalEnd(at) {
        const piece = pieceAt(pieces, at - 1);
        if (piece === undefined || at <= 0) return 0;
        return at < piece.at + piece.length && piece.units !== undefined ? offsetIn(piece, at) : piece.end;
      },
    };
  }

  #copy(from: number, to: number): void {
    if (from >= to) return;
    const piece = foldedSlice(this.#folded, from, to);
    const { offsets } = this.#folded;
    this.#place(piece.length, from, to, offsets === undefined ? "consecutive" : offsets.slice(from, to + 1));
    // As long as before: each unit keeps its place.
    this.#text += piece.replace(/[。।]/g, ".").replace(/[、،]/g, ",");
    this.#clings = classOf(piece.charCodeAt(piece.length - 1)) !== 0;
  }

  /** Notes what is to be written next, and what of the folded text it stands for. */
  #place(length: number, from: number, to: number, units?: Piece["units"]): void {
    const [start, end] = [originalOffset(this.#folded, from), originalOffset(this.#folded, to)];
    this.#pieces.push({ at: this.#text.length, length, start, end, ...(units === undefined ? {} : { units }) });
  }

  /** The longest phrase that is known, the word, or the word without its ending. Out: the token behind it. */
  #word(at: number, to: number, language: number): number {
    const { start, end, kind, hash } = this.#tokens;
    const lexicon = this.#lexicon;
    const own = hash[at] as number;
    const opening = entryOf(lexicon, opensPhrase(own), language);
    if (opening >= 0) {
      let phrase = phraseStep(hashSeed, own);
      let found = -1;
      let until = at;
      for (let next = at + 1; next < Math.min(to, at + mostWords) && kind[next] === wordToken; next++) {
        phrase = phraseStep(phrase, hash[next] as number);
        const entry = entryOf(lexicon, phrase, language);
        if (entry < 0) continue;
        found = entry;
        until = next;
      }
      if (found >= 0) {
        this.#say(found, start[at] as number, end[until] as number);
        return until + 1;
      }
    }
    const entry = entryOf(lexicon, own, language);
    const known = entry >= 0 ? entry : this.#stem(at, language);
    if (known >= 0) this.#say(known, start[at] as number, end[at] as number);
    else if (isLatin(this.#tokens, at)) this.#copy(start[at] as number, end[at] as number);
    return at + 1;
  }

  /** The entry of the longest beginning of a word that is known, or -1. */
  #stem(at: number, language: number): number {
    const { start, end, units } = this.#tokens;
    const from = start[at] as number;
    const until = end[at] as number;
    const isHangul = (units[from] as number) >= 0xac00 && (units[from] as number) < 0xd7b0;
    const shortest = isHangul ? shortestSyllables : shortestStem;
    let hash = hashSeed;
    let found = -1;
    for (let next = from; next < until - 1; next++) {
      const unit = units[next] as number;
      hash = hashStep(hash, unit < 0x80 ? (skeleton[unit] as number) : unit);
      const length = next + 1 - from;
      if (length < shortest || until - next - 1 > mostEndings) continue;
      const entry = entryOf(this.#lexicon, hash, language);
      if (entry >= 0) found = entry;
    }
    return found;
  }

  /** Of a run without spaces the longest known words, one after another; what is not known is left out. */
  #run(at: number, to: number, language: number): number {
    const { start, end, kind, units } = this.#tokens;
    let last = at + 1;
    while (last < to && kind[last] === unspacedToken && start[last] === end[last - 1]) last += 1;
    const until = end[last - 1] as number;
    for (let from = start[at] as number; from < until;) {
      let hash = hashSeed;
      let found = -1;
      let next = from + 1;
      const most = Math.min(this.#lexicon.longestRun[units[from] as number] as number, until - from);
      for (let length = 1; length <= most; length++) {
        hash = hashStep(hash, units[from + length - 1] as number);
        const entry = entryOf(this.#lexicon, hash, language);
        if (entry < 0) continue;
        found = entry;
        next = from + length;
      }
      if (found >= 0) this.#say(found, from, next);
      from = next;
    }
    return last;
  }

  #say(entry: number, from: number, to: number): void {
    this.#known += 1;
    const word = this.#lexicon.meanings[this.#lexicon.meaning[entry] as number] as string;
    if (word === "") return;
    if (this.#clings) this.#text += " ";
    this.#place(word.length, from, to);
    this.#text += word;
    this.#clings = true;
  }
}

/** The last piece that begins at `at` or before it. */
function pieceAt(pieces: readonly Piece[], at: number): Piece | undefined {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle] as Piece).at <= at) low = middle;
    else high = middle - 1;
  }
  return pieces[low];
}

function offsetIn({ at: first, start, units }: Piece, at: number): number {
  if (units === undefined) return start;
  return units === "consecutive" ? start + at - first : (units[at - first] as number);
}
