/**
 * HMAC-SHA-256 (RFC 2104) of content that is here whole, by two one-shot hashes. In: key, bytes. Out: lower-case hex.
 *
 * `createHmac` makes a native object for each digest, which costs several times the hashing of a short body and weighs
 * on garbage collection. The key's two padded blocks are kept for as long as its KeyObject lives.
 */
import { createHmac, hash, type KeyObject } from "node:crypto";

const blockBytes = 64;
const digestBytes = 32;
/** Longer content gains nothing from being copied behind the inner block. */
const longest = 16 * 1024;

interface Blocks {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const blocks = new WeakMap<KeyObject, Blocks>();

// Reused: everything between filling and hashing is synchronous.
const inner = Buffer.alloc(blockBytes + longest);
const outer = Buffer.alloc(blockBytes + digestBytes);

export function hmacHex(key: KeyObject, content: Uint8Array): string {
  if (content.length > longest) return createHmac("sha256", key).update(content).digest("hex");
  let padded = blocks.get(key);
  if (padded === undefined) {
    padded = blocksOf(key);
    blocks.set(key, padded);
  }
  const end = blockBytes + content.length;
  inner.set(padded.inner);
  inner.set(content, blockBytes);
  outer.set(padded.outer);
  // As a string: as a buffer it would come in an ArrayBuffer of its own, at twice the cost.
  outer.write(hash("sha256", inner.subarray(0, end), "binary"), blockBytes, "latin1");
  inner.fill(0, blockBytes, end); // content stays no longer than it has to
  return hash("sha256", outer, "hex");
}

function blocksOf(key: KeyObject): Blocks {
  const secret = key.export();
  const short = secret.length > blockBytes ? hash("sha256", secret, "buffer") : secret;
  const pad = (mask: number): Buffer =>
    Buffer.from(Array.from({ length: blockBytes }, (_, i) => (short[i] ?? 0) ^ mask));
  return { inner: pad(0x36), outer: pad(0x5c) };
}
