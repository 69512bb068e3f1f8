/**
 * Files that are compressed as a whole: joblib dumps, and anything with .gz. In: a source. Out: findings of what is
 * inside. Bytes behind the compressed stream are a finding: other tools read on there.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { bunzip2 } from "../bytes/bunzip2.ts";
import { Cursor } from "../bytes/cursor.ts";
import { decodedSource } from "../bytes/decoded-source.ts";
import { inflate } from "../bytes/inflate.ts";
import { unlz4 } from "../bytes/lz4.ts";
import { malformed } from "../bytes/unreadable.ts";
import { startsXz, unlzma, unxz } from "../bytes/xz.ts";
import type { Scan } from "../scan.ts";

type Decoder = (source: ByteSource) => Generator<Uint8Array, number>;

/** gzip (RFC 1952): members follow one another. */
function* gunzip(source: ByteSource): Generator<Uint8Array, number> {
  let at = 0;
  for (;;) {
    const cursor = new Cursor(source, at);
    if (cursor.u16() !== 0x8b1f || cursor.u8() !== 8) throw malformed("gzip/header", "it is no gzip member", at);
    const flags = cursor.u8();
    if ((flags & 0xe0) !== 0) throw malformed("gzip/flags", "it has reserved flags", at);
    cursor.skip(6);
    if ((flags & 4) !== 0) cursor.skip(cursor.u16());
    for (const flag of [8, 16]) if ((flags & flag) !== 0) while (cursor.u8() !== 0);
    if ((flags & 2) !== 0) cursor.skip(2);
    at = (yield* inflate(source, cursor.position)) + 8;
    const [first, second] = source.read(at, 2);
    if (first !== 0x1f || second !== 0x8b) return at;
  }
}

/** zlib (RFC 1950). */
function* unzlib(source: ByteSource): Generator<Uint8Array, number> {
  return (yield* inflate(source, 2)) + 4;
}

/** joblib before 0.10: "ZF", the length in hexadecimal, padded, then zlib. */
function* unzfile(source: ByteSource): Generator<Uint8Array, number> {
  const cursor = new Cursor(source, 21);
  const start = cursor.peek() === 0x20 ? 22 : 21;
  return (yield* inflate(source, start + 2)) + 4;
}

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzip,
  zlib: unzlib,
  "joblib-zfile": unzfile,
  bzip2: bunzip2,
  xz: unxz,
  lzma: unlzma,
  lz4: unlz4,
};

/** .lzma has no magic number: properties, a dictionary that is a power of two (or three), a size that can be. */
function isLzma(head: Uint8Array): boolean {
  if (head.length < 18 || (head[0] ?? 255) >= 225 || head[13] !== 0) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const dictionary = view.getUint32(1, true);
  const size = view.getBigUint64(5, true);
  const power = dictionary >= 4096 && (dictionary & (dictionary - 1)) === 0;
  const one = dictionary / 3;
  const three = Number.isInteger(Math.log2(one)) && dictionary >= 4096;
  return head[0] === 0x5d && (power || three) && (size === 0xffffffffffffffffn || size < 1n << 40n);
}

/** The compression that a file starts with. */
export function compressionOf(head: Uint8Array): string | undefined {
  const [a = 0, b = 0, c = 0] = head;
  if (a === 0x1f && b === 0x8b && c === 8) return "gzip";
  if (a === 0x42 && b === 0x5a && c === 0x68 && head[4] === 0x31 && head[5] === 0x41) return "bzip2";
  if (startsXz(head)) return "xz";
  if (a === 4 && b === 0x22 && c === 0x4d && head[3] === 0x18) return "lz4";
  if (isLzma(head)) return "lzma";
  if (a === 0x5a && b === 0x46 && c === 0x30) return "joblib-zfile";
  if ((a & 0x8f) === 0x08 && a >> 4 <= 7 && ((a << 8) | b) % 31 === 0 && (b & 0x20) === 0) return "zlib";
  return undefined;
}

export function scanCompressed(source: ByteSource, scan: Scan, compression: string): string {
  const decoder = decoders[compression];
  if (decoder === undefined) throw malformed("compressed/method", "its compression is not known");
  let end = 0;
  const content = decodedSource(function* () {
    end = yield* decoder(source);
  }, scan.budget);
  const name = scan.name.replace(/\.(?:gz|gzip|z|bz2|xz|lzma|lz4)$/i, "");
  // The raw bytes of an array, without any header, are what joblib 0.9 kept in such files.
  const raw = compression === "joblib-zfile" && /_\d+\.npy$/.test(name);
  const inner = raw ? "numpy-raw" : scan.part(`(${compression})`, content);
  const size = content.size;
  if (size >= 0 && source.read(end, 1).length > 0)
    throw malformed("compressed/trailing-bytes", `bytes follow the ${compression} stream`, end);
  return `${inner}+${compression}`;
}
