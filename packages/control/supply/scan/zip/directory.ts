/**
 * Reads a zip's directory the way that loaders do, and compares it with what stands in front of the members. In: a
 * source. Out: the members, and each place where two readers would see different files (APPNOTE 6.3.10).
 *
 * Python's zipfile and PyTorch's miniz go by the central directory, stream readers by the local headers, and tools
 * differ in which name, size or flag they believe. A disagreement is how a payload is shown to one and hidden from another.
 */
import { copySpan, type ByteSource } from "../bytes/byte-source.ts";
import { malformed } from "../bytes/unreadable.ts";

export interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Bit 0 of the flags, in the directory or in front of the data. */
  readonly encrypted: boolean;
  readonly symlink: boolean;
  readonly localOffset: number;
  readonly dataOffset: number;
  /** One past the data and its descriptor. */
  readonly end: number;
}

export interface Directory {
  readonly members: readonly Member[];
  /** Where the first member starts: what is before it is not part of the zip. */
  readonly start: number;
  /** One past the end record and its comment. */
  readonly end: number;
  readonly disagreements: readonly string[];
}

const maxMembers = 1_000_000;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Offset of the end record: the last one, searched as Python does. -1 where there is none. */
export function findEndRecord(source: ByteSource): number {
  const length = Math.min(source.size, 65_557);
  const base = source.size - length;
  const tail = Buffer.from(source.read(base, length));
  const at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
  return at < 0 || at + 22 > length ? -1 : base + at;
}

export function readDirectory(source: ByteSource): Directory {
  const disagreements: string[] = [];
  const endAt = findEndRecord(source);
  if (endAt < 0) throw malformed("zip/no-end", "it starts like a zip but has no end record: truncated, or pretending");
  const record = view(source, endAt, 22);
  let count = record.getUint16(10, true);
  let size = record.getUint32(12, true);
  let offset = record.getUint32(16, true);
  let directoryEnd = endAt;
  if (record.getUint16(4, true) !== 0 || record.getUint16(6, true) !== 0)
    disagreements.push("it claims to span several disks");
  if (record.getUint16(8, true) !== record.getUint16(10, true))
    disagreements.push("the end record counts members twice, differently");
  const locator = endAt >= 20 ? view(source, endAt - 20, 20) : undefined;
  if (locator?.getUint32(0, true) === 0x07064b50) {
    const at = Number(locator.getBigUint64(8, true));
    const real = signatureAt(source, at, 0x06064b50) ? at : endAt - 20 - 56;
    if (!signatureAt(source, real, 0x06064b50)) throw malformed("zip/zip64", "its zip64 record is not where it says");
    if (real !== at) disagreements.push("its zip64 record is not where its locator says");
    const wide = view(source, real, 56);
    for (const [name, low, high] of [
      ["count", count === 0xffff ? undefined : count, Number(wide.getBigUint64(32, true))],
      ["size", size === 0xffffffff ? undefined : size, Number(wide.getBigUint64(40, true))],
      ["offset", offset === 0xffffffff ? undefined : offset, Number(wide.getBigUint64(48, true))],
    ] as const)
      if (low !== undefined && low !== high)
        disagreements.push(`the two end records differ in the directory's ${name}`);
    count = Number(wide.getBigUint64(32, true));
    size = Number(wide.getBigUint64(40, true));
    offset = Number(wide.getBigUint64(48, true));
    directoryEnd = real;
  }
  if (count > maxMembers) throw malformed("zip/members", `it claims ${count} members`);
  // Python reads the directory right before the end record, whatever the offset says, and shifts all offsets by that.
  const directoryAt = directoryEnd - size;
  const shift = directoryAt - offset;
  if (directoryAt < 0) throw malformed("zip/directory", "its directory is larger than the file");
  if (shift !== 0) disagreements.push(`its directory is ${Math.abs(shift)} bytes from where it says`);
  const members = readMembers(source, directoryAt, directoryEnd, count, Math.max(0, shift), disagreements);
  checkLayout(source, members, directoryAt, disagreements);
  const comment = record.getUint16(20, true);
  return {
    members,
    start: members.reduce((first, member) => Math.min(first, member.localOffset), directoryAt),
    end: endAt + 22 + comment,
    disagreements,
  };
}

