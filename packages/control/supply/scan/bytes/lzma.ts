/**
 * LZMA, as in .lzma files and inside LZMA2 (LZMA specification by I. Pavlov). In: compressed bytes. Out: decoded chunks.
 * Memory is the dictionary that the header asks for, up to a bound.
 */
import { malformed, Unreadable } from "./unreadable.ts";

export interface ByteInput {
  byte(): number;
}

const maxDictionary = 256 * 2 ** 20;
const bad = (words: string): Error => malformed("lzma/stream", `its LZMA stream is damaged: ${words}`);

const half = 1024;
const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(half);

interface LengthCoder {
  readonly choice: Uint16Array;
  readonly low: Uint16Array;
  readonly middle: Uint16Array;
  readonly high: Uint16Array;
}

function lengthCoder(): LengthCoder {
  return { choice: probabilities(2), low: probabilities(128), middle: probabilities(128), high: probabilities(256) };
}

/** A decoder whose dictionary and state live on from chunk to chunk, as LZMA2 needs. */
export class LzmaDecoder {
  readonly #window: Uint8Array;
  #at = 0;
  #given = 0;
  /** Bytes written since the dictionary was last reset. */
  #filled = 0;
  #input: ByteInput;
  #range = 0;
  #code = 0;
  #lc = 0;
  #lp = 0;
  #pb = 0;
  #state = 0;
  #reps = [0, 0, 0, 0];
  #literal = probabilities(0);
  #isMatch = probabilities(192);
  #isRep = probabilities(12);
  #isRepG0 = probabilities(12);
  #isRepG1 = probabilities(12);
  #isRepG2 = probabilities(12);
  #isRep0Long = probabilities(192);
  #slots = [probabilities(64), probabilities(64), probabilities(64), probabilities(64)] as const;
  #special = probabilities(128);
  #align = probabilities(16);
  #lengths = lengthCoder();
  #repLengths = lengthCoder();

  constructor(dictionaryBytes: number, input: ByteInput) {
    if (dictionaryBytes > maxDictionary)
      throw new Unreadable("unsupported", "lzma/dictionary", `it asks for a dictionary of ${dictionaryBytes} bytes`);
    this.#window = new Uint8Array(Math.max(4096, dictionaryBytes));
    this.#input = input;
  }

  /** Sets the properties byte, and with it a new state. */
  setProperties(properties: number): void {
    if (properties >= 225) throw bad("its properties");
    this.#lc = properties % 9;
    this.#lp = Math.floor(properties / 9) % 5;
    this.#pb = Math.floor(properties / 45);
    this.#literal = probabilities(0x300 << (this.#lc + this.#lp));
    this.resetState();
  }

