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

function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ 0x5bd1e995, 0x01000193) ^ b;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(c, 0x297a2d39);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) & mask;
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

/** Writes the places of a word's features; returns how many. */
export function featuresAt(seen: Seen, at: number, out: Int32Array): number {
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
  out[0] = mix(1, s, 0);
  out[1] = mix(2, b, s);
  out[2] = mix(3, w, 0);
  out[3] = mix(4, seen.tokens.tails[at] as number, s);
  out[4] = mix(5, w1, s);
  out[5] = mix(6, v1, s);
  out[6] = mix(7, w2, w1);
  out[7] = mix(8, v1, v2);
  out[8] = mix(9, s1, s);
  out[9] = mix(10, s, t1);
  out[10] = mix(11, b1, b);
  out[11] = mix(12, b, c1);
  out[12] = mix(13, b1, s);
  out[13] = mix(14, c1, s);
  out[14] = mix(15, b2, s2);
  out[15] = mix(16, c2, t2);
  out[16] = mix(17, w1, b);
  out[17] = mix(18, v1, b);
  out[18] = mix(19, w2, s);
  out[19] = mix(20, v2, s);
  out[20] = mix(21, mix(1, s1, s), t1);
  out[21] = mix(22, mix(2, b1, b), c1);
  out[22] = mix(23, mix(3, s2, s1), s);
  out[23] = mix(24, mix(4, s, t1), t2);
  out[24] = mix(25, w1, w);
  out[25] = mix(26, w1, 0);
  out[26] = mix(27, v1, 0);
  return 27;
}

/** The second pass: the same, and the first pass' tags around. */
export function tagFeaturesAt(
  tags: Uint8Array,
  count: number,
  seen: Seen,
  at: number,
  out: Int32Array,
  from: number,
): number {
  const tagAt = (place: number): number => (place < 0 || place >= count ? 7 : (tags[place] ?? 0));
  const a2 = tagAt(at - 2);
  const a1 = tagAt(at - 1);
  const a = tagAt(at);
  const z1 = tagAt(at + 1);
  const z2 = tagAt(at + 2);
  const b = knownAt(seen, at);
  const s = shapeAt(seen, at);
  let n = from;
  out[n++] = mix(40, a, 0);
  out[n++] = mix(41, a1, a);
  out[n++] = mix(42, a, z1);
  out[n++] = mix(43, mix(5, a1, a), z1);
  out[n++] = mix(44, mix(6, a2, a1), a);
  out[n++] = mix(45, mix(7, a, z1), z2);
  out[n++] = mix(46, a1, s);
  out[n++] = mix(47, z1, s);
  out[n++] = mix(48, mix(8, a1, z1), s);
  out[n++] = mix(49, mix(9, a1, a), b);
  out[n++] = mix(50, mix(10, a, z1), b);
  out[n++] = mix(51, mix(11, a2, a1), mix(12, z1, z2));
  return n;
}
