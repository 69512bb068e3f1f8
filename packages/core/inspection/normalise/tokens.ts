/**
 * Cuts a folded text into words, runs of scripts that write no spaces, numbers and marks. In: folded text. Out: parallel
 * arrays of spans, kinds and hashes, for detectors that compare hashes instead of strings.
 *
 * Words are hashed by their skeleton: digits and signs that stand for letters count as the letter (`1gn0re`, `p@ss`), and
 * `l`, `1`, `|`, `!` as `i`, so that plain and disguised spellings meet. One pass, no allocation per token.
 */

import type { Folded } from "./fold.ts";

/** A run of letters, with the digits and signs inside it. */
export const wordToken = 1;
/** A piece of a run of Han or kana (2 units), Thai, Lao, Khmer or Burmese (6), which write no spaces between words. */
export const unspacedToken = 2;
/** A run of digits. */
export const numberToken = 3;
/** A run of up to four signs other than comma, full stop and apostrophe. */
export const markToken = 4;

/** The arrays are longer than {@link count}, and the next call writes over them. */
export interface Tokens {
  /** The folded text that was cut. */
  readonly folded: Folded;
  /** Its words: made when they are asked for. */
  readonly text: string;
  readonly units: Uint16Array;
  readonly count: number;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly kind: Uint8Array;
  /** Of words: the hash of the skeleton. Of marks: of the signs. Of the rest: 0. */
  readonly hash: Int32Array;
  /** 1 where a token begins a sentence, a line or a clause: after a full stop, a line break or a mark. */
  readonly opens: Uint8Array;
  /** Of words: 1 where one holds a digit or sign. */
  readonly stands: Uint8Array;
  /** How many words hold a digit or sign in a letter's place. */
  readonly disguised: number;
}

export const hashSeed = 0x811c9dc5 | 0;

/** FNV-1a over code units instead of bytes. */
export function hashStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** The hash that {@link tokenize} gives a folded word. */
export function hashOfWord(plain: string): number {
  let hash = hashSeed;
  for (let at = 0; at < plain.length; at++) {
    const unit = plain.charCodeAt(at);
    hash = hashStep(hash, unit < 0x80 ? (skeleton[unit] ?? unit) : unit);
  }
  return hash;
}

/** What each ASCII sign is to a skeleton: the letter that it is or stands for; 0 where it stands for none. */
export const skeleton: Uint8Array = makeSkeleton();

function makeSkeleton(): Uint8Array {
  const table = new Uint8Array(128);
  for (let letter = 0x61; letter <= 0x7a; letter++) table[letter] = letter;
  const stand = (from: string, to: string): void => {
    for (let at = 0; at < from.length; at++) table[from.charCodeAt(at)] = to.charCodeAt(at);
  };
  stand("l0123456789@$!|+", "ioizeasgtbgasiit");
  return table;
}

/** What each small letter of ASCII is to a skeleton; 0 for everything else. */
const letterBones = Uint8Array.from({ length: 128 }, (_, unit) =>
  unit >= 0x61 && unit <= 0x7a ? (skeleton[unit] as number) : 0,
);
const isSign = new Uint8Array(128);
for (const sign of "@$!|+") isSign[sign.charCodeAt(0)] = 1;

/** 0 nothing, 1 letter, 2 digit, 3 unspaced script, 4 mark, 5 unmarked punctuation. */
const classes: Uint8Array = makeClasses();

function makeClasses(): Uint8Array {
  const table = new Uint8Array(0x10000);
  table.fill(1, 0xaa, 0x10000);
  for (let unit = 0x21; unit < 0x7f; unit++) table[unit] = 4;
  for (let unit = 0x61; unit <= 0x7a; unit++) table[unit] = 1;
  for (let unit = 0x41; unit <= 0x5a; unit++) table[unit] = 1;
  for (let unit = 0x30; unit <= 0x39; unit++) table[unit] = 2;
  for (const plain of ",.'") table[plain.charCodeAt(0)] = 5;
  for (const sign of "«»·¿¡§¶©®°±×÷") table[sign.charCodeAt(0)] = 5;
  table.fill(3, 0x0e00, 0x0f00); // Thai, Lao
  table.fill(3, 0x1000, 0x10a0); // Burmese
  table.fill(3, 0x1780, 0x1800); // Khmer
  table.fill(5, 0x2000, 0x2c00); // punctuation, arrows, symbols
  table.fill(5, 0x3000, 0x3040); // CJK punctuation
  table.fill(3, 0x3040, 0x3100); // kana
  table.fill(3, 0x3400, 0xa000); // Han
  table.fill(3, 0xf900, 0xfb00);
  table.fill(5, 0xff00, 0x10000);
  table.fill(5, 0xd800, 0xe000); // pairs: emoji and rare scripts
  for (const stop of "।॥،؛؟،") table[stop.charCodeAt(0)] = 5;
  return table;
}

