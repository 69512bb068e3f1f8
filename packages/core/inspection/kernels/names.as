/**
 * The name tagger's reading of a text: words, what is known of them, tags. It says what `pii/names/tokens.ts`, `lexicon.ts`,
 * `features.ts` and `model.ts` say; a test holds the two together. AssemblyScript: `node tools/build-kernels.ts` compiles it.
 *
 * Tables are written by `pii/names/tagger.ts`. Arrays of words have two places before the first and behind the last, so that
 * a word's neighbours can be asked for without looking where the text ends.
 */
import {
  CODE,
  DIGITS,
  LINE,
  LOWER,
  MIXED,
  PRIME,
  SIGN,
  TITLE,
  endsAt,
  hashesAt,
  kindsAt,
  startsAt,
  tailsAt,
} from "./words";
export * from "./words";

const COMMON: u32 = 16;
const TABLE_MASK: u32 = (1 << 15) - 1;
const BIAS: u32 = 128;
const LABELS: u32 = 5;
/** Words that are remembered, as a power of two. */
const REMEMBERED_BITS: u32 = 14;
const REMEMBERED_MASK: u32 = (1 << REMEMBERED_BITS) - 1;
const KNOWN_MASK: u32 = (1 << 12) - 1;

/** Five filters: where each lies, how many bits it has, what it says. */
export let filtersAt: usize = 0;
export let smallBitsAt: usize = 0;
export let smallBitsMask: u32 = 0;
export let rememberedAt: usize = 0;
export let firstPassAt: usize = 0;
export let secondPassAt: usize = 0;

export let knownAt: usize = 0;
export let shapesAt: usize = 0;
export let activeAt: usize = 0;
export let firstsAt: usize = 0;
export let tagsAt: usize = 0;
export let taggedAt: usize = 0;

/** What a word's features add up to: five sums. */
const SUMS: usize = 0;

/** Looks words up, and says which a name may begin with (2) and which stand beside one (1). */
export function see(count: u32): void {
  // What is looked up comes from all over a large table: nothing here waits for it.
  for (let at: u32 = 0; at < count; at++) {
    const kind = <u32>load<u8>(kindsAt + at);
    store<u32>(knownAt + (at << 2), kind <= MIXED || kind == CODE ? wordBits(load<u32>(hashesAt + (at << 2))) : 0);
  }
  // Four words at a time; what is written behind the last is written over, or nobody's.
  for (let at: u32 = 0; at < count; at += 4) {
    const kinds = v128.extend_low<u16>(v128.extend_low<u8>(v128.load32_zero(kindsAt + at)));
    const known = v128.load(knownAt + (at << 2));
    const length = i32x4.sub(v128.load(endsAt + (at << 2)), v128.load(startsAt + (at << 2)));
    v128.store(shapesAt + (at << 2), shapesOf(length, kinds, v128.load(hashesAt + (at << 2))));
    const active = v128.and(mayBegin(kinds, known), i32x4.splat(2));
    v128.store32_lane(activeAt + at, v128.narrow<u16>(v128.narrow<u32>(active, active), active), 0);
  }
  store<u16>(activeAt - 2, 0);
  store<u32>(activeAt + count, 0);
  const two = v128.splat<u8>(2);
  for (let at: u32 = 0; at < count; at += 16) {
    const own = v128.load(activeAt + at);
    const before = v128.eq<u8>(v128.load(activeAt + at - 1), two);
    const behind = v128.eq<u8>(v128.load(activeAt + at + 1), two);
    const beside = v128.and(v128.or(before, behind), v128.splat<u8>(1));
    v128.store(activeAt + at, v128.bitselect(own, beside, v128.eq<u8>(own, two)));
  }
  store<u16>(activeAt + count, 0);
  for (let beyond: u32 = 0; beyond < 8; beyond += 4) {
    const before = beyond - 8;
    const behind = (count << 2) + beyond;
    store<u32>(shapesAt + before, 99);
    store<u32>(shapesAt + behind, 99);
    store<u32>(knownAt + before, 1 << 20);
    store<u32>(knownAt + behind, 1 << 20);
    store<u32>(hashesAt + before, 7);
    store<u32>(hashesAt + behind, 7);
  }
}

// @ts-ignore: decorator
@inline
function are(kinds: v128, kind: u32): v128 {
  return i32x4.eq(kinds, i32x4.splat(kind));
}

