/**
 * A tile or an entry bundle while it grows. In: hashes or entries, in order, each copied. Out: its bytes at any width that
 * it has had: what the C2SP tlog-tiles layout keeps in a file.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import { hashBytes } from "./merkle.ts";
import { entryPrefixBytes, tileWidth } from "./tiles.ts";

/** A bundle's first buffer: doubled where entries are longer than this leaves room for. */
export const usualBundleBytes = tileWidth * 768;

/** Holds at most {@link tileWidth} hashes, or as many entries; never both. */
export class GrowingTile {
  readonly #ends = new Uint32Array(tileWidth);
  #bytes: Buffer;
  width = 0;

  /** @param capacity bytes of its first buffer: {@link fullTileBytes} for hashes, about {@link usualBundleBytes} for entries */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get #length(): number {
    return this.width === 0 ? 0 : (this.#ends[this.width - 1] as number);
  }

  addHash(hash: Uint8Array): void {
    this.#bytes.set(hash, this.#length);
    this.#ends[this.width] = this.#length + hashBytes;
    this.width += 1;
  }

  /** Adds an entry behind its length as a big-endian 16-bit number. */
  addEntry(entry: Uint8Array): void {
    const start = this.#length;
    const end = start + entryPrefixBytes + entry.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, end));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16BE(entry.length, start);
    this.#bytes.set(entry, start + entryPrefixBytes);
    this.#ends[this.width] = end;
    this.width += 1;
  }

  /** The bytes of its first `width` hashes or entries: a view, never written to again. */
  first(width: number): Buffer {
    return this.#bytes.subarray(0, this.#ends[width - 1]);
  }
}
