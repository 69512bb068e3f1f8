/**
 * Reads a source from front to back, number by number. In: a source and where to start. Out: little-endian numbers,
 * lines and spans; a read past the end throws {@link EndOfBytes}. Spans are skipped, not read, unless they are asked for.
 */
import type { ByteSource } from "./byte-source.ts";

/** The source ended where a value was expected. */
export class EndOfBytes extends Error {}

const windowBytes = 64 * 1024;

export class Cursor {
  readonly source: ByteSource;
  position: number;
  #window: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  constructor(source: ByteSource, position = 0) {
    this.source = source;
    this.position = position;
  }

  /** Makes `count` bytes from the position readable; gives their index in the window. */
  #need(count: number): number {
    const at = this.position - this.#start;
    if (at >= 0 && at + count <= this.#window.length) return at;
    this.#start = this.position;
    // A copy: what a source returns may change with its next read.
    this.#window = this.source.read(this.position, Math.max(windowBytes, count)).slice();
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.length);
    if (this.#window.length < count) throw new EndOfBytes();
    return 0;
  }

  /** The next byte without taking it; -1 at the end. */
  peek(): number {
    try {
      return this.#window[this.#need(1)] ?? -1;
    } catch (error) {
      if (error instanceof EndOfBytes) return -1;
      throw error;
    }
  }

  u8(): number {
    const at = this.#need(1);
    this.position++;
    return this.#window[at] ?? 0;
  }

  u16(): number {
    const at = this.#need(2);
    this.position += 2;
    return this.#view.getUint16(at, true);
  }

  u32(): number {
    const at = this.#need(4);
    this.position += 4;
    return this.#view.getUint32(at, true);
  }

  i32(): number {
    const at = this.#need(4);
    this.position += 4;
    return this.#view.getInt32(at, true);
  }

  /** A 64-bit count; one that no file can hold comes back as Infinity. */
  u64(): number {
    const at = this.#need(8);
    this.position += 8;
    const value = this.#view.getBigUint64(at, true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
  }

  /** Big-endian double, as pickle writes it. */
  f64be(): number {
    const at = this.#need(8);
    this.position += 8;
    return this.#view.getFloat64(at, false);
  }

  /** A copy of the next `count` bytes; keep `count` small. */
  bytes(count: number): Uint8Array {
    const at = this.#need(count);
    this.position += count;
    return this.#window.slice(at, at + count);
  }

  /** Skips `count` bytes, checking that the last of them is there. */
  skip(count: number): void {
    if (count <= 0) return;
    if (!Number.isFinite(count) || this.position + count > Number.MAX_SAFE_INTEGER) throw new EndOfBytes();
    const last = this.position + count - 1;
    const inWindow = last - this.#start < this.#window.length;
    if (!inWindow && this.source.read(last, 1).length === 0) throw new EndOfBytes();
    this.position += count;
  }

  /** Bytes up to a newline, which is taken and left out; undefined when there is none within `limit` or before the end. */
  line(limit: number): Uint8Array | undefined {
    const start = this.position;
    try {
      for (let length = 0; length <= limit; length++) {
        if (this.u8() !== 0x0a) continue;
        this.position = start;
        const line = this.bytes(length);
        this.position++;
        return line;
      }
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
    }
    this.position = start;
    return undefined;
  }

  /** All that is left; undefined when that is more than `limit`. */
  rest(limit: number): Uint8Array | undefined {
    const rest = this.source.read(this.position, limit + 1).slice();
    if (rest.length > limit) return undefined;
    this.position += rest.length;
    return rest;
  }
}
