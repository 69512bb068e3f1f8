/**
 * What several detectors ask of every text: what hides in it, whether its end is gibberish, where words of a list stand. It
 * says what `normalise/encodings.ts`, `gibberish/features.ts` and `matching/aho-corasick.ts` say; tests hold them together.
 * AssemblyScript: `node tools/build-kernels.ts` compiles it. Tables are written by `kernels/scanner.ts`.
 */
export * from "./ending";
export * from "./walk";

/** A text's units, with 64 zeros behind them. */
export let sourceAt: usize = 0;
/** A bit for each unit: digits of ASCII. */
export let digitBitsAt: usize = 0;
/** ... and signs that escapes begin with. */
export let escapeBitsAt: usize = 0;
/** For each unit, what makes somebody look closer at the text. */
export let flagsAt: usize = 0;
/** Pairs of places: where runs of base64's alphabet begin and end that may be a code. */
export let runsAt: usize = 0;
/** Blocks of 64 units in which so many single letters one after another end: where each begins. */
export let lonelyAt: usize = 0;
/** What each unit stands for in numbers; 0 where it is itself. */
export let standInsAt: usize = 0;
/** A text's units with what they stand for, and the digits of that. */
export let plainAt: usize = 0;
export let plainDigitBitsAt: usize = 0;

/** Where is said what is no array, in words of 32 bits: see `kernels/scanner.ts`. */
const RUNS: usize = 128;
const ESCAPES: usize = 132;
const LONELY_BLOCKS: usize = 136;
const PARTED: usize = 148;
const LONGEST_RUN: usize = 152;
const FLAGS: usize = 156;

/** From so many single letters in a row on, somebody looks closer. */
const LONELY: u32 = 8;
const SHORTEST_RUN: u32 = 16;
const LONGEST_WORD: u32 = 40;

// @ts-ignore: decorator
@inline
function within(bytes: v128, first: u8, count: u8): v128 {
  return v128.lt<u8>(v128.sub<u8>(bytes, v128.splat<u8>(first)), v128.splat<u8>(count));
}

// @ts-ignore: decorator
@inline
function is(bytes: v128, unit: u8): v128 {
  return v128.eq<u8>(bytes, v128.splat<u8>(unit));
}

