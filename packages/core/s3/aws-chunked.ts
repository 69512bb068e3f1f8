/**
 * The `aws-chunked` coding of S3 uploads. In: its bytes as they arrive, and what its chunks are signed with where a key is
 * known. Out: the content, a chunk only once its signature has held, and at the end nothing missing: the last chunk, the
 * declared length, and the checksum that a trailer gave.
 *
 * @see AWS, "Transferring Payload in Multiple Chunks", and "with trailing headers" (S3 API reference, SigV4 streaming)
 */
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { CordonError } from "../errors.ts";
import { emptyHash, hmac, sameText, sha256Hex, type ChunkSeed } from "./sigv4.ts";

export interface ChunkedOptions {
  /** What `x-amz-content-sha256` says. */
  readonly payload: string;
  /** `x-amz-decoded-content-length`. */
  readonly length: number;
  /** `x-amz-trailer`, where there is one. */
  readonly trailer: string | undefined;
  /** Absent where whoever sent it is known by other means. */
  readonly seed: ChunkSeed | undefined;
}

export interface ChunkedDecoder {
  /** @returns the content that may go on @throws {CordonError} `REQUEST_MALFORMED`, `SIGNATURE_INVALID` */
  push(bytes: Buffer): Buffer[];
  /** @throws {CordonError} where it is not whole */
  end(): void;
}

const signedStream = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const signedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/** Whether a body with this `x-amz-content-sha256` is in the coding. */
export function isChunked(payload: string): boolean {
  return payload === signedStream || payload === signedTrailer || payload === unsignedTrailer;
}

/** A chunk is held until its signature is known; AWS's own clients send 64 KiB to 8 MiB. */
const maxChunkBytes = 16 * 1024 * 1024;
const maxLineBytes = 1024;
const maxTrailerBytes = 4096;

