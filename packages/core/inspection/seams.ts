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
}

/** How much of a text stands at a seam, in UTF-16 code units. */
const reach = 256;

export function seamsOf(pieces: readonly Piece[]): Part[] {
  const parts: Part[] = [];
  let first: Piece | undefined;
  let joined: string[] = [];
  const flush = (): void => {
    const [, second] = joined;
    if (first !== undefined && second !== undefined) {
      const { origin, message, path } = first;
      // Between blocks some servers put a space or a line, and some nothing.
      for (const between of new Set([" ", inWord(joined) ? "" : " "]))
        parts.push({ text: joined.join(between), origin, message, path });
    }
    joined = [];
  };
  let before: Piece | undefined;
  for (const piece of pieces) {
    if (before !== undefined && !follows(before, piece)) flush();
    if (joined.length === 0) first = piece;
    const { text } = piece;
    if (text.length <= reach * 2) joined.push(text);
    else {
      joined.push(text.slice(0, reach));
      flush();
      first = piece;
      joined.push(text.slice(-reach));
    }
    before = piece;
  }
  flush();
  return parts;
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

/** Whether a seam may go through a word. */
function inWord(texts: readonly string[]): boolean {
  return texts.some((text, at) => at > 0 && /\p{L}$/u.test(texts[at - 1] as string) && /^\p{L}/u.test(text));
}
