/**
 * What the name tagger sees of a word: the word, its neighbours two to each side, what is known of them, how they are
 * written. In: tokens. Out: places in the table of weights. Nothing further away is looked at, so that a tag depends on a
 * few words only.
 */
import { word, wordBits } from "./lexicon.ts";
import { kind, type Tokens } from "./tokens.ts";

/** The log of the table's size. */
export const tableBits = 15;
const mask = (1 << tableBits) - 1;

/** The most features a word has, in both passes. */
export const maxFeatures = 48;

/** How far a tag of the first pass looks; the second looks as far at the first's tags. */
export const reach = 2;

export interface Seen {
  readonly tokens: Tokens;
  /** What is known of each word; 0 for signs and numbers. */
  readonly known: Int32Array;
  /** How each word is written: kind and length, coarsely. */
  readonly shapes: Int32Array;
  /** 2 for words that a name may begin with, 1 for their neighbours, 0 for ordinary words far from any. */
  readonly active: Uint8Array;
}

interface Room {
  readonly known: Int32Array;
  readonly shapes: Int32Array;
  readonly active: Uint8Array;
}

function makeRoom(words: number): Room {
  return { known: new Int32Array(words), shapes: new Int32Array(words), active: new Uint8Array(words) };
}

let shared = makeRoom(2048);
const longestShared = 1 << 17;

/** As {@link see}, in arrays that are longer than the words are many, and that the next call writes over. */
export function seeShared(tokens: Tokens): Seen {
  const { count } = tokens;
  if (count > longestShared) return see(tokens);
  if (shared.known.length < count) shared = makeRoom(Math.max(count, shared.known.length * 2));
  shared.known.fill(0, 0, count);
  shared.active.fill(0, 0, count);
  return seeInto(tokens, shared);
}

/** Looks words up. Ordinary words with nothing else around are passed over. */
export function see(tokens: Tokens): Seen {
  return seeInto(tokens, makeRoom(tokens.count));
}

function seeInto(tokens: Tokens, { known, shapes, active }: Room): Seen {
  const { count, starts, ends, kinds, hashes } = tokens;
  for (let at = 0; at < count; at++) {
    const what = kinds[at] as number;
    const hash = hashes[at] as number;
    shapes[at] = shapeOf((ends[at] as number) - (starts[at] as number), what, hash);
    if (what === kind.sign || what === kind.line || what === kind.other) continue;
    if (what === kind.digits) {
      activate(active, at, count);
      continue;
    }
    const bits = wordBits(hash);
    known[at] = bits;
    if (!isOrdinary(what, bits)) activate(active, at, count);
  }
  return { tokens, known, shapes, active };
}

/** A word that no name begins with: in small letters and common, or capital and common and in none of the lists. */
function isOrdinary(what: number, bits: number): boolean {
  if ((bits & word.common) === 0) return false;
  return what === kind.lower || (what === kind.title && (bits & ~word.common) === 0);
}

/** A candidate makes its neighbours worth a tag: `de`, `of`, a comma within an address. */
function activate(active: Uint8Array, at: number, count: number): void {
  active[at] = 2;
  if (at > 0 && active[at - 1] === 0) active[at - 1] = 1;
  if (at + 1 < count && active[at + 1] === 0) active[at + 1] = 1;
}

/**
 * A feature's place is a hash of its number and two facts. Its two halves are written first, for all features of a word, and
 * stirred together afterwards in one short loop: see {@link placeOf}.
 */
export const firsts = new Int32Array(maxFeatures);
export const seconds = new Int32Array(maxFeatures);

const featureCount = 64;
/** What each feature's number is to its hash. */
const seeds = Int32Array.from({ length: featureCount }, (_, number) => Math.imul(number ^ 0x5bd1e995, 0x01000193));

/** The place of a feature, by its halves. */
export function placeOf(first: number, second: number): number {
  let hash = Math.imul(first ^ (first >>> 15), 0x2c1b3c6d) ^ second;
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) & mask;
}

/** A fact as the second half of a feature. */
function half(fact: number): number {
  return Math.imul(fact, 0x297a2d39);
}

/** Of two facts, a fact. */
function mix(number: number, a: number, b: number): number {
  return placeOf((seeds[number] as number) ^ a, half(b));
}

function shapeOf(length: number, what: number, hash: number): number {
  if (what === kind.sign) return 16 + (hash & 0xffff);
  if (what === kind.line) return 10 + hash;
  if (what === kind.digits) return 200 + Math.min(length, 7);
  if (what === kind.code) return 210 + Math.min(length, 5);
  return what * 4 + 300 + (length === 1 ? 0 : length <= 3 ? 1 : 2);
}

function shapeAt({ shapes, tokens }: Seen, at: number): number {
  return at < 0 || at >= tokens.count ? 99 : (shapes[at] as number);
}

