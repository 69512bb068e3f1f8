/**
 * The classifier's whole reading of a text: fold, tokens, known words, ideas, features and their sums, windows. It says what
 * `normalise/fold.ts`, `normalise/tokens.ts`, `injection/vocabulary.ts`, `lexicon.ts`, `features.ts` and `network.ts` say, to
 * the last bit; a test holds the two together. AssemblyScript: `node tools/build-kernels.ts` compiles it.
 *
 * Tables are written by `injection/reader.ts`, which also says where they lie; a text's arrays lie behind them.
 */

// Kinds of tokens, and classes of units: see `normalise/tokens.ts`.
export const WORD: u32 = 1;
export const UNSPACED: u32 = 2;
export const NUMBER: u32 = 3;
export const MARK: u32 = 4;

export const SEED: u32 = 0x811c9dc5;
export const PRIME: u32 = 0x01000193;
export const WIDTH: u32 = 16;
export const HIDDEN: u32 = 24;
export const BLOCK: u32 = 8;
export const NONE: u32 = 0xff;
const REMEMBERED_MASK: u32 = (1 << 12) - 1;

/** Where each table lies: written by the reader before the first text. */
export let classesAt: usize = 0;
export let loweredAt: usize = 0;
export let bonesAt: usize = 0;
export let skeletonAt: usize = 0;
export let signsAt: usize = 0;
export let simpleAt: usize = 0;
export let likenessAt: usize = 0;
export let slotsAt: usize = 0;
export let slotMask: u32 = 0;
export let rememberedAt: usize = 0;
export let exactAt: usize = 0;
export let exactMask: u32 = 0;
export let stemsAt: usize = 0;
export let stemsMask: u32 = 0;
export let stemBitsAt: usize = 0;
/** How stems begin: a bit for the hash of their first three units. */
export let stemStartBitsAt: usize = 0;
export let pairsAt: usize = 0;
export let pairsMask: u32 = 0;
export let pairBitsAt: usize = 0;
export let runsAt: usize = 0;
export let runsMask: u32 = 0;
export let runBitsAt: usize = 0;
export let longestRun: u32 = 0;
export let commonAt: usize = 0;
export let commonMask: u32 = 0;
export let englishBitsAt: usize = 0;
export let vectorsAt: usize = 0;
export let layerAt: usize = 0;
export let outputAt: usize = 0;
export let bucketCount: u32 = 0;

/** A text's arrays. */
export let sourceAt: usize = 0;
export let unitsAt: usize = 0;
export let offsetsAt: usize = 0;
export let startAt: usize = 0;
export let endAt: usize = 0;
export let hashAt: usize = 0;
export let numberAt: usize = 0;
export let ideaTokenAt: usize = 0;
export let kindAt: usize = 0;
export let opensAt: usize = 0;
export let standsAt: usize = 0;
export let ideaAt: usize = 0;
export let untilAt: usize = 0;
export let ideaCountAt: usize = 0;
export let sumsAt: usize = 0;
export let logitsAt: usize = 0;
export let idsAt: usize = 0;
/** The averages of four windows: of each place of a vector four numbers side by side; and what to add to their logits. */
export let meansAt: usize = 0;
/** Pairs of tokens: stretches of words that are not English, and pieces that are not plainly English. */
export let stretchesAt: usize = 0;
export let piecesAt: usize = 0;

/**
 * What is told of a text beside its arrays lies at fixed addresses, in words of 32 bits: see `status` in `injection/reader.ts`.
 */
export const FOLDED: usize = 128;
export const IDENTITY: usize = 132;
export const FOREIGN: usize = 136;
export const DISGUISED: usize = 140;
export const IDEAS: usize = 144;
export const WINDOWS: usize = 148;
export const ODD: usize = 152;
export const WORST: usize = 160;
export const STRETCHES: usize = 168;
export const PIECES: usize = 172;

/**
 * Folds units of the source from `from` on, to place `count` on. Stops at one that folds to nothing, to several units or is half
 * of a pair; returns where. {@link folded} says how many units there are then.
 */
