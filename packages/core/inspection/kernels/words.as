/** Cuts a text into the words that the name tagger looks at: what `pii/names/tokens.ts` says. */

// Kinds of words: see `pii/names/tokens.ts`.
export const LOWER: u32 = 0;
export const TITLE: u32 = 1;
export const UPPER: u32 = 2;
export const MIXED: u32 = 3;
export const DIGITS: u32 = 4;
export const CODE: u32 = 5;
export const SIGN: u32 = 6;
export const LINE: u32 = 7;
export const OTHER: u32 = 8;

// Classes of units.
const IS_SPACE: u32 = 0;
const IS_LOWER: u32 = 1;
const IS_UPPER: u32 = 2;
const IS_DIGIT: u32 = 3;
const IS_SIGN: u32 = 4;
const IS_LINE: u32 = 5;
const IS_UNSPACED: u32 = 6;

export const SEED: u32 = 0x811c9dc5;
export const PRIME: u32 = 0x01000193;
const LONGEST_WORD: u32 = 20;

export let classesAt: usize = 0;
export let smallsAt: usize = 0;
export let sourceAt: usize = 0;
/** A byte for each unit, in small letters; what is beyond ASCII is no letter there. */
export let bytesAt: usize = 0;
/** A bit for each unit: letters and digits of ASCII, its capitals, its digits, its spaces. */
export let wordBitsAt: usize = 0;
export let capitalBitsAt: usize = 0;
export let digitBitsAt: usize = 0;
export let spaceBitsAt: usize = 0;
/** What is beyond ASCII. */
export let wideBitsAt: usize = 0;
export let startsAt: usize = 0;
export let endsAt: usize = 0;
export let hashesAt: usize = 0;
export let tailsAt: usize = 0;
export let kindsAt: usize = 0;

/** Cuts a text into words; returns how many. */
export function tokenize(most: u32): u32 {
  survey(most);
  let count: u32 = 0;
  let at: u32 = 0;
  for (;;) {
    // The next unit that is no space of ASCII.
    let rest = bitsFrom(spaceBitsAt, at) ^ FIRST_BITS;
    while (rest == 0 && at < most) {
      at += BITS;
      rest = bitsFrom(spaceBitsAt, at) ^ FIRST_BITS;
    }
    at += <u32>ctz<u64>(rest);
    if (at >= most) break;
    const length = <u32>ctz<u64>(~bitsFrom(wordBitsAt, at));
    if (length - 1 < LONGEST_WORD && (bitsFrom(wideBitsAt, at + length) & 1) == 0) {
      addPlain(count++, at, length);
      at += length;
    } else {
      const next = addOther(count, at, most);
      if (next < 0) at++;
      else {
        count++;
        at = <u32>next;
      }
    }
  }
  return count;
}

/** How many bits {@link bitsFrom} gives at least. */
const BITS: u32 = 56;
const FIRST_BITS: u64 = (1 << BITS) - 1;

// @ts-ignore: decorator
@inline
function bitsFrom(bits: usize, at: u32): u64 {
  return (load<u64>(bits + (at >>> 3)) >>> <u64>(at & 7)) & FIRST_BITS;
}

// @ts-ignore: decorator
@inline
function within(bytes: v128, first: u8, count: u8): v128 {
  return v128.lt<u8>(v128.sub<u8>(bytes, v128.splat<u8>(first)), v128.splat<u8>(count));
}

/** Writes the bytes and bits of a text; behind it there is nothing but zeros. */
function survey(most: u32): void {
  const source = sourceAt;
  memory.fill(source + (most << 1), 0, 192);
  const byte = v128.splat<u16>(0xff);
  for (let at: u32 = 0; at < most + 64; at += 16) {
    const place = source + (at << 1);
    const bytes = v128.narrow<u16>(v128.min<u16>(v128.load(place), byte), v128.min<u16>(v128.load(place, 16), byte));
    const capitals = within(bytes, 0x41, 26);
    const small = v128.or(bytes, v128.and(capitals, v128.splat<u8>(0x20)));
    const digits = within(bytes, 0x30, 10);
    const spaces = v128.or(
      v128.or(v128.eq<u8>(bytes, v128.splat<u8>(9)), v128.eq<u8>(bytes, v128.splat<u8>(32))),
      within(bytes, 11, 2),
    );
    const bits = at >>> 3;
    v128.store(bytesAt + at, small);
    store<u16>(wordBitsAt + bits, <u16>v128.bitmask<i8>(v128.or(digits, within(small, 0x61, 26))));
    store<u16>(capitalBitsAt + bits, <u16>v128.bitmask<i8>(capitals));
    store<u16>(digitBitsAt + bits, <u16>v128.bitmask<i8>(digits));
    store<u16>(spaceBitsAt + bits, <u16>v128.bitmask<i8>(spaces));
    store<u16>(wideBitsAt + bits, <u16>v128.bitmask<i8>(bytes));
  }
}