/** The tables that cutting goes by, for a kernel that does the same. */
export const tokenTables = { classes, bones: letterBones, skeleton, signs: isSign } as const;

/** Letter class of a code unit of folded text: see {@link classes}. */
export function classOf(unit: number): number {
  return classes[unit] ?? 0;
}

interface Room {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly kind: Uint8Array;
  readonly hash: Int32Array;
  readonly opens: Uint8Array;
  /** Of words: 1 where one holds a digit or sign. */
  readonly stands: Uint8Array;
}

function makeRoom(length: number): Room {
  return {
    start: new Int32Array(length),
    end: new Int32Array(length),
    kind: new Uint8Array(length),
    hash: new Int32Array(length),
    opens: new Uint8Array(length),
    stands: new Uint8Array(length),
  };
}

let shared = makeRoom(8192);
/** As in `fold.ts`: one room for all texts up to this length. */
const longestShared = 1 << 20;

function roomFor(length: number): Room {
  if (length > longestShared) return makeRoom(length);
  if (shared.start.length < length) shared = makeRoom(Math.max(length, shared.start.length * 2));
  return shared;
}

export class TokenList implements Tokens {
  readonly folded: Folded;
  readonly units: Uint16Array;
  readonly count: number;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly kind: Uint8Array;
  readonly hash: Int32Array;
  readonly opens: Uint8Array;
  /** Of words: 1 where one holds a digit or sign. */
  readonly stands: Uint8Array;
  readonly disguised: number;

  constructor(folded: Folded, { start, end, kind, hash, opens, stands }: Room, count: number, disguised: number) {
    this.folded = folded;
    this.units = folded.units;
    this.count = count;
    this.start = start;
    this.end = end;
    this.kind = kind;
    this.hash = hash;
    this.opens = opens;
    this.stands = stands;
    this.disguised = disguised;
  }

  get text(): string {
    return this.folded.text;
  }
}

export function tokenize(folded: Folded): Tokens {
  const { length: bound, units } = folded;
  const room = roomFor(bound);
  const { start, end, kind, hash, opens, stands } = room;
  let opening = 1;
  let count = 0;
  let disguised = 0;
  let at = 0;
  while (at < bound) {
    const from = at;
    const unit = units[at] as number;
    const group = classes[unit] ?? 0;
    if (group === 0 || group === 5) {
      at += 1;
      if (unit === 0x0a || (unit === 0x2e && (at === bound || (units[at] as number) <= 0x20)) || isStop(unit))
        opening = 1;
      continue;
    }
    opens[count] = opening;
    opening = group === 4 ? 1 : 0;
    let value = hashSeed;
    if (group === 4) {
      do {
        value = hashStep(value, units[at++] as number);
      } while (at < bound && at - from < 4 && classes[units[at] as number] === 4);
      kind[count] = markToken;
    } else if (group === 3) {
      const most = unit >= 0x3040 ? 2 : 6;
      do at += 1;
      while (at < bound && at - from < most && classes[units[at] as number] === 3);
      kind[count] = unspacedToken;
      value = 0;
    } else {
      let letters = 0;
      let standing = 0;
      for (;;) {
        // Small letters of ASCII are what there is most of.
        const first = at;
        let next = 0;
        let bone = 0;
        while (at < bound && (next = units[at] as number) < 0x80 && (bone = letterBones[next] as number) !== 0) {
          value = Math.imul(value ^ bone, 0x01000193);
          at += 1;
        }
        letters += at - first;
        if (at >= bound) break;
        const nextGroup = classes[next];
        if (nextGroup === 1) letters += 1;
        else if (next >= 0x80) break;
        else if (nextGroup === 2 || (isSign[next] === 1 && isInside(units, bound, at, from))) standing += 1;
        else break;
        value = hashStep(value, next < 0x80 ? (skeleton[next] as number) : next);
        at += 1;
      }
      kind[count] = letters > 0 ? wordToken : numberToken;
      if (letters === 0) value = 0;
      else if (standing > 0) disguised += 1;
      stands[count] = standing > 0 ? 1 : 0;
    }
    start[count] = from;
    end[count] = at;
    hash[count] = value;
    count += 1;
  }
  return new TokenList(folded, room, count, disguised);
}

/** Full stops of other scripts: ideographic, full-width, danda. */
function isStop(unit: number): boolean {
  return unit === 0x3002 || unit === 0xff01 || unit === 0xff1f || unit === 0x964;
}

/** Whether the sign at `at` stands between letters or digits. */
function isInside(units: Uint16Array, bound: number, at: number, from: number): boolean {
  if (at === from || at + 1 >= bound) return false;
  const next = classes[units[at + 1] as number];
  return next === 1 || next === 2;
}
