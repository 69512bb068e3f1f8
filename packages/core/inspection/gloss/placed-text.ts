/**
 * Puts together a gloss' text. In: pieces of a folded text as they are, and meanings in the places of its words. Out: the text, and where in the
 * original each of its units stands.
 *
 * Numbers in arrays that serve one gloss after another: a text of another language has a piece for each word, and an object for each took
 * most of a gloss' time.
 */
import { originalOffset, type Folded } from "../normalise/fold.ts";
import { classOf } from "../normalise/tokens.ts";

export interface PlacedText {
  /** What is in other languages, in English, with a little of what stands around it. */
  readonly text: string;
  /** The offset in the original of what stands at an offset of {@link text}. */
  originalOffset(at: number): number;
  /** The offset in the original behind what stands before an offset of {@link text}: greater than that of anything before it. */
  originalEnd(at: number): number;
}

/**
 * Of each piece: where it begins and ends in the gloss, where in the original, and what its units are. It is a meaning, which stands for all
 * of its source; units that follow one another in the original; or units whose offsets are listed from a place on, one past them too.
 */
const fields = 5;
const [pieceAt, pieceEnd, sourceStart, sourceEnd, unitsFrom] = [0, 1, 2, 3, 4] as const;
const meaning = -1;
const consecutive = -2;

/** The next gloss writes over them. */
let units = new Uint16Array(8192);
let pieces = new Int32Array(2048 * fields);
let places = new Int32Array(8192);

export class PlacedTextBuilder {
  readonly #folded: Folded;
  #length = 0;
  #pieces = 0;
  #places = 0;
  #known = 0;
  /** Whether the next word needs a blank before it. */
  #clings = false;
  /** What was copied last ends here in the folded text: what follows it there is one piece with it. */
  #copied = -1;

  constructor(folded: Folded) {
    this.#folded = folded;
  }

  /** Between two places of the text, of which the first ends at `at`: a line of its own for each. */
  break(at: number): void {
    if (this.#length === 0) return;
    this.#place(1, at, at, meaning);
    units[this.#length++] = 0x0a;
    this.#clings = false;
  }

  /** Writes a piece of the folded text as it is, but for stops and commas: as long as before, so each unit keeps its place. */
  copy(from: number, to: number): void {
    if (from >= to) return;
    const { units: source, offsets } = this.#folded;
    const length = to - from;
    if (this.#copied === from) {
      this.#room(length);
      const last = (this.#pieces - 1) * fields;
      pieces[last + pieceEnd] = this.#length + length;
      pieces[last + sourceEnd] = originalOffset(this.#folded, to);
      // The offset of what comes next is listed again, as that of the first.
      if (offsets !== undefined) this.#places -= 1;
    } else this.#place(length, from, to, offsets === undefined ? consecutive : this.#places);
    if (offsets !== undefined) this.#list(offsets, from, to);
    let unit = 0;
    for (let at = from; at < to; at++) {
      unit = source[at] as number;
      units[this.#length++] = unit < 0x80 ? unit : plainMark(unit);
    }
    this.#clings = classOf(plainMark(unit)) !== 0;
    this.#copied = to;
  }

  /** Writes the meaning of what stands from one place of the folded text to another. */
  say(said: Uint16Array, from: number, to: number, start: number, end: number): void {
    this.#known += 1;
    if (from === to) return;
    this.#room(to - from + 1);
    if (this.#clings) units[this.#length++] = 0x20;
    this.#place(to - from, start, end, meaning);
    for (let at = from; at < to; at++) units[this.#length++] = said[at] as number;
    this.#clings = true;
  }

  /** `undefined` where no meaning was written. */
  finish(): PlacedText | undefined {
    if (this.#known === 0) return undefined;
    const text = textOf(this.#length);
    const original = originalOffset(this.#folded, this.#folded.length);
    return placed(text, pieces.slice(0, this.#pieces * fields), places.slice(0, this.#places), original);
  }

  /** Notes what is to be written next, and what of the folded text it stands for. */
  #place(length: number, from: number, to: number, kept: number): void {
    this.#room(length);
    if (pieces.length < (this.#pieces + 1) * fields) pieces = grown(pieces, new Int32Array(pieces.length * 2));
    const at = this.#pieces * fields;
    pieces[at + pieceAt] = this.#length;
    pieces[at + pieceEnd] = this.#length + length;
    pieces[at + sourceStart] = originalOffset(this.#folded, from);
    pieces[at + sourceEnd] = originalOffset(this.#folded, to);
    pieces[at + unitsFrom] = kept;
    this.#pieces += 1;
    this.#copied = -1;
  }

  /** For so many units more. */
  #room(length: number): void {
    const needed = this.#length + length;
    if (units.length < needed) units = grown(units, new Uint16Array(needed * 2));
  }

  #list(offsets: Int32Array, from: number, to: number): void {
    const needed = this.#places + to - from + 1;
    if (places.length < needed) places = grown(places, new Int32Array(needed * 2));
    for (let at = from; at <= to; at++) places[this.#places++] = offsets[at] as number;
  }
}

function grown<Numbers extends Uint16Array | Int32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

/** Stops and commas of other scripts as those of English. */
function plainMark(unit: number): number {
  if (unit === 0x3002 || unit === 0x0964) return 0x2e;
  return unit === 0x3001 || unit === 0x060c ? 0x2c : unit;
}

function textOf(length: number): string {
  return Buffer.from(units.buffer, 0, length * 2).toString("utf16le");
}

function placed(text: string, rows: Int32Array, offsets: Int32Array, original: number): PlacedText {
  const count = rows.length / fields;
  const field = (piece: number, which: number): number => rows[piece * fields + which] as number;
  /** The last piece that begins at `at` or before it; the first where there is none. */
  const pieceOf = (at: number): number => {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (field(middle, pieceAt) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const offsetIn = (piece: number, at: number): number => {
    const [start, from] = [field(piece, sourceStart), field(piece, unitsFrom)];
    if (from === meaning) return start;
    const within = at - field(piece, pieceAt);
    return from === consecutive ? start + within : (offsets[from + within] as number);
  };
  return {
    text,
    originalOffset(at) {
      if (count === 0 || at >= text.length) return original;
      const piece = pieceOf(at);
      return at < field(piece, pieceEnd) ? offsetIn(piece, at) : field(piece, sourceEnd);
    },
    originalEnd(at) {
      if (count === 0 || at <= 0) return 0;
      const piece = pieceOf(at - 1);
      const isInside = at < field(piece, pieceEnd) && field(piece, unitsFrom) !== meaning;
      return isInside ? offsetIn(piece, at) : field(piece, sourceEnd);
    },
  };
}
