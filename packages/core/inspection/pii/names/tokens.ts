/**
 * Cuts a text into the words that the name tagger looks at. In: a text. Out: parallel arrays, by start. A word is a run of
 * letters, a run of digits, one sign, or the line ends between two lines; where it begins depends on its neighbours alone.
 */

import { unitsOf } from "../../normalise/units.ts";

export const kind = {
  lower: 0,
  title: 1,
  upper: 2,
  mixed: 3,
  digits: 4,
  /** Letters and digits in one run. */
  code: 5,
  sign: 6,
  line: 7,
  /** Letters of a script that writes no spaces, or a run too long for a word: never part of a name here. */
  other: 8,
} as const;

export interface Tokens {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly kinds: Uint8Array;
  /** FNV-1a of the word in small letters. */
  readonly hashes: Int32Array;
  /** FNV-1a of the last three letters, of the first two with the length. */
  readonly tails: Int32Array;
}

/** A longer run of letters is no word. */
export const maxWord = 20;

const unit = { space: 0, lower: 1, upper: 2, digit: 3, sign: 4, line: 5, unspaced: 6 } as const;

/** What each code unit is, and its small letter. Made once, when the first text comes. */
let classes: Uint8Array | undefined;
let smalls: Uint16Array | undefined;

function classesOfUnits(): Uint8Array {
  if (classes !== undefined) return classes;
  const made = new Uint8Array(65536);
  const small = new Uint16Array(65536);
  for (let code = 0; code < 65536; code++) {
    const char = String.fromCharCode(code);
    const lower = char.toLowerCase();
    small[code] = lower.length === 1 ? lower.charCodeAt(0) : code;
    if (code === 10 || code === 13 || code === 0x2028) made[code] = unit.line;
    else if (/\s/.test(char)) made[code] = unit.space;
    else if (code >= 48 && code < 58) made[code] = unit.digit;
    else if (/[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(char))
      made[code] = unit.unspaced;
    else if (/\p{L}|\p{M}/u.test(char)) made[code] = lower === char ? unit.lower : unit.upper;
    else made[code] = unit.sign;
  }
  smalls = small;
  classes = made;
  return made;
}

/** The tables that words are cut by, for a kernel that does the same. */
export function wordTables(): { classes: Uint8Array; smalls: Uint16Array } {
  const made = classesOfUnits();
  return { classes: made, smalls: smalls ?? new Uint16Array(0) };
}

interface Room {
  readonly starts: Int32Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
  readonly kinds: Uint8Array<ArrayBuffer>;
  readonly hashes: Int32Array<ArrayBuffer>;
  readonly tails: Int32Array<ArrayBuffer>;
}

function makeRoom(length: number): Room {
  return {
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    kinds: new Uint8Array(length),
    hashes: new Int32Array(length),
    tails: new Int32Array(length),
  };
}

let shared = makeRoom(4096);
/** Texts longer than this get a room of their own, so that one giant does not stay in memory. */
const longestShared = 1 << 18;

function roomFor(length: number): Room {
  if (length > longestShared) return makeRoom(length);
  if (shared.starts.length < length) shared = makeRoom(Math.max(length, shared.starts.length * 2));
  return shared;
}

/** The words of a text, in arrays of their own. */
export function tokenize(text: string): Tokens {
  const { count, starts, ends, kinds, hashes, tails } = tokenizeInto(text, makeRoom(text.length));
  return {
    count,
    starts: starts.slice(0, count),
    ends: ends.slice(0, count),
    kinds: kinds.slice(0, count),
    hashes: hashes.slice(0, count),
    tails: tails.slice(0, count),
  };
}

/** As {@link tokenize}, in arrays that are longer than `count`, and that the next call writes over. */
export function tokenizeShared(text: string): Tokens {
  return tokenizeInto(text, roomFor(text.length));
}

function tokenizeInto(text: string, { starts, ends, kinds, hashes, tails }: Room): Tokens {
  const units = unitsOf(text);
  const kindOf = classesOfUnits();
  const small = smalls ?? new Uint16Array(0);
  const most = text.length;
  let count = 0;
  let at = 0;
  while (at < most) {
    const first = units[at] as number;
    const what = kindOf[first] as number;
    if (what === unit.space) {
      at++;
      continue;
    }
    const start = at;
    let hash = 0x811c9dc5;
    let tail = 0;
    if (what === unit.sign) {
      at++;
      hash = Math.imul(hash ^ first, 0x01000193);
      kinds[count] = kind.sign;
    } else if (what === unit.line) {
      let lines = 0;
      for (; at < most; at++) {
        const here = kindOf[units[at] as number];
        if (here !== unit.line && here !== unit.space) break;
        if (units[at] === 10) lines++;
      }
      hash = lines > 1 ? 2 : 1;
      kinds[count] = kind.line;
    } else {
      let lowers = 0;
      let uppers = 0;
      let digits = 0;
      let unspaced = 0;
      for (; at < most; at++) {
        const code = units[at] as number;
        const here = kindOf[code];
        if (here === unit.lower) lowers++;
        else if (here === unit.upper) uppers++;
        else if (here === unit.digit) digits++;
        else if (here === unit.unspaced) unspaced++;
        else break;
        hash = Math.imul(hash ^ (small[code] as number), 0x01000193);
      }
      const length = at - start;
      const one = small[units[at - 1] as number] as number;
      const two = length > 1 ? (small[units[at - 2] as number] as number) : 0;
      const three = length > 2 ? (small[units[at - 3] as number] as number) : 0;
      tail = Math.imul(Math.imul(three, 31) + two, 31) + one;
      kinds[count] = kindOfWord(what === unit.upper, lowers, uppers, digits, unspaced);
    }
    starts[count] = start;
    ends[count] = at;
    hashes[count] = hash;
    tails[count] = tail;
    count++;
  }
  return { count, starts, ends, kinds, hashes, tails };
}

function kindOfWord(capital: boolean, lowers: number, uppers: number, digits: number, unspaced: number): number {
  const length = lowers + uppers + digits + unspaced;
  if (unspaced > 0 || length > maxWord) return kind.other;
  if (digits > 0) return lowers + uppers === 0 ? kind.digits : kind.code;
  if (uppers === 0) return kind.lower;
  if (capital && uppers === 1) return kind.title;
  return lowers === 0 ? kind.upper : kind.mixed;
}

/** The hash that {@link tokenize} gives a word. */
export function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  const lower = word.toLowerCase();
  for (let at = 0; at < lower.length; at++) hash = Math.imul(hash ^ lower.charCodeAt(at), 0x01000193);
  return hash | 0;
}