/** One pass over a text of so many units: see `survey` in `normalise/encodings.ts`. */
export function survey(length: u32): void {
  const source = sourceAt;
  memory.fill(source + (length << 1), 0, 256);
  const byte = v128.splat<u16>(0xff);
  let flags: u32 = 0;
  let longestRun: u32 = 0;
  let escapes: u32 = 0;
  let runs: usize = runsAt;
  let runStart: u32 = 0;
  let streak: u32 = 0;
  let lonely: usize = lonelyAt;
  // Whether no word is longer than 40 signs, by ASCII's white space; where the last of that was.
  let parted = true;
  let space: u32 = 0;
  // Letters among the two units before a block: the one right before it is bit 1.
  let before: u64 = 0;
  for (let base: u32 = 0; base <= length; base += 64) {
    let letters: u64 = 0;
    let codes: u64 = 0;
    let wide: u64 = 0;
    let spaces: u64 = 0;
    for (let part: u32 = 0; part < 64; part += 16) {
      const at = source + ((base + part) << 1);
      const one = v128.load(at);
      const two = v128.load(at, 16);
      const bytes = v128.narrow<u16>(v128.min<u16>(one, byte), v128.min<u16>(two, byte));
      const plain = within(v128.or(bytes, v128.splat<u8>(0x20)), 0x61, 26);
      const letter = v128.or(plain, v128.ge<u8>(bytes, v128.splat<u8>(0xc0)));
      const digits = v128.or(within(bytes, 0x2f, 11), v128.or(is(bytes, 0x2b), is(bytes, 0x2d)));
      const code = v128.or(v128.or(plain, digits), v128.or(is(bytes, 0x3d), is(bytes, 0x5f)));
      const escape = v128.or(v128.or(is(bytes, 0x25), is(bytes, 0x26)), is(bytes, 0x5c));
      store<u16>(digitBitsAt + ((base + part) >>> 3), <u16>v128.bitmask<i8>(within(bytes, 0x30, 10)));
      wide |= <u64>(<u32>v128.bitmask<i8>(bytes)) << part;
      letters |= <u64>(<u32>v128.bitmask<i8>(letter)) << part;
      codes |= <u64>(<u32>v128.bitmask<i8>(code)) << part;
      const blank = v128.or(within(bytes, 9, 5), is(bytes, 0x20));
      spaces |= <u64>(<u32>v128.bitmask<i8>(blank)) << part;
      const escapeBits = <u32>v128.bitmask<i8>(escape);
      store<u16>(escapeBitsAt + ((base + part) >>> 3), <u16>escapeBits);
      escapes += popcnt<u32>(escapeBits);
    }
    for (; wide != 0; wide &= wide - 1)
      flags |= <u32>load<u8>(flagsAt + <u32>load<u16>(source + ((base + <u32>ctz<u64>(wide)) << 1)));
    if (base + 64 > length) spaces |= ~(<u64>0) << <u64>(length - base);
    if (spaces == 0) parted = false;
    else {
      // Bits that are left stand at the beginning of so many other bits.
      let long = ~spaces;
      long &= long >>> 1;
      long &= long >>> 2;
      long &= long >>> 4;
      long &= long >>> 8;
      long &= long >>> 16;
      long &= long >>> 9;
      parted = parted && long == 0 && base + <u32>ctz<u64>(spaces) - space <= LONGEST_WORD;
      space = base + 64 - <u32>clz<u64>(spaces);
    }
    // What is no letter and stands behind one ends a word: of one letter, or of more.
    const last = (letters << 1) | (before >>> 1);
    const lastButOne = (letters << 2) | before;
    const single = ~letters & last & ~lastButOne;
    const more = ~letters & last & lastButOne;
    before = (letters >>> 62) & 3;
    const singles = <u32>popcnt<u64>(single);
    if (streak + singles < LONELY) {
      if (more == 0) streak += singles;
      else streak = <u32>popcnt<u64>(single & ~(~(<u64>0) >>> <u64>clz<u64>(more)));
    } else {
      let longest: u32 = 0;
      for (let ends = single | more; ends != 0; ends &= ends - 1) {
        streak = ((ends & (0 - ends)) & single) != 0 ? streak + 1 : 0;
        longest = max(longest, streak);
      }
      if (longest >= LONELY) {
        store<u32>(lonely, base);
        lonely += 4;
      }
    }
    for (let gaps = ~codes; gaps != 0; gaps &= gaps - 1) {
      const at = base + <u32>ctz<u64>(gaps);
      if (at - runStart >= 8) {
        longestRun = max(longestRun, at - runStart);
        if (at <= length && (at - runStart >= SHORTEST_RUN || hasDigit(source, runStart, at))) {
          store<u32>(runs, runStart);
          store<u32>(runs, at, 4);
          runs += 8;
        }
      }
      runStart = at + 1;
    }
  }
  store<u32>(RUNS, <u32>(runs - runsAt) >>> 2);
  store<u32>(ESCAPES, escapes);
  store<u32>(LONELY_BLOCKS, <u32>(lonely - lonelyAt) >>> 2);
  store<u32>(PARTED, u32(parted));
  store<u32>(LONGEST_RUN, longestRun);
  store<u32>(FLAGS, flags);
}

function hasDigit(source: usize, from: u32, to: u32): bool {
  for (let at = from; at < to; at++) {
    const unit = <u32>load<u16>(source + (at << 1));
    if (unit - 0x2f < 11 || unit == 0x2b || unit == 0x2d) return true;
  }
  return false;
}

/** Writes a text's units with what they stand for: see `pii/plain-signs.ts`. */
export function plain(length: u32): void {
  const limit = v128.splat<u16>(0x7f);
  for (let base: u32 = 0; base <= length; base += 16) {
    const at = base << 1;
    const one = v128.load(sourceAt + at);
    const two = v128.load(sourceAt + at, 16);
    v128.store(plainAt + at, one);
    v128.store(plainAt + at, two, 16);
    let digits = <u32>load<u16>(digitBitsAt + (base >>> 3));
    if (v128.any_true(v128.gt<u16>(v128.max<u16>(one, two), limit)))
      for (let place = base; place < base + 16; place++) {
        const stands = <u32>load<u8>(standInsAt + <u32>load<u16>(sourceAt + (place << 1)));
        if (stands == 0) continue;
        store<u16>(plainAt + (place << 1), <u16>stands);
        digits |= u32(stands - 0x30 < 10) << (place - base);
      }
    store<u16>(plainDigitBitsAt + (base >>> 3), <u16>digits);
  }
}