// @ts-ignore: decorator
@inline
function step(hash: u32, eight: u64, at: u32, length: u32): u32 {
  const next = (hash ^ (<u32>(eight >>> <u64>(at << 3)) & 0xff)) * PRIME;
  return select<u32>(next, hash, at < length);
}

/**
 * A word of letters and digits of ASCII. Where its hash ends is not guessed at: eight steps are made, and those that are too many
 * change nothing.
 */
function addPlain(count: u32, at: u32, length: u32): void {
  const bytes = bytesAt + at;
  const eight = load<u64>(bytes);
  let hash = step(SEED, eight, 0, length);
  hash = step(hash, eight, 1, length);
  hash = step(hash, eight, 2, length);
  hash = step(hash, eight, 3, length);
  hash = step(hash, eight, 4, length);
  hash = step(hash, eight, 5, length);
  hash = step(hash, eight, 6, length);
  hash = step(hash, eight, 7, length);
  for (let index: u32 = 8; index < length; index++) hash = (hash ^ <u32>load<u8>(bytes + index)) * PRIME;
  const last = bytes + length - 1;
  const one = <u32>load<u8>(last);
  const two = select<u32>(<u32>load<u8>(last - 1), 0, length > 1);
  const three = select<u32>(<u32>load<u8>(last - 2), 0, length > 2);
  const mask = (<u64>1 << <u64>length) - 1;
  const capitalBits = bitsFrom(capitalBitsAt, at) & mask;
  const capitals = <u32>popcnt<u64>(capitalBits);
  const digits = <u32>popcnt<u64>(bitsFrom(digitBitsAt, at) & mask);
  const seen =
    (u32(digits > 0) << IS_DIGIT) |
    (u32(capitals > 0) << IS_UPPER) |
    (u32(digits + capitals < length) << IS_LOWER);
  const kind = kindOfWord((capitalBits & 1) != 0, seen, capitals, length);
  write(count, at, at + length, kind, hash, (three * 31 + two) * 31 + one);
}

// @ts-ignore: decorator
@inline
function write(count: u32, start: u32, end: u32, kind: u32, hash: u32, tail: u32): void {
  store<u32>(startsAt + (count << 2), start);
  store<u32>(endsAt + (count << 2), end);
  store<u8>(kindsAt + count, <u8>kind);
  store<u32>(hashesAt + (count << 2), hash);
  store<u32>(tailsAt + (count << 2), tail);
}

/** A sign, the line ends between two lines, or any other word; returns where it ends, or -1 where a space stands. */
function addOther(count: u32, start: u32, most: u32): i32 {
  const units = sourceAt;
  const classes = classesAt;
  const smalls = smallsAt;
  const first = <u32>load<u16>(units + (start << 1));
  const what = <u32>load<u8>(classes + first);
  if (what == IS_SPACE) return -1;
  let at = start;
  if (what == IS_SIGN) {
    at++;
    write(count, start, at, SIGN, (SEED ^ first) * PRIME, 0);
    return <i32>at;
  }
  if (what == IS_LINE) {
    let lines: u32 = 0;
    for (; at < most; at++) {
      const unit = <u32>load<u16>(units + (at << 1));
      const here = <u32>load<u8>(classes + unit);
      if (here != IS_LINE && here != IS_SPACE) break;
      if (unit == 10) lines++;
    }
    write(count, start, at, LINE, lines > 1 ? 2 : 1, 0);
    return <i32>at;
  }
  let hash: u32 = SEED;
  // A bit for each class that occurs, and how many capitals there are.
  let seen: u32 = 0;
  let capitals: u32 = 0;
  let one: u32 = 0;
  let two: u32 = 0;
  let three: u32 = 0;
  for (; at < most; at++) {
    const unit = <u32>load<u16>(units + (at << 1));
    const here = <u32>load<u8>(classes + unit);
    if (((1 << here) & ((1 << IS_SPACE) | (1 << IS_SIGN) | (1 << IS_LINE))) != 0) break;
    seen |= 1 << here;
    capitals += u32(here == IS_UPPER);
    three = two;
    two = one;
    one = <u32>load<u16>(smalls + (unit << 1));
    hash = (hash ^ one) * PRIME;
  }
  const kind = kindOfWord(what == IS_UPPER, seen, capitals, at - start);
  write(count, start, at, kind, hash, (three * 31 + two) * 31 + one);
  return <i32>at;
}

function kindOfWord(capital: bool, seen: u32, capitals: u32, length: u32): u32 {
  if ((seen & (1 << IS_UNSPACED)) != 0 || length > LONGEST_WORD) return OTHER;
  const letters = (seen & ((1 << IS_LOWER) | (1 << IS_UPPER))) != 0;
  if ((seen & (1 << IS_DIGIT)) != 0) return letters ? CODE : DIGITS;
  if (capitals == 0) return LOWER;
  if (capital && capitals == 1) return TITLE;
  return (seen & (1 << IS_LOWER)) == 0 ? UPPER : MIXED;
}
