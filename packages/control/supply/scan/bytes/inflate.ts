/**
 * DEFLATE (RFC 1951), chunk by chunk. In: a source and where the stream starts. Out: decoded chunks, and where the stream
 * ends. Node's zlib cannot stream synchronously, and does not say where a stream ends inside a larger file.
 */
import { BitInput } from "./bit-input.ts";
import type { ByteSource } from "./byte-source.ts";
import { malformed } from "./unreadable.ts";

const windowBytes = 32 * 1024;
const chunkBytes = 64 * 1024;
const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const distanceExtra = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A table of 2^bits entries: symbol << 4 | length; 0 where no code is. */
interface Table {
  readonly bits: number;
  readonly entries: Uint16Array;
}

function buildTable(lengths: readonly number[]): Table {
  const counts = Array.from({ length: 16 }, () => 0);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  const bits = Math.max(
    1,
    counts.findLastIndex((count, length) => length > 0 && count > 0),
  );
  const next: number[] = [0, 0];
  counts[0] = 0;
  let code = 0;
  for (let length = 1; length < 16; length++) {
    code = (code + (counts[length - 1] ?? 0)) << 1;
    next[length] = code;
    if (code + (counts[length] ?? 0) > 1 << length)
      throw malformed("deflate/codes", "its code lengths are over-subscribed");
  }
  const entries = new Uint16Array(1 << bits);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const own = next[length] ?? 0;
    next[length] = own + 1;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((own >> bit) & 1) << (length - 1 - bit);
    for (let at = reversed; at < entries.length; at += 1 << length) entries[at] = (symbol << 4) | length;
  });
  return { bits, entries };
}

const fixedLiterals = buildTable(Array.from({ length: 288 }, (_, s) => (s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8)));
const fixedDistances = buildTable(Array.from({ length: 30 }, () => 5));

/** Decodes from `offset`; returns the offset behind the stream. */
export function* inflate(source: ByteSource, offset: number): Generator<Uint8Array, number> {
  const input = new BitInput(source, offset);
  // History in front, new bytes behind it.
  const out = new Uint8Array(windowBytes + chunkBytes + 512);
  let at = 0;
  let given = 0;
  const symbol = (table: Table): number => {
    const entry = table.entries[input.peek(table.bits)] ?? 0;
    if (entry === 0) throw malformed("deflate/code", "it has a code that means nothing");
    input.drop(entry & 15);
    return entry >> 4;
  };
  for (let final = false; !final;) {
    final = input.bits(1) === 1;
    const type = input.bits(2);
    if (type === 3) throw malformed("deflate/block", "it has a block of no known type");
    if (type === 0) {
      input.align();
      const length = input.byte() | (input.byte() << 8);
      if ((length ^ (input.byte() | (input.byte() << 8))) !== 0xffff)
        throw malformed("deflate/stored", "a stored length is wrong");
      for (let left = length; left > 0; left--) {
        out[at++] = input.byte();
        if (at >= windowBytes + chunkBytes) {
          yield out.subarray(given, at);
          out.copyWithin(0, at - windowBytes, at);
          at = given = windowBytes;
        }
      }
      continue;
    }
    const [literals, distances] = type === 1 ? [fixedLiterals, fixedDistances] : dynamicTables(input);
    for (;;) {
      const code = symbol(literals);
      if (code < 256) out[at++] = code;
      else if (code === 256) break;
      else {
        const length = (lengthBase[code - 257] ?? NaN) + input.bits(lengthExtra[code - 257] ?? 0);
        const slot = symbol(distances);
        const distance = (distanceBase[slot] ?? NaN) + input.bits(distanceExtra[slot] ?? 0);
        if (!(length > 0) || !(distance <= at)) throw malformed("deflate/distance", "it copies from before its start");
        for (const end = at + length; at < end; at++) out[at] = out[at - distance] ?? 0;
      }
      if (at >= windowBytes + chunkBytes) {
        yield out.subarray(given, at);
        out.copyWithin(0, at - windowBytes, at);
        at = given = windowBytes;
      }
    }
  }
  if (at > given) yield out.subarray(given, at);
  input.align();
  return input.position;
}

function dynamicTables(input: BitInput): readonly [Table, Table] {
  const literalCount = input.bits(5) + 257;
  const distanceCount = input.bits(5) + 1;
  const codeCount = input.bits(4) + 4;
  const codeLengths = Array.from({ length: 19 }, () => 0);
  for (let at = 0; at < codeCount; at++) codeLengths[codeOrder[at] ?? 0] = input.bits(3);
  const codes = buildTable(codeLengths);
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const entry = codes.entries[input.peek(codes.bits)] ?? 0;
    if (entry === 0) throw malformed("deflate/code", "it has a code that means nothing");
    input.drop(entry & 15);
    const code = entry >> 4;
    if (code < 16) lengths.push(code);
    else {
      const repeat = code === 16 ? 3 + input.bits(2) : code === 17 ? 3 + input.bits(3) : 11 + input.bits(7);
      if (code === 16 && lengths.length === 0) throw malformed("deflate/codes", "it repeats a length before the first");
      const value = code === 16 ? (lengths.at(-1) ?? 0) : 0;
      for (let count = 0; count < repeat; count++) lengths.push(value);
    }
  }
  if (lengths.length > literalCount + distanceCount) throw malformed("deflate/codes", "it has too many code lengths");
  return [buildTable(lengths.slice(0, literalCount)), buildTable(lengths.slice(literalCount))];
}