/** Which of four words a name may begin with: all but signs and ordinary words, in bits of ones. */
// @ts-ignore: decorator
@inline
function mayBegin(kinds: v128, known: v128): v128 {
  const none = i32x4.splat(0);
  const plain = i32x4.eq(v128.and(known, i32x4.splat(~COMMON)), none);
  const common = i32x4.ne(v128.and(known, i32x4.splat(COMMON)), none);
  const ordinary = v128.and(common, v128.or(are(kinds, LOWER), v128.and(are(kinds, TITLE), plain)));
  const words = v128.or(v128.le<u32>(kinds, i32x4.splat(MIXED)), are(kinds, CODE));
  return v128.or(are(kinds, DIGITS), v128.andnot(words, ordinary));
}

/** How four words are written. */
// @ts-ignore: decorator
@inline
function shapesOf(length: v128, kinds: v128, hashes: v128): v128 {
  // What is greater is -1.
  const sizes = i32x4.add(i32x4.gt_s(length, i32x4.splat(1)), i32x4.gt_s(length, i32x4.splat(3)));
  let shapes = i32x4.sub(i32x4.add(i32x4.shl(kinds, 2), i32x4.splat(300)), sizes);
  const digits = i32x4.add(i32x4.splat(200), i32x4.min_u(length, i32x4.splat(7)));
  shapes = v128.bitselect(digits, shapes, are(kinds, DIGITS));
  const codes = i32x4.add(i32x4.splat(210), i32x4.min_u(length, i32x4.splat(5)));
  shapes = v128.bitselect(codes, shapes, are(kinds, CODE));
  const signs = i32x4.add(i32x4.splat(16), v128.and(hashes, i32x4.splat(0xffff)));
  shapes = v128.bitselect(signs, shapes, are(kinds, SIGN));
  return v128.bitselect(i32x4.add(i32x4.splat(10), hashes), shapes, are(kinds, LINE));
}

/**
 * All that is known of a word. What was looked up last is remembered, a word of 32 bits each: that it is there, the hash's upper
 * bits, which with the place give the whole of it, and twelve bits of what is known.
 */
function wordBits(hash: u32): u32 {
  const upper = hash >>> REMEMBERED_BITS;
  const place = rememberedAt + (((hash ^ upper) & REMEMBERED_MASK) << 2);
  const name = (1 << 31) | (upper << 12);
  const remembered = load<u32>(place);
  if ((remembered & ~KNOWN_MASK) == name) return remembered & KNOWN_MASK;
  let slot = (hash ^ (hash >>> 15)) & smallBitsMask;
  let bits = load<u32>(smallBitsAt + (slot << 3), 4);
  while (bits != 0 && load<u32>(smallBitsAt + (slot << 3)) != hash) {
    slot = (slot + 1) & smallBitsMask;
    bits = load<u32>(smallBitsAt + (slot << 3), 4);
  }
  for (let filter = filtersAt; filter < filtersAt + 60; filter += 12)
    if (isHeld(load<u32>(filter), load<u32>(filter, 4), hash)) bits |= load<u32>(filter, 8);
  store<u32>(place, name | bits);
  return bits;
}

function isHeld(bytes: usize, size: u32, hash: u32): bool {
  for (let probe: u32 = 1; probe <= 4; probe++) {
    let mixed = (hash ^ (probe * 0x9e3779b9)) * 0x85ebca6b;
    mixed ^= mixed >>> 13;
    mixed *= 0xc2b2ae35;
    const bit = (mixed ^ (mixed >>> 16)) % size;
    if (((<u32>load<u8>(bytes + (bit >>> 3)) >>> (bit & 7)) & 1) == 0) return false;
  }
  return true;
}

/**
 * Tags words that were seen. For each with a tag, in order, {@link taggedAt} has its place and the sums of the five labels;
 * returns how many there are.
 */
