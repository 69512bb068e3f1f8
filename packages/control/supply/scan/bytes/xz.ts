/**
 * .xz (The .xz file format 1.2.1) and .lzma files. In: a source. Out: decoded chunks, and where the file ends. Filters
 * other than LZMA2 are not read: nothing that saves models uses them.
 */
import { BitInput } from "./bit-input.ts";
import type { ByteSource } from "./byte-source.ts";
import { Cursor } from "./cursor.ts";
import { LzmaDecoder } from "./lzma.ts";
import { malformed, Unreadable } from "./unreadable.ts";

const bad = (words: string, at?: number): Error => malformed("xz/stream", `its xz stream is damaged: ${words}`, at);

/** .lzma: properties, dictionary, size, then one stream. */
export function* unlzma(source: ByteSource): Generator<Uint8Array, number> {
  const cursor = new Cursor(source);
  const properties = cursor.u8();
  const dictionary = cursor.u32();
  const size = cursor.u64();
  const input = new BitInput(source, 13);
  const decoder = new LzmaDecoder(dictionary, input);
  decoder.setProperties(properties);
  decoder.startRange();
  const marked = yield* decoder.decode(size);
  if (!marked && Number.isFinite(size)) yield* endMarker(decoder, source, input);
  return input.position;
}

/** A marker may follow even where the size was given. */
function* endMarker(decoder: LzmaDecoder, source: ByteSource, input: BitInput): Generator<Uint8Array, void> {
  if (source.read(input.position, 1).length === 0) return;
  yield* decoder.decode(1);
}

export function* unxz(source: ByteSource): Generator<Uint8Array, number> {
  let at = 0;
  for (;;) {
    at = yield* readStream(source, at);
    // Streams may follow one another, with zeros in fours between them.
    while (source.read(at, 4).length === 4 && source.read(at, 4).every((byte) => byte === 0)) at += 4;
    if (!startsXz(source.read(at, 6))) return at;
  }
}

export function startsXz(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 6)).equals(Buffer.from("fd377a585a00", "hex"));
}

function* readStream(source: ByteSource, start: number): Generator<Uint8Array, number> {
  if (!startsXz(source.read(start, 6))) throw bad("no header", start);
  const check = (source.read(start + 7, 1)[0] ?? 0) & 15;
  const checkBytes = check === 0 ? 0 : 4 << Math.floor((check - 1) / 3);
  let at = start + 12;
  for (;;) {
    const [size = 0] = source.read(at, 1);
    if (size === 0) break;
    const dictionary = readBlockHeader(source, at);
    const dataAt = at + (size + 1) * 4;
    const end = yield* readLzma2(source, dataAt, dictionary);
    at = end + ((4 - ((end - dataAt) & 3)) & 3) + checkBytes;
  }
  // Index: a zero byte, the number of records, pairs of sizes, padding, CRC; then the footer.
  const index = new Cursor(source, at + 1);
  const records = variable(index);
  for (let left = records * 2; left > 0; left--) variable(index);
  const padded = at + Math.ceil((index.position - at) / 4) * 4 + 4;
  const footer = source.read(padded, 12);
  if (footer.length < 12 || footer[10] !== 0x59 || footer[11] !== 0x5a) throw bad("no footer", padded);
  return padded + 12;
}

function readBlockHeader(source: ByteSource, start: number): number {
  const cursor = new Cursor(source, start + 1);
  const flags = cursor.u8();
  if ((flags & 3) !== 0)
    throw new Unreadable("unsupported", "xz/filter", "it is compressed by a chain of filters", start);
  if ((flags & 0x40) !== 0) variable(cursor);
  if ((flags & 0x80) !== 0) variable(cursor);
  const filter = variable(cursor);
  if (filter !== 0x21 || variable(cursor) !== 1)
    throw new Unreadable("unsupported", "xz/filter", "it is compressed by a filter other than LZMA2", start);
  const bits = cursor.u8() & 63;
  return bits > 39 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
}

function variable(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 9; shift++) {
    const byte = cursor.u8();
    value += (byte & 0x7f) * 2 ** (7 * shift);
    if (byte < 0x80) return value;
  }
  throw bad("a number", cursor.position);
}

function* readLzma2(source: ByteSource, start: number, dictionary: number): Generator<Uint8Array, number> {
  const input = new BitInput(source, start);
  const decoder = new LzmaDecoder(dictionary, input);
  for (;;) {
    const control = input.byte();
    if (control === 0) return input.position;
    if (control < 0x80) {
      if (control > 2) throw bad("a control byte");
      if (control === 1) decoder.resetDictionary();
      yield* decoder.copy(((input.byte() << 8) | input.byte()) + 1);
      continue;
    }
    const bytes = ((control & 0x1f) << 16) + ((input.byte() << 8) | input.byte()) + 1;
    input.byte();
    input.byte();
    const reset = (control >> 5) & 3;
    if (reset === 3) decoder.resetDictionary();
    if (reset >= 2) decoder.setProperties(input.byte());
    else if (reset === 1) decoder.resetState();
    decoder.startRange();
    yield* decoder.decode(bytes);
  }
}
