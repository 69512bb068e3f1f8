/**
 * The words of other languages that Cordon can read in English. In: `words.ts`, which `tools/injection/glosses/build.ts` makes from
 * the word lists there. Out: a lookup from the hash of a word to its meanings.
 *
 * Packed: a deflated block of the counts of entries, meanings, languages and openings (32 bits each, little-endian), the entries' hashes,
 * meanings (16 bits) and languages (8 bits), the openings (16 bits and 8: the first unit of words of scripts without spaces, and how long
 * the longest of them is), and the words of the meanings and languages, a line each. Entries are sorted by hash.
 */
import { inflateRawSync } from "node:zlib";
import { hashTable } from "../kernels/memory.ts";
import { hashOfWord, hashSeed, hashStep } from "../normalise/tokens.ts";
import { packedWords } from "./words.ts";

/** English itself is the first language: it tells which texts need no reading. */
export const english = 0;

/** A phrase has up to so many words. */
export const mostWords = 5;
/** A word of a script without spaces has up to so many units. */
export const mostUnits = 12;

/** The logarithms of how many bits tell which words may be English, and which may be of other languages. */
const englishLog = 18;
const foreignLog = 20;

/** The logarithm of how many words are remembered. */
const rememberedLog = 12;

/** Bytes of the counts. */
export const header = 16;

export interface Lexicon {
  readonly languages: readonly string[];
  /** Of each entry, in the order of hashes; English ones mean nothing. */
  readonly hashes: Int32Array;
  readonly language: Uint8Array;
  readonly meaning: Uint16Array;
  readonly meanings: readonly string[];
  /** The units of all meanings, one after another. */
  readonly said: Uint16Array;
  /** Where in {@link said} each meaning begins, and where the last ends. */
  readonly saidAt: Int32Array;
  /** By unit: how long the longest word of a script without spaces is that begins with it. */
  readonly longestRun: Uint8Array;
  /** Where in {@link hashes} the entries of a hash begin, plus one; 0 where there are none. */
  readonly first: (hash: number) => number;
  /** By the lowest 18 bits of a hash, a bit each: whether an English word may have it, one that is listed or a meaning of some word. */
  readonly englishBits: Uint8Array;
  readonly mayBeEnglish: (hash: number) => boolean;
  /** Whether a word of another language may have a hash. */
  readonly mayBeForeign: (hash: number) => boolean;
}

/** The hash of a phrase, from the hashes of its words one after another, begun with {@link hashSeed}. */
export function phraseStep(hash: number, word: number): number {
  return hashStep(hash ^ (word >>> 16), word & 0xffff) ^ 0x5bd1e995;
}

/** Marks that phrases begin with a word: looked up in the same table. */
export function opensPhrase(word: number): number {
  return hashStep(word, 0x2026);
}

export function readLexicon(bytes: Uint8Array): Lexicon {
  const block = inflateRawSync(bytes, { maxOutputLength: 1 << 24 });
  const counts = [0, 4, 8, 12].map((at) => block.readUInt32LE(at));
  const [count = 0, meaningCount = 0, languageCount = 0, openings = 0] = counts;
  const meaningsAt = header + count * 4;
  const languagesAt = meaningsAt + count * 2;
  const openingsAt = languagesAt + count;
  const hashes = Int32Array.from({ length: count }, (_, at) => block.readInt32LE(header + at * 4));
  const longestRun = new Uint8Array(0x10000);
  for (let at = openingsAt; at < openingsAt + openings * 3; at += 3)
    longestRun[block.readUInt16LE(at)] = block[at + 2] as number;
  const meaning = Uint16Array.from({ length: count }, (_, at) => block.readUInt16LE(meaningsAt + at * 2));
  const language = Uint8Array.from(block.subarray(languagesAt, languagesAt + count));
  const lines = block.toString("utf8", openingsAt + openings * 3).split("\n");
  if (lines.length !== meaningCount + languageCount) throw new Error("the lexicon does not hold what it counts");
  const englishBits = new Uint8Array(1 << (englishLog - 3));
  const foreignBits = new Uint8Array(1 << (foreignLog - 3));
  for (let at = 0; at < count; at++)
    if (language[at] === english) mark(englishBits, hashes[at] as number);
    else mark(foreignBits, hashes[at] as number);
  const meanings = lines.slice(0, meaningCount);
  for (const line of meanings) for (const word of line.split(" ")) mark(englishBits, hashOfWord(word));
  const saidAt = new Int32Array(meaningCount + 1);
  for (const [at, { length }] of meanings.entries()) saidAt[at + 1] = (saidAt[at] as number) + length;
  const all = meanings.join("");
  const said = Uint16Array.from({ length: all.length }, (_, at) => all.charCodeAt(at));
  return {
    ...{ hashes, language, meaning, meanings, said, saidAt, longestRun, englishBits },
    mayBeEnglish: (hash) => isMarked(englishBits, hash),
    mayBeForeign: (hash) => isMarked(foreignBits, hash),
    languages: lines.slice(meaningCount),
    first: lookUp(firsts(hashes)),
  };
}

/** Of a hash as many of the lowest bits count as there are bits in all: a power of two. */
function mark(bits: Uint8Array, hash: number): void {
  const at = (hash >> 3) & (bits.length - 1);
  bits[at] = (bits[at] as number) | (1 << (hash & 7));
}

function isMarked(bits: Uint8Array, hash: number): boolean {
  return (((bits[(hash >> 3) & (bits.length - 1)] as number) >> (hash & 7)) & 1) === 1;
}

/** What was asked last is remembered: most of a text's words are asked for again, and the table does not stay in the cache. */
function lookUp(entries: Iterable<readonly [number, number]>): (hash: number) => number {
  const { slots, mask } = hashTable(entries);
  const remembered = new Int32Array(1 << (rememberedLog + 1));
  return (hash) => {
    const place = ((hash ^ (hash >>> rememberedLog)) & ((1 << rememberedLog) - 1)) << 1;
    // Where nothing was remembered yet, a hash of 0 is looked up.
    if (remembered[place] === hash && hash !== 0) return remembered[place + 1] as number;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (slots[slot * 2 + 1] !== 0 && slots[slot * 2] !== hash) slot = (slot + 1) & mask;
    const found = slots[slot * 2 + 1] as number;
    remembered[place] = hash;
    remembered[place + 1] = found;
    return found;
  };
}

function* firsts(hashes: Int32Array): Generator<readonly [number, number]> {
  for (let at = 0; at < hashes.length; at++)
    if (at === 0 || hashes[at] !== hashes[at - 1]) yield [hashes[at] as number, at + 1];
}

/** The entry of a hash in another language than English, or -1: mostly told by bits that stay in the cache. */
export function entryOf(lexicon: Lexicon, hash: number, wanted: number): number {
  const { hashes, language } = lexicon;
  if (!lexicon.mayBeForeign(hash)) return -1;
  for (let at = lexicon.first(hash) - 1; at >= 0 && hashes[at] === hash; at++) if (language[at] === wanted) return at;
  return -1;
}

let loaded: Lexicon | undefined;

/** The lexicon that is deployed: unpacked when it is first asked for, which is when a reader is made. */
export function deployedLexicon(): Lexicon {
  return (loaded ??= readLexicon(Buffer.from(packedWords, "base64")));
}

/** Hash of a run of units of a script without spaces: as {@link hashStep} goes on from {@link hashSeed}. */
export function hashOfRun(units: Uint16Array, from: number, to: number): number {
  let hash = hashSeed;
  for (let at = from; at < to; at++) hash = hashStep(hash, units[at] as number);
  return hash;
}