export function fold(from: u32, count: u32, length: u32): u32 {
  let at = from;
  let to = count;
  const limit = v128.splat<u16>(0x7f);
  const below = v128.splat<u16>(0x40);
  const above = v128.splat<u16>(0x5b);
  const bit = v128.splat<u16>(0x20);
  const same = load<u32>(IDENTITY) != 0;
  if (same) {
    // Eight at a time while all are ASCII.
    while (at + 8 <= length) {
      const eight = v128.load(sourceAt + (at << 1));
      if (v128.any_true(v128.gt<u16>(eight, limit))) break;
      const capital = v128.and(v128.gt<u16>(eight, below), v128.lt<u16>(eight, above));
      v128.store(unitsAt + (at << 1), v128.or(eight, v128.and(capital, bit)));
      at += 8;
    }
    while (at < length) {
      const unit = <u32>load<u16>(sourceAt + (at << 1));
      if (unit > 0x7f) break;
      store<u16>(unitsAt + (at << 1), <u16>load<u8>(loweredAt + unit));
      at += 1;
    }
    to = at;
    if (at == length) {
      store<u32>(FOLDED, at);
      return at;
    }
    store<u32>(IDENTITY, 0);
    for (let plain: u32 = 0; plain < at; plain++) store<u32>(offsetsAt + (plain << 2), plain);
  }
  let alike: u32 = 0;
  while (at < length) {
    const unit = <u32>load<u16>(sourceAt + (at << 1));
    const simple = <u32>load<u16>(simpleAt + (unit << 1));
    if (simple <= 1) break;
    store<u16>(unitsAt + (to << 1), <u16>simple);
    store<u32>(offsetsAt + (to << 2), at);
    to += 1;
    at += 1;
    if (simple > 0x7f && simple < 0x600) alike |= <u32>load<u16>(likenessAt + (simple << 1));
  }
  store<u32>(FOREIGN, load<u32>(FOREIGN) | alike);
  store<u32>(FOLDED, to);
  return at;
}

// @ts-ignore: decorator
@inline
export function classOf(at: u32): u32 {
  return <u32>load<u8>(classesAt + <u32>load<u16>(unitsAt + (at << 1)));
}

// @ts-ignore: decorator
@inline
export function unitAt(at: u32): u32 {
  return <u32>load<u16>(unitsAt + (at << 1));
}

// @ts-ignore: decorator
@inline
function isStop(unit: u32): bool {
  return unit == 0x3002 || unit == 0xff01 || unit == 0xff1f || unit == 0x964;
}

function isInside(bound: u32, at: u32, from: u32): bool {
  if (at == from || at + 1 >= bound) return false;
  const next = classOf(at + 1);
  return next == 1 || next == 2;
}

/** Cuts the folded text into tokens; returns how many. */
export function tokenize(bound: u32): u32 {
  const units = unitsAt;
  const classes = classesAt;
  const bones = bonesAt;
  let opening: u32 = 1;
  let count: u32 = 0;
  let withSigns: u32 = 0;
  let at: u32 = 0;
  while (at < bound) {
    const from = at;
    const unit = <u32>load<u16>(units + (at << 1));
    const group = <u32>load<u8>(classes + unit);
    if (group == 0 || group == 5) {
      at += 1;
      if (unit == 0x20) continue;
      if (unit == 0x0a || (unit == 0x2e && (at == bound || <u32>load<u16>(units + (at << 1)) <= 0x20)) || isStop(unit))
        opening = 1;
      continue;
    }
    store<u8>(opensAt + count, <u8>opening);
    opening = group == 4 ? 1 : 0;
    let value: u32 = SEED;
    let kind: u32 = WORD;
    if (group == 4) {
      do {
        value = (value ^ <u32>load<u16>(units + (at << 1))) * PRIME;
        at += 1;
      } while (at < bound && at - from < 4 && <u32>load<u8>(classes + <u32>load<u16>(units + (at << 1))) == 4);
      kind = MARK;
    } else if (group == 3) {
      const most: u32 = unit >= 0x3040 ? 2 : 6;
      do at += 1;
      while (at < bound && at - from < most && classOf(at) == 3);
      kind = UNSPACED;
      value = 0;
    } else {
      let letters: u32 = 0;
      let standing: u32 = 0;
      for (;;) {
        // Small letters of ASCII are what there is most of.
        const first = at;
        let next: u32 = 0;
        while (at < bound) {
          next = <u32>load<u16>(units + (at << 1));
          if (next - 0x61 > 25) break;
          value = (value ^ <u32>load<u8>(bones + next)) * PRIME;
          at += 1;
        }
        letters += at - first;
        if (at >= bound) break;
        const nextGroup = <u32>load<u8>(classes + next);
        if (nextGroup == 1) letters += 1;
        else if (next >= 0x80) break;
        else if (nextGroup == 2 || (load<u8>(signsAt + next) == 1 && isInside(bound, at, from))) standing += 1;
        else break;
        value = (value ^ (next < 0x80 ? <u32>load<u8>(skeletonAt + next) : next)) * PRIME;
        at += 1;
      }
      if (letters == 0) {
        kind = NUMBER;
        value = 0;
      } else if (standing > 0) withSigns += 1;
      store<u8>(standsAt + count, <u8>(standing > 0));
    }
    store<u8>(kindAt + count, <u8>kind);
    store<u32>(startAt + (count << 2), from);
    store<u32>(endAt + (count << 2), at);
    store<u32>(hashAt + (count << 2), value);
    count += 1;
  }
  store<u32>(DISGUISED, withSigns);
  return count;
}

