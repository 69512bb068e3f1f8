/**
 * Cuts out of a text what could be an identifier: runs of ASCII letters and digits that hold a digit, and runs of a few
 * capitals, each with its shape. In: a text. Out: the runs, by start. A shape is the run-length code of letters and digits, such as `a1d7a1` for
 * `S1234567D`, as a number that rules are looked up by.
 */

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

export function findAtoms(text: string): Atoms {
  let capacity = 64;
  let starts = new Int32Array(capacity);
  let ends = new Int32Array(capacity);
  let shapes = new Int32Array(capacity);
  let count = 0;
  const length = text.length;
  let at = 0;
  while (at < length) {
    let unit = text.charCodeAt(at);
    if (unit >= 128 || kinds[unit] === 0) {
      at++;
      continue;
    }
    const start = at;
    let digits = false;
    let small = false;
    do {
      if (unit < 58) digits = true;
      else if (unit >= 97) small = true;
      at++;
      unit = at < length ? text.charCodeAt(at) : 0;
    } while (unit < 128 && kinds[unit] !== 0);
    if (!digits && (small || at - start > maxLetters)) continue;
    if (count === capacity) {
      capacity *= 2;
      starts = grown(starts, capacity);
      ends = grown(ends, capacity);
      shapes = grown(shapes, capacity);
    }
    starts[count] = start;
    ends[count] = at;
    shapes[count] = at - start > maxShaped ? 0 : shapeOf(text, start, at, emptyShape);
    count++;
  }
  return { count, starts, ends, shapes };
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

function grown(array: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}
