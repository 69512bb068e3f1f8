/** Bytes and bits, least significant first, for decompressors. In: a source and an offset. Out: numbers; throws at the end. */
import type { ByteSource } from "./byte-source.ts";
import { EndOfBytes } from "./cursor.ts";

const blockBytes = 64 * 1024;

export class BitInput {
  #source: ByteSource;
  #block: Uint8Array = new Uint8Array();
  #at = 0;
  #next: number;
  #bits = 0;
  #count = 0;

  constructor(source: ByteSource, offset: number) {
    this.#source = source;
    this.#next = offset;
  }

  /** Offset of the next byte that no bit was taken from. */
  get position(): number {
    return this.#next - (this.#block.length - this.#at) - (this.#count >> 3);
  }

  byte(): number {
    if (this.#at >= this.#block.length) this.#fill();
    return this.#block[this.#at++] ?? 0;
  }

  #fill(): void {
    this.#block = this.#source.read(this.#next, blockBytes).slice();
    if (this.#block.length === 0) throw new EndOfBytes();
    this.#next += this.#block.length;
    this.#at = 0;
  }

  /** The next `count` bits, at most 16. */
  bits(count: number): number {
    while (this.#count < count) {
      this.#bits |= this.byte() << this.#count;
      this.#count += 8;
    }
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#count -= count;
    return value;
  }

  /** Up to `count` bits without taking them; missing ones at the end are zero. */
  peek(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#block.length) {
        try {
          this.#fill();
        } catch (error) {
          if (error instanceof EndOfBytes) break;
          throw error;
        }
      }
      this.#bits |= (this.#block[this.#at++] ?? 0) << this.#count;
      this.#count += 8;
    }
    return this.#bits & ((1 << count) - 1);
  }

  /** Takes bits that {@link peek} showed. */
  drop(count: number): void {
    if (this.#count < count) throw new EndOfBytes();
    this.#bits >>>= count;
    this.#count -= count;
  }

  /** Forgets the rest of a byte that bits were taken from. Whole bytes that were looked at are given back. */
  align(): void {
    const whole = this.#count >> 3;
    this.#bits = 0;
    this.#count = 0;
    if (this.#at >= whole) this.#at -= whole;
    else {
      // They were in the block before this one.
      this.#next -= this.#block.length - this.#at + whole;
      this.#block = new Uint8Array();
      this.#at = 0;
    }
  }
}
