/** What is odd about a text: in another language, backwards, upside down, in a cipher or in numbers. In: tokens. Out: where. */
import { brokenWords, type BrokenWords } from "./broken.ts";
import { deployedLexicon } from "../gloss/lexicon.ts";
import type { Oddities } from "../normalise/encodings.ts";
import { originalOffset } from "../normalise/fold.ts";
import { hashOfWord, markToken, numberToken, unspacedToken, wordToken, type Tokens } from "../normalise/tokens.ts";

export const commonHashes: ReadonlySet<number> = new Set(
  "the and to of a in is you your that for it all me with this on be not i my are as from what how do now by or if an can was"
    .split(" ")
    .map(hashOfWord),
);

/** Four words of Latin letters or more, and at most one in eight a common English one. */
export function isStrange(tokens: Tokens): boolean {
  let words = 0;
  let known = 0;
  const sampled = Math.min(tokens.count, 200);
  for (let at = 0; at < sampled; at++) {
    if (tokens.kind[at] !== wordToken && tokens.kind[at] !== markToken) continue;
    // Other scripts are read forwards: the readings are of Latin letters, or of letters turned upside down.
    if ((tokens.units[tokens.start[at] as number] as number) > 0x2ff) continue;
    words += 1;
    if (commonHashes.has(tokens.hash[at] as number)) known += 1;
  }
  return words >= 4 && known * 8 <= words;
}

/** So many words that are not English make a stretch, and so many English ones end it. */
const fewestUnknown = 5;
const mostKnown = 2;
/** So many numbers in a row, or words with digits in them. */
const fewestNumbers = 12;

/** What is told by words alone. */
export interface OddWords extends Pick<Oddities, "stretches" | "numbers"> {
  /** It may have parts in other languages. */
  readonly foreign: boolean;
}

/** What a text may be besides plain English. */
export interface Strangeness extends Oddities, OddWords {
  /** Words with signs within them. */
  readonly broken: BrokenWords;
}

/** So many words in a row that are not English may be of another language; shorter texts are too short to say. */
const fewestForeign = 3;
const shortText = 8;

/** What of it there is, as bits: a compiled reading tells it by the way. The first is {@link isStrange}. */
export const oddBits = { whole: 1, numbers: 2, foreign: 4, stretches: 8 } as const;

export function oddBitsOf(text: string, tokens: Tokens): number {
  const { stretches, numbers, foreign } = strangenessOf(text, tokens, false);
  const { whole, ...bits } = oddBits;
  return (
    (isStrange(tokens) ? whole : 0) |
    (numbers ? bits.numbers : 0) |
    (foreign ? bits.foreign : 0) |
    (stretches.length > 0 ? bits.stretches : 0)
  );
}

/** So many tokens may be one sentence, ... */
const fewTokens = 80;
/** ... of which so many words and this share are no English ones, wherever they stand. */
const fewestWithin = 4;
const shareWithin = 0.3;

function isHalfUnknown({ count, kind, hash }: Tokens): boolean {
  if (count > fewTokens) return false;
  const { mayBeEnglish } = deployedLexicon();
  let [words, unknown] = [0, 0];
  for (let at = 0; at < count; at++) {
    if (kind[at] !== wordToken) continue;
    words += 1;
    if (!mayBeEnglish(hash[at] as number)) unknown += 1;
  }
  return unknown >= fewestWithin && unknown >= words * shareWithin;
}

/** @param odd the bits of {@link oddBitsOf}: most texts need no second look */
export function strangenessBy(odd: number, text: string, tokens: Tokens): Strangeness {
  const strange = (odd & oddBits.whole) !== 0;
  const words =
    strange || (odd & oddBits.stretches) !== 0 ? strangenessOf(text, tokens, strange) : strangenessWithout(odd);
  const stretches = strange || !isHalfUnknown(tokens) ? words.stretches : [...words.stretches, 0, text.length];
  // Folding ASCII moves nothing.
  const wide = tokens.folded.offsets !== undefined;
  return { ...words, stretches, wide, broken: brokenWords(tokens) };
}

/** Where there are no stretches, the bits say all. */
function strangenessWithout(odd: number): OddWords {
  return { stretches: [], numbers: (odd & oddBits.numbers) !== 0, foreign: (odd & oddBits.foreign) !== 0 };
}

/** @param strange whether all of it is (see {@link isStrange}) */
export function strangenessOf(text: string, tokens: Tokens, strange: boolean): OddWords {
  const { folded, count, kind, hash, start, end, stands, units } = tokens;
  const { mayBeEnglish } = deployedLexicon();
  let row = 0;
  let longest = 0;
  let foreign = count <= shortText;
  let others = 0;
  const stretches: number[] = [];
  let [first, last, unknown, known] = [0, 0, 0, 0];
  for (let at = 0; at <= count; at++) {
    const isWord = at < count && kind[at] === wordToken;
    if (at < count && (kind[at] === numberToken || stands[at] === 1)) longest = Math.max(longest, ++row);
    else if (isWord) row = 0;
    const isEnglish = isWord && mayBeEnglish(hash[at] as number);
    if (isEnglish) {
      known += 1;
      others = 0;
    } else if (isWord || (at < count && kind[at] === unspacedToken)) {
      others += 1;
      // One in another alphabet, or three of Latin letters.
      if (others === fewestForeign || (units[start[at] as number] as number) > 0x24f) foreign = true;
    }
    if (unknown > 0 && (known === mostKnown || at === count)) {
      if (unknown >= fewestUnknown)
        stretches.push(originalOffset(folded, start[first] as number), originalOffset(folded, end[last] as number));
      unknown = 0;
    }
    // Other scripts are read forwards, and names are no cipher.
    if (!isWord || isEnglish || (units[start[at] as number] as number) > 0x2ff || isName(text, tokens, at)) continue;
    if (unknown === 0) first = at;
    last = at;
    unknown += 1;
    known = 0;
  }
  const whole = [originalOffset(folded, 0), originalOffset(folded, folded.length)];
  return { stretches: strange ? whole : stretches, numbers: longest >= fewestNumbers, foreign };
}

/** A capital, and then a small letter. */
function isName(text: string, { folded, start }: Tokens, at: number): boolean {
  const from = originalOffset(folded, start[at] as number);
  const [first, second] = [text.charCodeAt(from), text.charCodeAt(from + 1)];
  return first >= 0x41 && first <= 0x5a && second >= 0x61 && second <= 0x7a;
}
