/**
 * JSON lines in, JSON lines out, in order, in bounded memory. In: chunks of bytes and what to do with a line. Out: one
 * answer a line; a line that cannot be read is reported by its number, and the rest goes on.
 */

/** A longer line is refused and skipped: 64 MiB. */
export const maxLineBytes = 64 * 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** `undefined` where the line is longer than {@link maxLineBytes} or no UTF-8. */
  readonly text: string | undefined;
  readonly problem: string;
}

/** Cuts chunks into lines. Blank lines are passed over but counted. Holds at most one line. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, limit = maxLineBytes): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 1;
  const take = (piece: Uint8Array): void => {
    heldBytes += piece.length;
    // What is past the limit is counted, not kept.
    if (heldBytes <= limit) held.push(piece);
  };
  const finish = (): Line => {
    const line = readLine(held, heldBytes, limit, number);
    held = [];
    heldBytes = 0;
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      take(chunk.subarray(from, at));
      from = at + 1;
      const line = finish();
      if (line.text !== "") yield line;
    }
    if (from < chunk.length) take(chunk.slice(from));
  }
  const last = finish();
  if (last.text !== "") yield last;
}

function readLine(pieces: readonly Uint8Array[], bytes: number, limit: number, number: number): Line {
  if (bytes > limit) return { number, text: undefined, problem: `is longer than ${limit} bytes` };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces, bytes));
    return { number, text: text.trim(), problem: "" };
  } catch {
    return { number, text: undefined, problem: "is not UTF-8" };
  }
}