function view(source: ByteSource, offset: number, length: number): DataView {
  const bytes = offset < 0 ? undefined : copySpan(source, offset, length);
  if (bytes === undefined) throw malformed("zip/truncated", "a header of it is cut off", Math.max(0, offset));
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function signatureAt(source: ByteSource, offset: number, signature: number): boolean {
  return offset >= 0 && offset + 4 <= source.size && view(source, offset, 4).getUint32(0, true) === signature;
}

function readMembers(
  source: ByteSource,
  from: number,
  to: number,
  count: number,
  shift: number,
  disagreements: string[],
): Member[] {
  const members: Member[] = [];
  let at = from;
  while (at + 46 <= to) {
    const head = view(source, at, 46);
    if (head.getUint32(0, true) !== 0x02014b50)
      throw malformed("zip/directory", "its directory holds something else", at);
    const lengths = [head.getUint16(28, true), head.getUint16(30, true), head.getUint16(32, true)] as const;
    const rest = copySpan(source, at + 46, lengths[0] + lengths[1] + lengths[2]);
    if (rest === undefined) throw malformed("zip/directory", "its directory is cut off", at);
    const rawName = rest.subarray(0, lengths[0]);
    const wide = wideSizes(rest.subarray(lengths[0], lengths[0] + lengths[1]), [
      head.getUint32(24, true),
      head.getUint32(20, true),
      head.getUint32(42, true),
    ]);
    const [bytes, compressedBytes, offset] = wide;
    const flags = head.getUint16(8, true);
    members.push(
      withLocal(
        source,
        {
          rawName,
          flags,
          method: head.getUint16(10, true),
          crc: head.getUint32(16, true),
          bytes,
          compressedBytes,
          localOffset: offset + shift,
          symlink: head.getUint8(5) === 3 && ((head.getUint32(38, true) >>> 16) & 0xf000) === 0xa000,
        },
        disagreements,
      ),
    );
    at += 46 + rest.length;
  }
  if (at !== to) disagreements.push("bytes stand between its directory and its end record");
  if (members.length !== count) disagreements.push(`it counts ${count} members and lists ${members.length}`);
  return members;
}

/** Sizes and offset of the zip64 extra field, for those that are all ones in the header. */
function wideSizes(extra: Uint8Array, sizes: readonly [number, number, number]): [number, number, number] {
  const fields = new DataView(extra.buffer, extra.byteOffset, extra.length);
  const result: [number, number, number] = [...sizes];
  for (let at = 0; at + 4 <= extra.length;) {
    const length = fields.getUint16(at + 2, true);
    if (fields.getUint16(at, true) === 1) {
      let value = at + 4;
      for (let index = 0; index < 3; index++) {
        if (sizes[index] !== 0xffffffff || value + 8 > Math.min(extra.length, at + 4 + length)) continue;
        result[index] = Number(fields.getBigUint64(value, true));
        value += 8;
      }
    }
    at += 4 + length;
  }
  return result;
}

interface CentralHeader {
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly localOffset: number;
  readonly symlink: boolean;
}

function withLocal(source: ByteSource, central: CentralHeader, disagreements: string[]): Member {
  const utf8 = (central.flags & 0x800) !== 0;
  const name = utf8 ? Buffer.from(central.rawName).toString("utf8") : latin1(central.rawName);
  const shown = JSON.stringify(name.slice(0, 80));
  if (!signatureAt(source, central.localOffset, 0x04034b50))
    throw malformed("zip/local-header", `member ${shown} has no header where the directory says`, central.localOffset);
  const local = view(source, central.localOffset, 30);
  const nameLength = local.getUint16(26, true);
  const extraLength = local.getUint16(28, true);
  const rest = copySpan(source, central.localOffset + 30, nameLength + extraLength);
  if (rest === undefined)
    throw malformed("zip/local-header", `the header of member ${shown} is cut off`, central.localOffset);
  const localName = rest.subarray(0, nameLength);
  const [localBytes, localCompressed] = wideSizes(rest.subarray(nameLength), [
    local.getUint32(22, true),
    local.getUint32(18, true),
    0,
  ]);
  const flags = local.getUint16(6, true);
  const later = (flags & 8) !== 0;
  const differ = (what: string): void =>
    void disagreements.push(`the directory and member ${shown} itself differ in ${what}`);
  if (latin1(localName) !== latin1(central.rawName))
    differ(`the name: ${JSON.stringify(latin1(localName).slice(0, 80))}`);
  if (local.getUint16(8, true) !== central.method) differ("the compression method");
  if (((flags ^ central.flags) & 0x2069) !== 0) differ("the flags");
  if ((flags & 0x2060) !== 0 || (central.flags & 0x2060) !== 0)
    disagreements.push(`member ${shown} has flags (patched data, strong encryption) that loaders treat differently`);
  const zeroed = later && localBytes === 0 && localCompressed === 0;
  if (!zeroed && (localBytes !== central.bytes || localCompressed !== central.compressedBytes)) differ("the size");
  if (!(later && local.getUint32(14, true) === 0) && local.getUint32(14, true) !== central.crc) differ("the checksum");
  const dataOffset = central.localOffset + 30 + nameLength + extraLength;
  const dataEnd = dataOffset + central.compressedBytes;
  if (dataEnd > source.size)
    throw malformed("zip/member", `member ${shown} is longer than the file`, central.localOffset);
  return {
    name,
    method: central.method,
    crc: central.crc,
    compressedBytes: central.compressedBytes,
    bytes: central.bytes,
    encrypted: ((flags | central.flags) & 1) !== 0,
    symlink: central.symlink,
    localOffset: central.localOffset,
    dataOffset,
    end: dataEnd + (later ? descriptorBytes(source, dataEnd, central) : 0),
  };
}

/** A data descriptor has 12 to 24 bytes, with or without a signature, with 32- or 64-bit sizes. */
function descriptorBytes(source: ByteSource, at: number, { crc, compressedBytes }: CentralHeader): number {
  const bytes = copySpan(source, at, Math.min(24, Math.max(0, source.size - at)));
  if (bytes === undefined || bytes.length < 12) return 0;
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const signed = fields.getUint32(0, true) === 0x08074b50 ? 4 : 0;
  if (fields.getUint32(signed, true) !== crc) return 0;
  const wide = signed + 20 <= bytes.length && Number(fields.getBigUint64(signed + 4, true)) === compressedBytes;
  const narrow = fields.getUint32(signed + 4, true) === compressedBytes;
  // With a size that fits both readings, the wide one only where its upper half is zero and the sizes repeat.
  if (wide && (!narrow || fields.getUint32(signed + 8, true) === 0)) return signed + 20;
  return signed + 12;
}

/** Members must follow one another without overlap or gap: bytes in a gap are seen by other readers only. */
function checkLayout(
  source: ByteSource,
  members: readonly Member[],
  directoryAt: number,
  disagreements: string[],
): void {
  const ordered = members.toSorted((a, b) => a.localOffset - b.localOffset);
  for (const [at, member] of ordered.entries()) {
    const next = ordered[at + 1]?.localOffset ?? directoryAt;
    const shown = JSON.stringify(member.name.slice(0, 80));
    if (member.end > next) disagreements.push(`member ${shown} overlaps what follows it`);
    else if (member.end < next && !isZero(source, member.end, next - member.end))
      disagreements.push(`${next - member.end} bytes behind member ${shown} belong to no member`);
  }
}

function isZero(source: ByteSource, offset: number, length: number): boolean {
  return length <= 65_536 && source.read(offset, length).every((byte) => byte === 0);
}