export function tag(count: u32): u32 {
  memory.fill(firstsAt - 2, 0, count + 8);
  memory.fill(tagsAt, 0, count + 4);
  let any: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    if (load<u8>(activeAt + at) != 2) continue;
    const top = best(sumOfWord(firstPassAt, at), 27);
    store<u8>(firstsAt + at, <u8>top);
    any |= top;
  }
  if (any == 0) return 0;
  for (let at: u32 = 0; at < count; at++) {
    if (load<u8>(activeAt + at) != 1) continue;
    const before = load<u8>(activeAt + at - 1) == 2 && load<u8>(firstsAt + at - 1) != 0;
    const behind = load<u8>(activeAt + at + 1) == 2 && load<u8>(firstsAt + at + 1) != 0;
    if (!before && !behind) continue;
    store<u8>(firstsAt + at, <u8>best(sumOfWord(firstPassAt, at), 27));
  }
  let tagged: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    if (load<u8>(activeAt + at) == 0 || !isNearTag(at)) continue;
    const top = best(v128.add<i16>(sumOfWord(secondPassAt, at), sumOfTags(secondPassAt, at, count)), 39);
    if (top == 0) continue;
    store<u8>(tagsAt + at, <u8>top);
    const place = taggedAt + tagged * 24;
    store<u32>(place, at);
    for (let label: usize = 0; label < 20; label += 4) store<i32>(place + label, load<i32>(SUMS + label), 4);
    tagged++;
  }
  return tagged;
}

// @ts-ignore: decorator
@inline
function isNearTag(at: u32): bool {
  return (load<u64>(firstsAt + at - 2) << 24) != 0;
}

// @ts-ignore: decorator
@inline
function seed(number: u32): u32 {
  return (number ^ 0x5bd1e995) * PRIME;
}

// @ts-ignore: decorator
@inline
function half(fact: u32): u32 {
  return fact * 0x297a2d39;
}

// @ts-ignore: decorator
@inline
function placeOf(first: u32, second: u32): u32 {
  let hash = ((first ^ (first >>> 15)) * 0x2c1b3c6d) ^ second;
  hash = (hash ^ (hash >>> 12)) * 0x297a2d39;
  return (hash ^ (hash >>> 15)) & TABLE_MASK;
}

// @ts-ignore: decorator
@inline
function mix(number: u32, a: u32, b: u32): u32 {
  return placeOf(seed(number) ^ a, half(b));
}

/** A feature's weights for the five labels, each raised by {@link BIAS}, in the lower lanes. */
// @ts-ignore: decorator
@inline
function row(rows: usize, number: u32, first: u32, second: u32): v128 {
  return v128.extend_low<u8>(v128.load64_zero(rows + placeOf(seed(number) ^ first, second) * LABELS));
}

/** The sums of what a word and its neighbours speak for: 27 features. */
function sumOfWord(rows: usize, at: u32): v128 {
  const place = at << 2;
  const s2 = load<u32>(shapesAt + place - 8);
  const s1 = load<u32>(shapesAt + place - 4);
  const s = load<u32>(shapesAt + place);
  const t1 = load<u32>(shapesAt + place, 4);
  const t2 = load<u32>(shapesAt + place, 8);
  const b2 = load<u32>(knownAt + place - 8);
  const b1 = load<u32>(knownAt + place - 4);
  const b = load<u32>(knownAt + place);
  const c1 = load<u32>(knownAt + place, 4);
  const c2 = load<u32>(knownAt + place, 8);
  const w2 = load<u32>(hashesAt + place - 8);
  const w1 = load<u32>(hashesAt + place - 4);
  const w = load<u32>(hashesAt + place);
  const v1 = load<u32>(hashesAt + place, 4);
  const v2 = load<u32>(hashesAt + place, 8);
  const hs = half(s);
  const hb = half(b);
  const ht1 = half(t1);
  const hc1 = half(c1);
  let sum = row(rows, 1, s, 0);
  sum = v128.add<i16>(sum, row(rows, 2, b, hs));
  sum = v128.add<i16>(sum, row(rows, 3, w, 0));
  sum = v128.add<i16>(sum, row(rows, 4, load<u32>(tailsAt + place), hs));
  sum = v128.add<i16>(sum, row(rows, 5, w1, hs));
  sum = v128.add<i16>(sum, row(rows, 6, v1, hs));
  sum = v128.add<i16>(sum, row(rows, 7, w2, half(w1)));
  sum = v128.add<i16>(sum, row(rows, 8, v1, half(v2)));
  sum = v128.add<i16>(sum, row(rows, 9, s1, hs));
  sum = v128.add<i16>(sum, row(rows, 10, s, ht1));
  sum = v128.add<i16>(sum, row(rows, 11, b1, hb));
  sum = v128.add<i16>(sum, row(rows, 12, b, hc1));
  sum = v128.add<i16>(sum, row(rows, 13, b1, hs));
  sum = v128.add<i16>(sum, row(rows, 14, c1, hs));
  sum = v128.add<i16>(sum, row(rows, 15, b2, half(s2)));
  sum = v128.add<i16>(sum, row(rows, 16, c2, half(t2)));
  sum = v128.add<i16>(sum, row(rows, 17, w1, hb));
  sum = v128.add<i16>(sum, row(rows, 18, v1, hb));
  sum = v128.add<i16>(sum, row(rows, 19, w2, hs));
  sum = v128.add<i16>(sum, row(rows, 20, v2, hs));
  sum = v128.add<i16>(sum, row(rows, 21, mix(1, s1, s), ht1));
  sum = v128.add<i16>(sum, row(rows, 22, mix(2, b1, b), hc1));
  sum = v128.add<i16>(sum, row(rows, 23, mix(3, s2, s1), hs));
  sum = v128.add<i16>(sum, row(rows, 24, mix(4, s, t1), half(t2)));
  sum = v128.add<i16>(sum, row(rows, 25, w1, half(w)));
  sum = v128.add<i16>(sum, row(rows, 26, w1, 0));
  sum = v128.add<i16>(sum, row(rows, 27, v1, 0));
  return sum;
}

