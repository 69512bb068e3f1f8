/**
 * Turns a text into the hashes that documents are recognised by. In: a text. Out: for every run of a few words, one number
 * of 48 bits and where the run stands; case, punctuation, spacing and accents do not count, nor do width and invisible signs.
 *
 * Scripts that write no spaces (Thai, Lao, Khmer, Burmese, Chinese, Japanese) are taken letter by letter, in longer runs.
 * The hash rolls (Karp and Rabin 1987): one step a word, whatever the text is.
 */

/** One way of cutting a text into units. */
export interface Channel {
  /** Units in a run. */
  readonly run: number;
  /** Runs looked at together, and how many of them must be known to call it the document. */
  readonly window: number;
  readonly needed: number;
}

/** Words: five in a run; eight known runs of thirty-two, which is twelve words one after another. */
export const wordChannel: Channel = { run: 5, window: 32, needed: 8 };
/** Letters of an unspaced script: sixteen in a run; twenty-four of ninety-six. */
export const letterChannel: Channel = { run: 16, window: 96, needed: 24 };

/** A longer run of letters is no word: it is passed over, and runs do not reach across it. */
const maxWord = 48;
/** White space and signs between two words; more of it parts runs. */
const maxGap = 24;

export interface Grams {
  readonly count: number;
  /** The upper 16 and the lower 32 bits of each hash. */
  readonly highs: Uint16Array;
  readonly lows: Uint32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** The longest stretch that one run and its gaps cover, in code units. */
export const longestRun = Math.max(wordChannel.run * (maxWord + maxGap), letterChannel.run * (1 + maxGap));

interface Units {
  readonly count: number;
  readonly hashes: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 where a unit does not go on from the one before. */
  readonly breaks: Uint8Array;
}

let classes: Uint8Array | undefined;
/** Accents of Latin, Greek and Cyrillic, which are apart from their letters in some forms of Unicode; what nobody sees. */
const passedOver = /[\u0300-\u036f\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]/;

/** 0 neither, 1 letter or digit, 2 letter of an unspaced script, 3 what counts for nothing. */
function classesOfUnits(): Uint8Array {
  classes ??= Uint8Array.from({ length: 65536 }, (_, unit) => {
    const char = String.fromCharCode(unit);
    if (passedOver.test(char)) return 3;
    if (/[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/.test(char))
      return /[\p{L}\p{M}\p{N}]/u.test(char) ? 2 : 0;
    return /[\p{L}\p{M}\p{N}]/u.test(char) ? 1 : 0;
  });
  return classes;
}

/** The words of a text, or its unspaced letters. */
function unitsOf(text: string, unspaced: boolean): Units {
  const kinds = classesOfUnits();
  const wanted = unspaced ? 2 : 1;
  const hashes = new Int32Array(text.length);
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  const breaks = new Uint8Array(text.length);
  let count = 0;
  let broken = 1;
  let last = 0;
  for (let at = 0; at < text.length;) {
    const kind = kinds[text.charCodeAt(at)] ?? 0;
    if (kind !== wanted) {
      if (kind === 1 || kind === 2) broken = 1;
      at++;
      continue;
    }
    const start = at;
    let hash = 0x811c9dc5;
    let next = kind;
    do {
      if (next !== 3) hash = Math.imul(hash ^ plain(text.charCodeAt(at)), 0x01000193);
      at++;
      next = kinds[text.charCodeAt(at)] ?? 0;
    } while (!unspaced && at < text.length && (next === 1 || next === 3));
    if (at - start > maxWord) {
      broken = 1;
      continue;
    }
    hashes[count] = hash;
    starts[count] = start;
    ends[count] = at;
    breaks[count] = broken === 1 || start - last > maxGap ? 1 : 0;
    count++;
    broken = 0;
    last = at;
  }
  return { count, hashes, starts, ends, breaks };
}

let plains: Uint16Array | undefined;

/** In small letters, without accents and full width: what a text has in any form of Unicode (UAX 15). */
function plain(unit: number): number {
  if (unit < 128) return unit >= 65 && unit < 91 ? unit | 32 : unit;
  plains ??= Uint16Array.from({ length: 65536 }, (_, each) => {
    const char = String.fromCharCode(each);
    const [letter = char, ...marks] = char.normalize("NFKD");
    const bare = letter.length === 1 && marks.every((mark) => /[\u0300-\u036f]/.test(mark)) ? letter : char;
    const small = bare.toLowerCase();
    return (small.length === 1 ? small : bare).charCodeAt(0);
  });
  return plains[unit] as number;
}

const baseOne = 0x2c1b3c6d;
const baseTwo = 0x5bd1e995 | 1;

/** Whether a text has letters of a script without spaces. */
export function hasUnspaced(text: string): boolean {
  const kinds = classesOfUnits();
  for (let at = 0; at < text.length; at++) if (kinds[text.charCodeAt(at)] === 2) return true;
  return false;
}

/** All runs of a text, by start. */
export function gramsOf(text: string, unspaced: boolean): Grams {
  const { run } = unspaced ? letterChannel : wordChannel;
  const units = unitsOf(text, unspaced);
  const highs = new Uint16Array(units.count);
  const lows = new Uint32Array(units.count);
  const starts = new Int32Array(units.count);
  const ends = new Int32Array(units.count);
  const dropOne = power(baseOne, run);
  const dropTwo = power(baseTwo, run);
  let one = 0;
  let two = 0;
  let length = 0;
  let count = 0;
  for (let at = 0; at < units.count; at++) {
    if (units.breaks[at] === 1) one = two = length = 0;
    const here = units.hashes[at] ?? 0;
    one = (Math.imul(one, baseOne) + here) | 0;
    two = (Math.imul(two, baseTwo) + Math.imul(here, 0x85ebca6b)) | 0;
    length++;
    if (length > run) {
      const gone = units.hashes[at - run] ?? 0;
      one = (one - Math.imul(gone, dropOne)) | 0;
      two = (two - Math.imul(Math.imul(gone, 0x85ebca6b), dropTwo)) | 0;
    }
    if (length < run) continue;
    highs[count] = stir(two) >>> 16;
    lows[count] = stir(one) >>> 0;
    starts[count] = units.starts[at - run + 1] ?? 0;
    ends[count] = units.ends[at] ?? 0;
    count++;
  }
  return { count, highs, lows, starts, ends };
}

/** Where the last `run - 1` units begin: a run may begin there that what follows completes. `text.length` without any. */
export function openRunFrom(text: string, unspaced: boolean): number {
  const { run } = unspaced ? letterChannel : wordChannel;
  const from = Math.max(0, text.length - longestRun);
  const units = unitsOf(text.slice(from), unspaced);
  if (units.count === 0) return text.length;
  // The last word may go on; so a run may begin with any of the last `run` words.
  return from + (units.starts[Math.max(0, units.count - run)] ?? 0);
}

function power(base: number, exponent: number): number {
  let out = 1;
  for (let at = 0; at < exponent; at++) out = Math.imul(out, base);
  return out;
}

/** The finaliser of MurmurHash3. */
function stir(hash: number): number {
  let out = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  out = Math.imul(out ^ (out >>> 13), 0xc2b2ae35);
  return out ^ (out >>> 16);
}
