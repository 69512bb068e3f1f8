/**
 * bzip2, block by block. In: a source. Out: decoded chunks, and where the last stream ends. No kept library decodes it
 * synchronously and in bounded memory; a block is at most 900,000 bytes before its runs are expanded.
 */
import type { ByteSource } from "./byte-source.ts";
import { EndOfBytes } from "./cursor.ts";
import { malformed } from "./unreadable.ts";

const bad = (words: string): Error => malformed("bzip2/block", `its bzip2 stream is damaged: ${words}`);

/** Bits, most significant first. */
class Bits {
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

  /** Offset of the byte after the last bit taken. */
  get position(): number {
    return this.#next - (this.#block.length - this.#at);
  }

  bit(): number {
    if (this.#count === 0) {
      if (this.#at >= this.#block.length) {
        this.#block = this.#source.read(this.#next, 65_536).slice();
        if (this.#block.length === 0) throw new EndOfBytes();
        this.#next += this.#block.length;
        this.#at = 0;
      }
      this.#bits = this.#block[this.#at++] ?? 0;
      this.#count = 8;
    }
    return (this.#bits >> --this.#count) & 1;
  }

  take(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) value = value * 2 + this.bit();
    return value;
  }

  align(): void {
    this.#count = 0;
  }
}

export function* bunzip2(source: ByteSource): Generator<Uint8Array, number> {
  let at = 0;
  for (;;) {
    const head = source.read(at, 4);
    if (head[0] !== 0x42 || head[1] !== 0x5a || head[2] !== 0x68) {
      if (at === 0) throw bad("no header");
      return at;
    }
    const level = (head[3] ?? 0) - 0x30;
    if (level < 1 || level > 9) throw bad("its block size");
    const bits = new Bits(source, at + 4);
    for (;;) {
      const magic = bits.take(48);
      bits.take(32);
      if (magic === 0x177245385090) break;
      if (magic !== 0x314159265359) throw bad("no block where one must be");
      yield* readBlock(bits, level * 100_000);
    }
    bits.align();
    at = bits.position;
  }
}

interface Code {
  readonly limits: readonly number[];
  readonly bases: readonly number[];
  readonly symbols: readonly number[];
  readonly shortest: number;
}

function* readBlock(bits: Bits, maxBytes: number): Generator<Uint8Array, void> {
  if (bits.bit() === 1) throw bad("it is randomised, as no current program writes it");
  const origin = bits.take(24);
  const alphabet: number[] = [];
  const used = bits.take(16);
  for (let high = 0; high < 16; high++) {
    if (((used >> (15 - high)) & 1) === 0) continue;
    const row = bits.take(16);
    for (let low = 0; low < 16; low++) if (((row >> (15 - low)) & 1) === 1) alphabet.push(high * 16 + low);
  }
  const symbolCount = alphabet.length + 2;
  const groups = bits.take(3);
  const selectorCount = bits.take(15);
  if (alphabet.length === 0 || groups < 2 || groups > 6 || selectorCount < 1) throw bad("its tables");
  const order = Array.from({ length: groups }, (_, index) => index);
  const selectors = new Uint8Array(selectorCount);
  for (let index = 0; index < selectorCount; index++) {
    let rank = 0;
    while (bits.bit() === 1) if (++rank >= groups) throw bad("a selector");
    const [chosen = 0] = order.splice(rank, 1);
    order.unshift(chosen);
    selectors[index] = chosen;
  }
  const codes = Array.from({ length: groups }, () => readCode(bits, symbolCount));
  const block = new Uint32Array(maxBytes);
  const counts = new Uint32Array(257);
  let length = 0;
  const list = [...alphabet];
  let run = 0;
  let runBit = 1;
  const flushRun = (): void => {
    if (length + run > maxBytes) throw bad("a run is longer than the block");
    const byte = list[0] ?? 0;
    counts[byte + 1] = (counts[byte + 1] ?? 0) + run;
    block.fill(byte, length, length + run);
    length += run;
    run = 0;
    runBit = 1;
  };
  for (let group = 0, left = 0, code = codes[0]; ; left--) {
    if (left === 0) {
      if (group >= selectorCount) throw bad("it has fewer selectors than groups");
      code = codes[selectors[group++] ?? 0];
      left = 50;
    }
    const symbol = decode(bits, code);
    if (symbol <= 1) {
      run += runBit << symbol;
      runBit *= 2;
      if (run > maxBytes) throw bad("a run is longer than the block");
      continue;
    }
    if (run > 0) flushRun();
    if (symbol === symbolCount - 1) break;
    if (length >= maxBytes) throw bad("a block is too long");
    const [byte = 0] = list.splice(symbol - 1, 1);
    list.unshift(byte);
    block[length++] = byte;
    counts[byte + 1] = (counts[byte + 1] ?? 0) + 1;
  }
  yield* untransform(block, counts, length, origin);
}

function readCode(bits: Bits, symbolCount: number): Code {
  const lengths: number[] = [];
  let length = bits.take(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    while (bits.bit() === 1) {
      length += bits.bit() === 1 ? -1 : 1;
      if (length < 1 || length > 20) throw bad("a code length");
    }
    if (length < 1 || length > 20) throw bad("a code length");
    lengths.push(length);
  }
  const shortest = Math.min(...lengths);
  const symbols: number[] = [];
  const limits: number[] = [];
  const bases: number[] = [];
  let code = 0;
  for (let size = shortest; size <= 20; size++) {
    const first = symbols.length;
    lengths.forEach((own, symbol) => void (own === size && symbols.push(symbol)));
    bases[size] = first - code;
    code += symbols.length - first;
    limits[size] = code - 1;
    code <<= 1;
  }
  return { limits, bases, symbols, shortest };
}

function decode(bits: Bits, code: Code | undefined): number {
  if (code === undefined) throw bad("a table");
  let value = bits.take(code.shortest);
  for (let size = code.shortest; size <= 20; size++) {
    if (value <= (code.limits[size] ?? -1)) {
      const symbol = code.symbols[value + (code.bases[size] ?? 0)];
      if (symbol === undefined) break;
      return symbol;
    }
    value = value * 2 + bits.bit();
  }
  throw bad("a code");
}

/** Inverts the Burrows-Wheeler transform, then expands runs: four equal bytes are followed by a count. */
function* untransform(
  block: Uint32Array,
  counts: Uint32Array,
  length: number,
  origin: number,
): Generator<Uint8Array, void> {
  if (origin >= length) throw bad("its origin");
  for (let byte = 1; byte <= 256; byte++) counts[byte] = (counts[byte] ?? 0) + (counts[byte - 1] ?? 0);
  for (let index = 0; index < length; index++) {
    const byte = (block[index] ?? 0) & 0xff;
    const to = counts[byte] ?? 0;
    counts[byte] = to + 1;
    block[to] = ((block[to] ?? 0) & 0xff) | (index << 8);
  }
  const out = new Uint8Array(65_536 + 300);
  let at = 0;
  let next = (block[origin] ?? 0) >>> 8;
  let repeats = 0;
  let last = -1;
  for (let left = length; left > 0; left--) {
    const entry = block[next] ?? 0;
    const byte = entry & 0xff;
    next = entry >>> 8;
    if (repeats === 4) {
      for (let count = 0; count < byte; count++) out[at++] = last;
      repeats = 0;
      last = -1;
    } else {
      repeats = byte === last ? repeats + 1 : 1;
      last = byte;
      out[at++] = byte;
    }
    if (at >= 65_536) {
      yield out.subarray(0, at);
      at = 0;
    }
  }
  if (at > 0) yield out.subarray(0, at);
}
