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

/** What of it there is, as bits. The first is {@link isStrange}. */
export const oddBits = { whole: 1, numbers: 2, foreign: 4, stretches: 8 } as const;

/** What tokens tell of it: a compiled reading tells it by the way. */
export interface Oddness {
  /** {@link oddBits} */
  readonly odd: number;
  /** The first and the last token of each stretch of words that are not English. */
  readonly stretches: ArrayLike<number>;
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

/** What there is by the words of a text, where nobody has told it. */
export function oddWordsOf(text: string, tokens: Tokens): OddWords {
  return oddWordsBy(oddnessOf(text, tokens), tokens);
}

export function strangenessBy(oddness: Oddness, text: string, tokens: Tokens): Strangeness {
  const words = oddWordsBy(oddness, tokens);
  const isAll = (oddness.odd & oddBits.whole) !== 0 || !isHalfUnknown(tokens);
  const stretches = isAll ? words.stretches : [...words.stretches, 0, text.length];
  // Folding ASCII moves nothing.
  return { ...words, stretches, wide: tokens.folded.offsets !== undefined, broken: brokenWords(tokens) };
}

function oddWordsBy({ odd, stretches }: Oddness, { folded, start, end }: Tokens): OddWords {
  const offsets: number[] = [];
  if ((odd & oddBits.whole) !== 0) offsets.push(originalOffset(folded, 0), originalOffset(folded, folded.length));
  else
    for (let at = 0; at < stretches.length; at += 2) {
      const [first, last] = [stretches[at] as number, stretches[at + 1] as number];
      offsets.push(originalOffset(folded, start[first] as number), originalOffset(folded, end[last] as number));
    }
  return { stretches: offsets, numbers: (odd & oddBits.numbers) !== 0, foreign: (odd & oddBits.foreign) !== 0 };
}

export function oddnessOf(text: string, tokens: Tokens): Oddness {
  const { count, kind, hash, start, stands, units } = tokens;
  const { mayBeEnglish } = deployedLexicon();
  let row = 0;
  let longest = 0;
  let foreign = count <= shortText;
  let others = 0;
  const stretches: number[] = [];
  let [first, last, unknown, known] = [0, 0, 0, 0];
  for (let at = 0; at <= count; at++) {
    const isWord = at < count && kind[at] === wordToken;
    if (at < count && (kind[at] === numberToken || (isWord && stands[at] === 1))) longest = Math.max(longest, ++row);
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
      if (unknown >= fewestUnknown) stretches.push(first, last);
      unknown = 0;
    }
    // Other scripts are read forwards, and names are no cipher.
    if (!isWord || isEnglish || (units[start[at] as number] as number) > 0x2ff || isName(text, tokens, at)) continue;
    if (unknown === 0) first = at;
    last = at;
    unknown += 1;
    known = 0;
  }
  const odd =
    (isStrange(tokens) ? oddBits.whole : 0) |
    (longest >= fewestNumbers ? oddBits.numbers : 0) |
    (foreign ? oddBits.foreign : 0) |
    (stretches.length > 0 ? oddBits.stretches : 0);
  return { odd, stretches };
}

/** A capital, and then a small letter. */
function isName(text: string, { folded, start }: Tokens, at: number): boolean {
  const from = originalOffset(folded, start[at] as number);
  const [first, second] = [text.charCodeAt(from), text.charCodeAt(from + 1)];
  return first >= 0x41 && first <= 0x5a && second >= 0x61 && second <= 0x7a;
}
