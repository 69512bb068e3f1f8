/**
 * Texts that a model reads as one: the text blocks of a message, and messages of one author in a row, which APIs put together.
 * In: pieces, in their order. Out: what stands at the seams, for an order that is cut in two is none in either half.
 */
import type { Origin, Part } from "./subject.ts";

export interface Piece {
  readonly text: string;
  readonly origin: Origin;
  readonly message: number;
  /** Of the block that holds it. */
  readonly path: string;
  /** Of the text itself. */
  readonly textPath: string;
}

/** Where a piece, or what of it is near a seam, stands in the text of the seam. */
export interface SeamPlace {
  readonly piece: Piece;
  /** In the seam's text. */
  readonly at: number;
  /** In the piece's text. */
  readonly from: number;
  readonly length: number;
}

/** Texts as they read together. */
export interface Seam extends Part {
  readonly places: readonly SeamPlace[];
  /** Whether an order may read so: where nothing but signs and digits would run together it reads as with spaces. */
  readonly isJudged: boolean;
}

/** How much of a text stands at a seam, in UTF-16 code units. */
const reach = 256;

export function seamsOf(pieces: readonly Piece[]): Seam[] {
  const seams: Seam[] = [];
  let first: Piece | undefined;
  let joined: Omit<SeamPlace, "at">[] = [];
  const flush = (): void => {
    if (first !== undefined && joined.length > 1) {
      // Between blocks some servers put a space or a line, and some nothing.
      seams.push(seamOf(joined, " ", true));
      if (runsOn(joined, /\S$/, /^\S/)) seams.push(seamOf(joined, "", runsOn(joined, /\p{L}$/u, /^\p{L}/u)));
    }
    joined = [];
  };
  let before: Piece | undefined;
  for (const piece of pieces) {
    if (before !== undefined && !follows(before, piece)) flush();
    if (joined.length === 0) first = piece;
    const { length } = piece.text;
    if (length <= reach * 2) joined.push({ piece, from: 0, length });
    else {
      joined.push({ piece, from: 0, length: reach });
      flush();
      first = piece;
      joined.push({ piece, from: length - reach, length: reach });
    }
    before = piece;
  }
  flush();
  return seams;
}

function seamOf(joined: readonly Omit<SeamPlace, "at">[], between: string, isJudged: boolean): Seam {
  const { origin, message, path } = (joined[0] as SeamPlace).piece;
  const places: SeamPlace[] = [];
  let text = "";
  for (const { piece, from, length } of joined) {
    if (places.length > 0) text += between;
    places.push({ piece, at: text.length, from, length });
    text += piece.text.slice(from, from + length);
  }
  return { text, origin, message, path, places, isJudged };
}

/** Blocks of one list, or what a user says in messages that follow one another. */
function follows(before: Piece, { origin, message, path }: Piece): boolean {
  if (before.origin !== origin) return false;
  if (before.message === message) return listOf(before.path) === listOf(path);
  return origin === "user" && message === before.message + 1;
}

function listOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Whether a text that ends so is followed by one that begins so. */
function runsOn(joined: readonly Omit<SeamPlace, "at">[], ends: RegExp, begins: RegExp): boolean {
  return joined.some(
    ({ piece }, at) => at > 0 && ends.test((joined[at - 1] as SeamPlace).piece.text) && begins.test(piece.text),
  );
}