/** The same of the first pass' tags around it: 12 features. */
function sumOfTags(rows: usize, at: u32, count: u32): v128 {
  const a2 = tagAt(at - 2, count);
  const a1 = tagAt(at - 1, count);
  const a = tagAt(at, count);
  const z1 = tagAt(at + 1, count);
  const z2 = tagAt(at + 2, count);
  const b = load<u32>(knownAt + (at << 2));
  const s = load<u32>(shapesAt + (at << 2));
  let sum = row(rows, 40, a, half(0));
  sum = v128.add<i16>(sum, row(rows, 41, a1, half(a)));
  sum = v128.add<i16>(sum, row(rows, 42, a, half(z1)));
  sum = v128.add<i16>(sum, row(rows, 43, mix(5, a1, a), half(z1)));
  sum = v128.add<i16>(sum, row(rows, 44, mix(6, a2, a1), half(a)));
  sum = v128.add<i16>(sum, row(rows, 45, mix(7, a, z1), half(z2)));
  sum = v128.add<i16>(sum, row(rows, 46, a1, half(s)));
  sum = v128.add<i16>(sum, row(rows, 47, z1, half(s)));
  sum = v128.add<i16>(sum, row(rows, 48, mix(8, a1, z1), half(s)));
  sum = v128.add<i16>(sum, row(rows, 49, mix(9, a1, a), half(b)));
  sum = v128.add<i16>(sum, row(rows, 50, mix(10, a, z1), half(b)));
  sum = v128.add<i16>(sum, row(rows, 51, mix(11, a2, a1), half(mix(12, z1, z2))));
  return sum;
}

/** Behind either end, where `at` may have gone round, there is a tag of its own. */
// @ts-ignore: decorator
@inline
function tagAt(at: u32, count: u32): u32 {
  return at >= count ? 7 : <u32>load<u8>(firstsAt + at);
}

/** The label that so many features speak for most, the first of equals; {@link SUMS} has the sums. */
function best(sum: v128, features: u32): u32 {
  const raised = <i32>(features * BIAS);
  store<i32>(SUMS, <i32>i16x8.extract_lane_u(sum, 0) - raised);
  store<i32>(SUMS, <i32>i16x8.extract_lane_u(sum, 1) - raised, 4);
  store<i32>(SUMS, <i32>i16x8.extract_lane_u(sum, 2) - raised, 8);
  store<i32>(SUMS, <i32>i16x8.extract_lane_u(sum, 3) - raised, 12);
  store<i32>(SUMS, <i32>i16x8.extract_lane_u(sum, 4) - raised, 16);
  let top: u32 = 0;
  let most = load<i32>(SUMS);
  for (let label: u32 = 1; label < 5; label++) {
    const other = load<i32>(SUMS + (label << 2));
    if (other <= most) continue;
    most = other;
    top = label;
  }
  return top;
}