export function decodeChunked({ payload, length, trailer, seed }: ChunkedOptions): ChunkedDecoder {
  const signed = payload !== unsignedTrailer;
  const withTrailer = payload !== signedStream;
  const checksum = trailer === undefined ? undefined : checksumOf(trailer);
  if (withTrailer !== (trailer !== undefined))
    throw malformed("`x-amz-trailer` does not fit its `x-amz-content-sha256`");
  let previous = seed?.signature ?? "";
  let held: Buffer = Buffer.alloc(0);
  let state: "size" | "content" | "trailer" | "over" = "size";
  let chunkBytes = 0;
  let chunkSignature = "";
  let total = 0;

  const check = (content: Uint8Array): void => {
    if (!signed || seed === undefined) return;
    const hash = sha256Hex(content);
    const text = ["AWS4-HMAC-SHA256-PAYLOAD", seed.date, seed.scope, previous, emptyHash, hash].join("\n");
    const expected = hmac(seed.signingKey, text).toString("hex");
    if (!sameText(expected, chunkSignature)) throw invalid("a chunk's signature does not match");
    previous = expected;
  };

  const readTrailer = (written: string): void => {
    const lines = written === "" ? [] : written.split("\r\n");
    const values = new Map<string, string>();
    for (const line of lines) {
      const [, name, value] = /^([a-z0-9-]{1,64}):([\x20-\x7e]{1,256})$/i.exec(line.replace(/\n$/, "")) ?? [];
      if (name === undefined || value === undefined || values.has(name.toLowerCase()))
        throw malformed("its trailer is not one");
      values.set(name.toLowerCase(), value.trim());
    }
    const signature = values.get("x-amz-trailer-signature");
    values.delete("x-amz-trailer-signature");
    const [only] = values;
    if (withTrailer ? values.size !== 1 || only?.[0] !== trailer?.toLowerCase() : values.size > 0)
      throw malformed("its trailer is not the one that was announced");
    if (only === undefined) return;
    if (signed && seed !== undefined) {
      const text = ["AWS4-HMAC-SHA256-TRAILER", seed.date, seed.scope, previous, sha256Hex(`${only[0]}:${only[1]}\n`)];
      if (!sameText(hmac(seed.signingKey, text.join("\n")).toString("hex"), signature ?? ""))
        throw invalid("the trailer's signature does not match");
    }
    if (checksum !== undefined && checksum.digest() !== only[1])
      throw malformed("its content is not what the checksum in its trailer says");
  };

  const step = (out: Buffer[]): boolean => {
    if (state === "size") {
      const end = held.indexOf("\r\n");
      if (end < 0 || end > maxLineBytes) {
        if (end > maxLineBytes || held.length > maxLineBytes) throw malformed("a chunk's first line is too long");
        return false;
      }
      const line = held.toString("latin1", 0, end);
      const [, size, signature] = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
      if (size === undefined || (signature !== undefined) !== signed)
        throw malformed("a chunk's first line is not one");
      [chunkBytes, chunkSignature] = [Number.parseInt(size, 16), signature ?? ""];
      if (chunkBytes > maxChunkBytes) throw malformed(`a chunk is larger than ${maxChunkBytes} bytes`);
      if (total + chunkBytes > length) throw malformed("it is longer than its `x-amz-decoded-content-length`");
      held = held.subarray(end + 2);
      state = chunkBytes === 0 ? "trailer" : "content";
      if (chunkBytes === 0) check(Buffer.alloc(0));
      return true;
    }
    if (state === "content") {
      if (held.length < chunkBytes + 2) return false;
      if (held[chunkBytes] !== 13 || held[chunkBytes + 1] !== 10) throw malformed("a chunk does not end where it says");
      const content = held.subarray(0, chunkBytes);
      check(content);
      checksum?.update(content);
      total += chunkBytes;
      out.push(content);
      held = held.subarray(chunkBytes + 2);
      state = "size";
      return true;
    }
    if (state === "trailer") {
      const text = held.toString("latin1");
      const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
      if (end < 0) {
        if (held.length > maxTrailerBytes) throw malformed("its trailer is too long");
        return false;
      }
      readTrailer(text.slice(0, end));
      held = held.subarray(end === 0 ? 2 : end + 4);
      state = "over";
      return true;
    }
    if (held.length > 0) throw malformed("bytes follow its last chunk");
    return false;
  };

  return {
    push(bytes) {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const out: Buffer[] = [];
      while (step(out));
      return out;
    },
    end() {
      // An empty trailer may lack its last line break.
      if (state === "trailer" && held.length === 0) readTrailer("");
      else if (state !== "over") throw malformed("it ended before its last chunk");
      if (total !== length) throw malformed("it is shorter than its `x-amz-decoded-content-length`");
    },
  };
}

interface Checksum {
  update(content: Uint8Array): void;
  /** In base64. */
  digest(): string;
}

/** @throws {CordonError} `ENCODING_UNSUPPORTED` for a checksum that is not computed here */
function checksumOf(trailer: string): Checksum {
  switch (trailer.toLowerCase()) {
    case "x-amz-checksum-sha256":
      return hashed(createHash("sha256"));
    case "x-amz-checksum-sha1":
      return hashed(createHash("sha1"));
    case "x-amz-checksum-crc32":
      return crc((content, before) => crc32(content, before));
    case "x-amz-checksum-crc32c":
      return crc(crc32c);
    default:
      throw new CordonError(
        "ENCODING_UNSUPPORTED",
        "the trailer's checksum is not one of CRC32, CRC32C, SHA1, SHA256; choose one of them in the client",
      );
  }
}

function hashed(hash: Hash): Checksum {
  return { update: (content) => void hash.update(content), digest: () => hash.digest("base64") };
}

function crc(next: (content: Uint8Array, before: number) => number): Checksum {
  let value = 0;
  return {
    update: (content) => void (value = next(content, value)),
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes.toString("base64");
    },
  };
}

/** Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
const castagnoli = Uint32Array.from({ length: 256 }, (_one, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

function crc32c(content: Uint8Array, before: number): number {
  let value = ~before;
  for (const byte of content) value = (castagnoli[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return ~value >>> 0;
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the chunked body is refused: ${why}`);
}

function invalid(why: string): CordonError {
  return new CordonError("SIGNATURE_INVALID", `the chunked body is refused: ${why}`);
}
