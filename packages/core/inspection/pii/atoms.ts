/**
 * Cuts out of a text what could be an identifier: runs of ASCII letters and digits that hold a digit, and runs of a few
 * capitals, each with its shape. In: a text. Out: the runs, by start. A shape is the run-length code of letters and digits, such as `a1d7a1` for
 * `S1234567D`, as a number that rules are looked up by.
 */

import { scanner } from "../kernels/scanner.ts";

/** Capitals alone are kept up to this length: they stand before, within or after the digits of an IBAN or a NINO. */
const maxLetters = 4;

/** A run longer than this has no shape: identifiers are shorter. */
const maxShaped = 40;

export interface Atoms {
  readonly count: number;
  /** Index of the first and one past the last code unit. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** See {@link extendShape}; 0 for a run that is too long or too mixed to be an identifier. */
  readonly shapes: Int32Array;
}

/** 1 digit, 2 letter, 0 anything else. */
const kinds = new Uint8Array(128);
for (let unit = 48; unit < 58; unit++) kinds[unit] = 1;
for (let unit = 65; unit < 91; unit++) kinds[unit] = kinds[unit + 32] = 2;

export function kindOf(unit: number): number {
  return unit < 128 ? (kinds[unit] ?? 0) : 0;
}

/** The shape of nothing: what {@link extendShape} starts from. */
export const emptyShape = 0x11c9dc5;

/** FNV-1a over the parts of a shape. */
export function extendShape(shape: number, part: number): number {
  return Math.imul(shape ^ part, 0x01000193) | 0;
}

/** A part that is a run of digits or letters. */
export function runPart(kind: number, length: number): number {
  return kind * 64 + length;
}

/** A part that is a separator. */
export function separatorPart(unit: number): number {
  return 0x1000 + unit;
}

const digit = /[0-9]/g;

/** Where the next digit stands; -1 where there is none. */
function digitFrom(text: string, from: number): number {
  const found = scanner()?.digitFrom(text, from);
  if (found !== undefined) return found;
  digit.lastIndex = from;
  return digit.exec(text)?.index ?? -1;
}

/** Texts with more atoms get arrays of their own, so that one giant does not stay in memory. */
const mostShared = 4096;
let shared = roomFor(64);

/** The next call writes over what it returns. */
export function findAtoms(text: string): Atoms {
  let room = shared;
  let count = 0;
  let free = 0;
  const push = (start: number, end: number): void => {
    if (count === room.starts.length) {
      room = grown(room);
      if (room.starts.length <= mostShared) shared = room;
    }
    room.starts[count] = start;
    room.ends[count] = end;
    room.shapes[count] = end - start > maxShaped ? 0 : shapeOf(text, start, end, emptyShape);
    count++;
    free = end;
  };
  for (let found = digitFrom(text, 0); found >= 0; found = digitFrom(text, free)) {
    let start = found;
    while (start > free && kindOf(text.charCodeAt(start - 1)) !== 0) start--;
    let end = found + 1;
    while (end < text.length && kindOf(text.charCodeAt(end)) !== 0) end++;
    const before = capitalsBefore(text, start, free);
    if (before >= 0) push(before, start - 1);
    push(start, end);
    const behind = capitalsBehind(text, end);
    if (behind > 0) push(end + 1, behind);
  }
  return { count, ...room };
}

/** Where a few capitals begin that end one separator before `at`; -1 where there are none. */
function capitalsBefore(text: string, at: number, free: number): number {
  let start = at - 1;
  while (start > free && isCapital(text.charCodeAt(start - 1)) && at - start <= maxLetters + 1) start--;
  const length = at - 1 - start;
  if (length < 1 || length > maxLetters || kindOf(text.charCodeAt(at - 1)) !== 0) return -1;
  return start > 0 && kindOf(text.charCodeAt(start - 1)) !== 0 ? -1 : start;
}

/** One past a few capitals that begin one separator behind `at`; 0 where there are none. */
function capitalsBehind(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && isCapital(text.charCodeAt(end)) && end - at <= maxLetters + 1) end++;
  const length = end - at - 1;
  return length < 1 || length > maxLetters || kindOf(text.charCodeAt(end)) !== 0 ? 0 : end;
}

function isCapital(unit: number): boolean {
  return unit >= 65 && unit < 91;
}

/** Adds the runs of `text[start, end)` to a shape. */
export function shapeOf(text: string, start: number, end: number, before: number): number {
  let shape = before;
  let at = start;
  while (at < end) {
    const kind = kindOf(text.charCodeAt(at));
    const from = at;
    do at++;
    while (at < end && kindOf(text.charCodeAt(at)) === kind);
    shape = extendShape(shape, runPart(kind, at - from));
  }
  return shape;
}

type Room = Omit<Atoms, "count">;

function roomFor(capacity: number): Room {
  return { starts: new Int32Array(capacity), ends: new Int32Array(capacity), shapes: new Int32Array(capacity) };
}

function grown({ starts, ends, shapes }: Room): Room {
  const larger = roomFor(starts.length * 2);
  larger.starts.set(starts);
  larger.ends.set(ends);
  larger.shapes.set(shapes);
  return larger;
}