function knownAt({ known, tokens }: Seen, at: number): number {
  return at < 0 || at >= tokens.count ? 1 << 20 : (known[at] as number);
}

function wordAt({ tokens }: Seen, at: number): number {
  return at < 0 || at >= tokens.count ? 7 : (tokens.hashes[at] as number);
}

/** How many features a word has in the first pass, and in both. */
const firstPass = 27;

/** Writes the halves of a word's features into {@link firsts} and {@link seconds}; returns how many. */
export function halvesAt(seen: Seen, at: number): number {
  const s2 = shapeAt(seen, at - 2);
  const s1 = shapeAt(seen, at - 1);
  const s = shapeAt(seen, at);
  const t1 = shapeAt(seen, at + 1);
  const t2 = shapeAt(seen, at + 2);
  const b2 = knownAt(seen, at - 2);
  const b1 = knownAt(seen, at - 1);
  const b = knownAt(seen, at);
  const c1 = knownAt(seen, at + 1);
  const c2 = knownAt(seen, at + 2);
  const w2 = wordAt(seen, at - 2);
  const w1 = wordAt(seen, at - 1);
  const w = wordAt(seen, at);
  const v1 = wordAt(seen, at + 1);
  const v2 = wordAt(seen, at + 2);
  const hs = half(s);
  const hb = half(b);
  const ht1 = half(t1);
  const hc1 = half(c1);
  firsts[0] = s;
  firsts[1] = b;
  firsts[2] = w;
  firsts[3] = seen.tokens.tails[at] as number;
  firsts[4] = w1;
  firsts[5] = v1;
  firsts[6] = w2;
  firsts[7] = v1;
  firsts[8] = s1;
  firsts[9] = s;
  firsts[10] = b1;
  firsts[11] = b;
  firsts[12] = b1;
  firsts[13] = c1;
  firsts[14] = b2;
  firsts[15] = c2;
  firsts[16] = w1;
  firsts[17] = v1;
  firsts[18] = w2;
  firsts[19] = v2;
  firsts[20] = mix(1, s1, s);
  firsts[21] = mix(2, b1, b);
  firsts[22] = mix(3, s2, s1);
  firsts[23] = mix(4, s, t1);
  firsts[24] = w1;
  firsts[25] = w1;
  firsts[26] = v1;
  seconds[0] = 0;
  seconds[1] = hs;
  seconds[2] = 0;
  seconds[3] = hs;
  seconds[4] = hs;
  seconds[5] = hs;
  seconds[6] = half(w1);
  seconds[7] = half(v2);
  seconds[8] = hs;
  seconds[9] = ht1;
  seconds[10] = hb;
  seconds[11] = hc1;
  seconds[12] = hs;
  seconds[13] = hs;
  seconds[14] = half(s2);
  seconds[15] = half(t2);
  seconds[16] = hb;
  seconds[17] = hb;
  seconds[18] = hs;
  seconds[19] = hs;
  seconds[20] = ht1;
  seconds[21] = hc1;
  seconds[22] = hs;
  seconds[23] = half(t2);
  seconds[24] = half(w);
  seconds[25] = 0;
  seconds[26] = 0;
  for (let feature = 0; feature < firstPass; feature++)
    firsts[feature] = (firsts[feature] as number) ^ (seeds[feature + 1] as number);
  return firstPass;
}

/** The second pass: the same, and the first pass' tags around. */
export function tagHalvesAt(tags: Uint8Array, count: number, seen: Seen, at: number): number {
  const from = halvesAt(seen, at);
  const tagAt = (place: number): number => (place < 0 || place >= count ? 7 : (tags[place] as number));
  const a2 = tagAt(at - 2);
  const a1 = tagAt(at - 1);
  const a = tagAt(at);
  const z1 = tagAt(at + 1);
  const z2 = tagAt(at + 2);
  const b = knownAt(seen, at);
  const s = shapeAt(seen, at);
  let n = from;
  const put = (number: number, first: number, second: number): void => {
    firsts[n] = (seeds[number] as number) ^ first;
    seconds[n++] = half(second);
  };
  put(40, a, 0);
  put(41, a1, a);
  put(42, a, z1);
  put(43, mix(5, a1, a), z1);
  put(44, mix(6, a2, a1), a);
  put(45, mix(7, a, z1), z2);
  put(46, a1, s);
  put(47, z1, s);
  put(48, mix(8, a1, z1), s);
  put(49, mix(9, a1, a), b);
  put(50, mix(10, a, z1), b);
  put(51, mix(11, a2, a1), mix(12, z1, z2));
  return n;
}

/** Writes the places of `n` features of which the halves are written. */
export function placesInto(out: Int32Array, n: number): number {
  for (let at = 0; at < n; at++) out[at] = placeOf(firsts[at] as number, seconds[at] as number);
  return n;
}
