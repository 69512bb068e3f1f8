/**
 * Random access to bytes that are somewhere: in a file, in memory, inside an archive, behind a decompressor. In: where
 * they are. Out: a `ByteSource`. Readers ask for the spans that they need, so a file of 10 GB costs what its header
 * costs. Reading is synchronous: an interpreter of untrusted bytes is a plain loop. Who must not block runs the scan in
 * a worker.
 */
export interface ByteSource {
  /** Length in bytes. On a decompressor this reads to the end: prefer {@link read}. */
  readonly size: number;
  /**
   * The bytes from `offset`, at most `length`; fewer only where the source ends. Never a `Buffer`; not to be kept over
   * the next read.
   */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes in memory. */
export function memorySource(given: Uint8Array): ByteSource {
  // A `Buffer` is a trap here: its `slice` does not copy, and readers copy by it.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.length);
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, Math.min(bytes.length, offset + length)),
  };
}

/** A span of another source; a span past its end is cut there. */
export function sliceSource(source: ByteSource, start: number, length: number): ByteSource {
  const size = Math.max(0, Math.min(length, source.size - start));
  return {
    size,
    read: (offset, count) =>
      offset >= size ? new Uint8Array() : source.read(start + offset, Math.min(count, size - offset)),
  };
}

/** All bytes from `offset` on, where the end is not known yet. */
export function tailSource(source: ByteSource, start: number): ByteSource {
  return {
    get size() {
      return Math.max(0, source.size - start);
    },
    read: (offset, count) => source.read(start + offset, count),
  };
}

/** A copy of a span, refused by returning undefined where it is not all there. */
export function copySpan(source: ByteSource, offset: number, length: number): Uint8Array | undefined {
  const bytes = source.read(offset, length);
  return bytes.length === length ? bytes.slice() : undefined;
}