  resetState(): void {
    this.#state = 0;
    this.#reps = [0, 0, 0, 0];
    const all = [
      this.#literal,
      this.#isMatch,
      this.#isRep,
      this.#isRepG0,
      this.#isRepG1,
      this.#isRepG2,
      this.#isRep0Long,
    ];
    for (const table of [...all, ...this.#slots, this.#special, this.#align]) table.fill(half);
    this.#lengths = lengthCoder();
    this.#repLengths = lengthCoder();
  }

  resetDictionary(): void {
    this.#filled = 0;
  }

  startRange(): void {
    if (this.#input.byte() !== 0) throw bad("its first byte");
    this.#range = 0xffffffff;
    this.#code = 0;
    for (let index = 0; index < 4; index++) this.#code = ((this.#code << 8) | this.#input.byte()) >>> 0;
  }

  /** Copies `count` uncompressed bytes, which become history too. */
  *copy(count: number): Generator<Uint8Array, void> {
    for (let left = count; left > 0; left--) {
      this.#put(this.#input.byte());
      if (this.#at === this.#window.length || this.#at - this.#given >= 65_536) yield this.#flush();
    }
    if (this.#at > this.#given) yield this.#flush();
  }

  /** Decodes `count` bytes, or up to the end marker where `count` is Infinity. True when the marker was met. */
  *decode(count: number): Generator<Uint8Array, boolean> {
    let left = count;
    let ended = false;
    while (left > 0 && !ended) {
      const pos = this.#filled & ((1 << this.#pb) - 1);
      if (this.#bit(this.#isMatch, (this.#state << 4) + pos) === 0) {
        this.#decodeLiteral();
        left--;
      } else {
        let length: number;
        const { distance, short, rep } = this.#matchKind(pos);
        if (short) length = 1;
        else length = 2 + this.#decodeLength(rep ? this.#repLengths : this.#lengths, pos);
        let from = distance;
        if (!rep) {
          from = this.#decodeDistance(length - 2);
          if (from === 0xffffffff) {
            ended = true;
            break;
          }
          this.#reps = [from, this.#reps[0] ?? 0, this.#reps[1] ?? 0, this.#reps[2] ?? 0];
        }
        if (!short) this.#state = this.#state < 7 ? (rep ? 8 : 7) : rep ? 11 : 10;
        if (from >= this.#filled || from >= this.#window.length) throw bad("a distance");
        if (length > left) throw bad("a match over the end");
        left -= length;
        for (; length > 0; length--) {
          let source = this.#at - from - 1;
          if (source < 0) source += this.#window.length;
          this.#put(this.#window[source] ?? 0);
          if (this.#at === this.#window.length) yield this.#flush();
        }
      }
      if (this.#at === this.#window.length || this.#at - this.#given >= 65_536) yield this.#flush();
    }
    if (this.#at > this.#given) yield this.#flush();
    return ended;
  }

  #flush(): Uint8Array {
    const chunk = this.#window.subarray(this.#given, this.#at);
    if (this.#at === this.#window.length) this.#at = 0;
    this.#given = this.#at;
    return chunk;
  }

  #put(byte: number): void {
    this.#window[this.#at++] = byte;
    this.#filled++;
  }

  #bit(table: Uint16Array, index: number): number {
    const probability = table[index] ?? half;
    const bound = (this.#range >>> 11) * probability;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      table[index] = probability + ((2048 - probability) >>> 5);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      table[index] = probability - (probability >>> 5);
      bit = 1;
    }
    if (this.#range < 0x1000000) this.#normalise();
    return bit;
  }

  #normalise(): void {
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#input.byte()) >>> 0;
  }

  #tree(table: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    for (let index = 0; index < bits; index++) node = node * 2 + this.#bit(table, offset + node);
    return node - (1 << bits);
  }

  #reverseTree(table: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.#bit(table, offset + node);
      node = node * 2 + bit;
      value |= bit << index;
    }
    return value;
  }

  #decodeLiteral(): void {
    const previous =
      this.#filled === 0 ? 0 : (this.#window[this.#at === 0 ? this.#window.length - 1 : this.#at - 1] ?? 0);
    const low = this.#filled & ((1 << this.#lp) - 1);
    const offset = 0x300 * ((low << this.#lc) + (previous >> (8 - this.#lc)));
    let symbol = 1;
    if (this.#state >= 7) {
      let source = this.#at - (this.#reps[0] ?? 0) - 1;
      if (source < 0) source += this.#window.length;
      let match = this.#window[source] ?? 0;
      while (symbol < 0x100) {
        const matchBit = (match >> 7) & 1;
        match <<= 1;
        const bit = this.#bit(this.#literal, offset + ((1 + matchBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literal, offset + symbol);
    this.#put(symbol & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #matchKind(pos: number): { distance: number; short: boolean; rep: boolean } {
    if (this.#bit(this.#isRep, this.#state) === 0) return { distance: 0, short: false, rep: false };
    const [r0 = 0, r1 = 0, r2 = 0, r3 = 0] = this.#reps;
    if (this.#bit(this.#isRepG0, this.#state) === 0) {
      if (this.#bit(this.#isRep0Long, (this.#state << 4) + pos) === 0) {
        this.#state = this.#state < 7 ? 9 : 11;
        return { distance: r0, short: true, rep: true };
      }
      return { distance: r0, short: false, rep: true };
    }
    if (this.#bit(this.#isRepG1, this.#state) === 0) this.#reps = [r1, r0, r2, r3];
    else if (this.#bit(this.#isRepG2, this.#state) === 0) this.#reps = [r2, r0, r1, r3];
    else this.#reps = [r3, r0, r1, r2];
    return { distance: this.#reps[0] ?? 0, short: false, rep: true };
  }

  #decodeLength(coder: LengthCoder, pos: number): number {
    if (this.#bit(coder.choice, 0) === 0) return this.#tree(coder.low, pos << 3, 3);
    if (this.#bit(coder.choice, 1) === 0) return 8 + this.#tree(coder.middle, pos << 3, 3);
    return 16 + this.#tree(coder.high, 0, 8);
  }

  #decodeDistance(length: number): number {
    const slot = this.#tree(this.#slots[Math.min(length, 3) as 0 | 1 | 2 | 3], 0, 6);
    if (slot < 4) return slot;
    const direct = (slot >> 1) - 1;
    const base = ((2 | (slot & 1)) << direct) >>> 0;
    if (slot < 14) return base + this.#reverseTree(this.#special, base - slot, direct);
    let value = 0;
    for (let index = 0; index < direct - 4; index++) {
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
      if (this.#range < 0x1000000) this.#normalise();
    }
    return (base + value * 16 + this.#reverseTree(this.#align, 0, 4)) >>> 0;
  }
}