/** The number that a table has for a hash, plus one; 0 where it has none. Slots are a hash and that number, side by side. */
// @ts-ignore: decorator
@inline
export function lookUp(table: usize, mask: u32, hash: u32): u32 {
  let slot = (hash ^ (hash >>> 15)) & mask;
  let value = load<u32>(table + (slot << 3), 4);
  while (value != 0 && load<u32>(table + (slot << 3)) != hash) {
    slot = (slot + 1) & mask;
    value = load<u32>(table + (slot << 3), 4);
  }
  return value;
}

// @ts-ignore: decorator
@inline
function isMarked(bits: usize, hash: u32): bool {
  return ((<u32>load<u8>(bits + ((hash & 0xffff) >>> 3)) >>> (hash & 7)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function bone(unit: u32): u32 {
  return unit < 0x80 ? <u32>load<u8>(skeletonAt + unit) : unit;
}

/** Which tokens are known words: their numbers, or -1. What was looked up last is remembered: a hash, the number and one. */
export function findKnown(count: u32): void {
  const remembered = rememberedAt;
  for (let at: u32 = 0; at < count; at++) {
    let number: i32 = -1;
    if (load<u8>(kindAt + at) == WORD) {
      const hash = load<u32>(hashAt + (at << 2));
      const place = remembered + (((hash ^ (hash >>> 15)) & REMEMBERED_MASK) << 3);
      if (load<u32>(place) == hash) number = load<i32>(place, 4) - 1;
      else {
        number = numberOf(hash);
        store<u32>(place, hash);
        store<i32>(place, number + 1, 4);
      }
    }
    store<i32>(numberAt + (at << 2), number);
  }
}

/**
 * The idea of a word by itself. It is looked for each time: kept by a word's hash or number, it could be taken from it by another
 * word that was made to have the same.
 */
// @ts-ignore: decorator
@inline
function ideaOf(at: u32, hash: u32): u32 {
  const value = lookUp(exactAt, exactMask, hash);
  return value != 0 ? value - 1 : findStem(load<u32>(startAt + (at << 2)), load<u32>(endAt + (at << 2)));
}

function numberOf(hash: u32): i32 {
  let slot = (hash ^ (hash >>> 15)) & slotMask;
  let found = load<u32>(slotsAt + (slot << 3));
  while (found != 0 && found != hash) {
    slot = (slot + 1) & slotMask;
    found = load<u32>(slotsAt + (slot << 3));
  }
  return found == 0 ? -1 : load<i32>(slotsAt + (slot << 3), 4);
}

function findStem(start: u32, end: u32): u32 {
  const last = min(end, start + 16);
  if (last - start < 3) return NONE;
  // Most words are told from all stems by how they begin.
  let hash = ((((((SEED ^ bone(unitAt(start))) * PRIME) ^ bone(unitAt(start + 1))) * PRIME) ^ bone(unitAt(start + 2))) * PRIME);
  if (!isMarked(stemStartBitsAt, hash)) return NONE;
  let found: u32 = NONE;
  for (let at = start + 3; at <= last; at++) {
    if (isMarked(stemBitsAt, hash)) {
      const value = lookUp(stemsAt, stemsMask, hash);
      if (value != 0) found = value - 1;
    }
    if (at < last) hash = (hash ^ bone(unitAt(at))) * PRIME;
  }
  return found;
}

function findInRun(first: u32, end: u32, bound: u32): u32 {
  for (let start = first; start < end; start++) {
    let hash: u32 = SEED;
    let found: u32 = NONE;
    const limit = min(bound, start + longestRun);
    for (let at = start; at < limit; at++) {
      hash = (hash ^ bone(unitAt(at))) * PRIME;
      if (!isMarked(runBitsAt, hash)) continue;
      const value = lookUp(runsAt, runsMask, hash);
      if (value != 0) found = value - 1;
    }
    if (found != NONE) return found;
  }
  return NONE;
}

export function findIdeas(count: u32, bound: u32): u32 {
  let ideas: u32 = 0;
  let before: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const kind = <u32>load<u8>(kindAt + at);
    let found: u32 = NONE;
    if (kind == WORD) {
      const hash = load<u32>(hashAt + (at << 2));
      found = ideaOf(at, hash);
      const pair = (before * PRIME) ^ hash;
      if (isMarked(pairBitsAt, pair)) {
        const value = lookUp(pairsAt, pairsMask, pair);
        if (value != 0) found = value - 1;
      }
      before = hash;
    } else if (kind == UNSPACED)
      found = findInRun(load<u32>(startAt + (at << 2)), load<u32>(endAt + (at << 2)), bound);
    store<u32>(ideaTokenAt + (ideas << 2), at);
    store<u8>(ideaAt + ideas, <u8>found);
    ideas += u32(found != NONE);
  }
  return ideas;
}
