/**
 * The write-ahead log's bytes. In: entries, or the bytes of a segment after a crash. Out: a frame to append, or the
 * entries that are whole, and a verdict on the rest.
 *
 * A segment is a run of frames, one for each group commit: a header (magic, index of the first entry, how many, how many
 * bytes, checksum of these), then each entry behind its length and checksum. The writer starts a frame only once the
 * one before it is on the disk. So damage with a good frame behind it cannot be a crash: it is decay or tampering, and
 * is told apart from a torn end, which only ever holds what was never acknowledged.
 *
 * The magic holds a control character, which JSON text never does: no entry can pass for a frame. Checksums start from
 * the entry's index, and no entry is empty: a stretch of zeros, or an entry at the wrong place, is not accepted.
 */
import { crc32 } from "node:zlib";
import { maxEntryBytes } from "./entry.ts";

const magic = Buffer.from([0x00, 0x43, 0x57, 0x01]);
const headerBytes = 24;
const recordHeaderBytes = 8;

/** Longer than any segment that a writer makes; a verifier reads no more. */
export const maxSegmentBytes = 1 << 28;

/** The frame that holds `entries`, the first of which has index `firstIndex`. */
export function encodeFrame(firstIndex: number, entries: readonly Uint8Array[]): Buffer {
  const payloadBytes = entries.reduce((sum, entry) => sum + recordHeaderBytes + entry.length, 0);
  const frame = Buffer.allocUnsafe(headerBytes + payloadBytes);
  frame.set(magic, 0);
  frame.writeBigUInt64BE(BigInt(firstIndex), 4);
  frame.writeUInt32BE(entries.length, 12);
  frame.writeUInt32BE(payloadBytes, 16);
  frame.writeUInt32BE(crc32(frame.subarray(0, 20)), 20);
  let offset = headerBytes;
  for (const [i, entry] of entries.entries()) {
    frame.writeUInt32BE(entry.length, offset);
    frame.writeUInt32BE(checksum(firstIndex + i, entry), offset + 4);
    frame.set(entry, offset + recordHeaderBytes);
    offset += recordHeaderBytes + entry.length;
  }
  return frame;
}

export interface Segment {
  readonly entries: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  /** Bytes behind the last whole entry. */
  readonly tornBytes: number;
  /** Whether a good frame lies behind the damage: not a torn end, then. */
  readonly damaged: boolean;
}

/** Reads a segment whose first entry must be `firstIndex`; entries are whole and without gaps. */
export function decodeSegment(bytes: Uint8Array, firstIndex: number): Segment {
  const segment = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: { index: number; bytes: Uint8Array }[] = [];
  let next = firstIndex;
  let offset = 0;
  const stop = (frameEnd: number): Segment => ({
    entries,
    tornBytes: segment.length - offset,
    damaged: hasFrameFrom(segment, offset, frameEnd),
  });
  while (offset < segment.length) {
    const header = headerAt(segment, offset);
    if (header?.firstIndex !== next) return stop(next + 1);
    const frameEnd = next + header.count;
    offset += headerBytes;
    for (; next < frameEnd; next++) {
      const entry = recordAt(segment, offset, next);
      if (entry === undefined) return stop(frameEnd);
      entries.push({ index: next, bytes: entry });
      offset += recordHeaderBytes + entry.length;
    }
  }
  return { entries, tornBytes: 0, damaged: false };
}

function headerAt(segment: Buffer, offset: number): { firstIndex: number; count: number } | undefined {
  if (offset + headerBytes > segment.length) return undefined;
  const header = segment.subarray(offset, offset + headerBytes);
  if (!header.subarray(0, 4).equals(magic)) return undefined;
  if (header.readUInt32BE(20) !== crc32(header.subarray(0, 20))) return undefined;
  return { firstIndex: Number(header.readBigUInt64BE(4)), count: header.readUInt32BE(12) };
}

function recordAt(segment: Buffer, offset: number, index: number): Buffer | undefined {
  if (offset + recordHeaderBytes > segment.length) return undefined;
  const length = segment.readUInt32BE(offset);
  const start = offset + recordHeaderBytes;
  if (length === 0 || length > maxEntryBytes || start + length > segment.length) return undefined;
  const entry = segment.subarray(start, start + length);
  return segment.readUInt32BE(offset + 4) === checksum(index, entry) ? entry : undefined;
}

function hasFrameFrom(segment: Buffer, offset: number, firstIndex: number): boolean {
  for (let at = segment.indexOf(magic, offset); at >= 0; at = segment.indexOf(magic, at + 1)) {
    const header = headerAt(segment, at);
    if (header !== undefined && header.firstIndex >= firstIndex) return true;
  }
  return false;
}

function checksum(index: number, entry: Uint8Array): number {
  return crc32(entry, index % 2 ** 32);
}

/** A segment's name: which opening of the ledger wrote it, and the index of its first entry. */
export interface SegmentName {
  readonly generation: number;
  readonly firstIndex: number;
}

export function segmentPath(name: SegmentName): string {
  return `wal/${String(name.generation).padStart(10, "0")}-${String(name.firstIndex).padStart(16, "0")}`;
}

/** The segment that a name in `wal/` stands for, or `undefined` where it is no segment. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, generation, firstIndex] = /^([0-9]{10})-([0-9]{16})$/.exec(name) ?? [];
  if (generation === undefined || firstIndex === undefined) return undefined;
  return { generation: Number(generation), firstIndex: Number(firstIndex) };
}

/** The segments among the names in `wal/`, in the order they were written. */
export function segmentsIn(names: readonly string[]): SegmentName[] {
  return names
    .map(parseSegmentName)
    .filter((name) => name !== undefined)
    .toSorted((a, b) => a.generation - b.generation || a.firstIndex - b.firstIndex);
}
