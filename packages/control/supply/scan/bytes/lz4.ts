/** LZ4 frames (LZ4 frame format 1.6.4), block by block. In: a source. Out: decoded chunks, and where the last frame ends. */
import type { ByteSource } from "./byte-source.ts";
import { Cursor } from "./cursor.ts";
import { malformed } from "./unreadable.ts";

const bad = (words: string): Error => malformed("lz4/frame", `its LZ4 frame is damaged: ${words}`);
const historyBytes = 65_536;

export function* unlz4(source: ByteSource): Generator<Uint8Array, number> {
  let at = 0;
  for (;;) {
    const head = source.read(at, 4);
    if (head.length < 4 || head[0] !== 4 || head[1] !== 0x22 || head[2] !== 0x4d || head[3] !== 0x18) {
      if (at === 0) throw bad("no header");
      return at;
    }
    const cursor = new Cursor(source, at + 4);
    const flags = cursor.u8();
    const maxBlock = 1 << (8 + 2 * ((cursor.u8() >> 4) & 7));
    if (flags >> 6 !== 1 || maxBlock > 1 << 22 || maxBlock < 1 << 16) throw bad("its descriptor");
    if ((flags & 8) !== 0) cursor.skip(8);
    if ((flags & 1) !== 0) cursor.skip(4);
    cursor.skip(1);
    const out = new Uint8Array(historyBytes + maxBlock);
    let filled = 0;
    for (;;) {
      const size = cursor.u32();
      if (size === 0) break;
      const stored = size >>> 31 === 1;
      const length = size & 0x7fffffff;
      if (length > maxBlock) throw bad("a block is too long");
      const block = cursor.bytes(length);
      if ((flags & 16) !== 0) cursor.skip(4);
      const end = stored ? store(block, out, filled) : decodeBlock(block, out, filled);
      yield out.subarray(filled, end);
      const kept = Math.min(historyBytes, end);
      out.copyWithin(0, end - kept, end);
      filled = kept;
    }
    if ((flags & 4) !== 0) cursor.skip(4);
    at = cursor.position;
  }
}

function store(block: Uint8Array, out: Uint8Array, start: number): number {
  out.set(block, start);
  return start + block.length;
}

function decodeBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let from = 0;
  let at = start;
  const length = (base: number): number => {
    let total = base;
    if (base === 15)
      for (let byte = 255; byte === 255;) {
        if (from >= block.length) throw bad("a length");
        byte = block[from++] ?? 0;
        total += byte;
      }
    return total;
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = length(token >> 4);
    if (from + literals > block.length || at + literals > out.length) throw bad("literals over the end");
    out.set(block.subarray(from, from + literals), at);
    from += literals;
    at += literals;
    if (from >= block.length) break;
    const distance = (block[from] ?? 0) | ((block[from + 1] ?? 0) << 8);
    from += 2;
    const match = length(token & 15) + 4;
    if (distance === 0 || distance > at || at + match > out.length) throw bad("a match");
    for (const end = at + match; at < end; at++) out[at] = out[at - distance] ?? 0;
  }
  return at;
}
