/**
 * Newline-delimited JSON from a response that stays open. In: bytes, cut anywhere, in the middle of a character too.
 * Out: the values, in order, each as soon as its line is whole.
 */

/** An entry has at most 65,535 bytes; its line a little more. Anything much longer is not from Cordon. */
export const maxLineChars = 1_048_576;

/** Cuts pieces of text into lines. Empty lines, which keep a connection alive, are left out. */
export class LineSplitter {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #rest: string[] = [];
  #restChars = 0;

  /**
   * The lines that `piece` completes.
   *
   * @throws {TypeError} for bytes that are no UTF-8
   * @throws {RangeError} for a line longer than {@link maxLineChars}
   */
  push(piece: Uint8Array): string[] {
    const parts = this.#decoder.decode(piece, { stream: true }).split("\n");
    const last = parts.pop() ?? "";
    const lines: string[] = [];
    for (const part of parts) {
      lines.push(this.#rest.length === 0 ? part : this.#rest.join("") + part);
      this.#rest = [];
      this.#restChars = 0;
    }
    if (last !== "") this.#rest.push(last);
    this.#restChars += last.length;
    if (this.#restChars > maxLineChars || lines.some((line) => line.length > maxLineChars))
      throw new RangeError(`a line is longer than ${maxLineChars} characters`);
    return lines.filter((line) => line !== "");
  }

  /** Whether a line has begun that never ended: the connection broke in the middle. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }
}

/**
 * The values of a stream, in the groups in which they arrived: what is handled together is drawn together.
 *
 * @throws {SyntaxError} for a line that is no JSON, and what {@link LineSplitter.push} throws
 */
export async function* readJsonLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown[]> {
  const splitter = new LineSplitter();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = splitter.push(value);
      if (lines.length > 0) yield lines.map((line) => JSON.parse(line) as unknown);
    }
  } finally {
    // Leaving early must close the connection too, and what cancelling says of a broken one is no news.
    await reader.cancel().catch(() => undefined);
  }
}
