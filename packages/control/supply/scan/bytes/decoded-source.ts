/**
 * What a decompressor gives, as a source. In: a function that starts decoding from the front. Out: random access that is
 * cheap forwards and starts over backwards, in bounded memory whatever the size.
 */
import type { Budget } from "./budget.ts";
import type { ByteSource } from "./byte-source.ts";

/** Starts decoding; yields chunks, each valid until the next is asked for. */
export type Decode = () => Generator<Uint8Array, unknown>;

/** Bytes behind the reading position that are kept, so that small steps back cost nothing. */
const keptBytes = 2 * 2 ** 20;

export function decodedSource(decode: Decode, budget: Budget): ByteSource {
  let chunks = decode();
  let window = new Uint8Array();
  let start = 0;
  let ended = false;
  let total: number | undefined;

  const restart = (): void => {
    chunks = decode();
    window = new Uint8Array();
    start = 0;
    ended = false;
  };
  /** Decodes until `end` is in the window; drops what lies far before `from`. */
  const advance = (from: number, end: number): void => {
    if (start + window.length >= end || ended) return;
    // What lies far behind goes first: a window that only grew would be copied again and again.
    const gone = Math.min(window.length, Math.max(0, from - keptBytes - start));
    window = window.subarray(gone);
    start += gone;
    const parts: Uint8Array[] = [window];
    let length = window.length;
    while (start + length < end) {
      const next = chunks.next();
      if (next.done === true) {
        ended = true;
        total = start + length;
        break;
      }
      budget.inflate(next.value.length);
      parts.push(next.value.slice());
      length += next.value.length;
      while (parts.length > 1 && start + (parts[0]?.length ?? 0) < from - keptBytes) {
        const dropped = parts.shift()?.length ?? 0;
        start += dropped;
        length -= dropped;
      }
    }
    window = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      window.set(part, at);
      at += part.length;
    }
  };
  return {
    get size() {
      while (total === undefined) advance(start + window.length, start + window.length + keptBytes);
      return total;
    },
    read(offset, length) {
      if (offset < start) restart();
      advance(offset, offset + length);
      const at = offset - start;
      return at >= window.length ? new Uint8Array() : window.subarray(at, Math.min(window.length, at + length));
    },
  };
}
