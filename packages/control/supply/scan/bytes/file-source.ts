/** Opens a file for random access. In: a path. Out: a source of its bytes, to be closed. The one file here that does I/O. */
import { closeSync, fstatSync, openSync, readSync, constants } from "node:fs";
import { CordonError } from "@cordon/core/errors";
import type { ByteSource } from "./byte-source.ts";

/** Bytes fetched at once, so that a reader that walks does not make a system call for each number. */
const blockBytes = 256 * 1024;

/**
 * @throws {CordonError} `USAGE` when the path is no regular file or cannot be opened
 */
export function openFileSource(path: string): ByteSource & Disposable {
  let descriptor: number;
  try {
    // A named pipe must not hang the scan before fstat says what it is.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new CordonError("USAGE", `${path} cannot be opened: ${(cause as Error).message}`, { cause });
  }
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    throw new CordonError("USAGE", `${path} is no regular file; give files or folders`);
  }
  const block = new Uint8Array(blockBytes);
  let blockStart = -1;
  let blockLength = 0;
  return {
    size: stat.size,
    read(offset, length) {
      if (length > blockBytes) return readFully(descriptor, new Uint8Array(Math.min(length, stat.size)), offset);
      if (blockStart < 0 || offset < blockStart || offset + length > blockStart + blockLength) {
        blockStart = offset;
        blockLength = readFully(descriptor, block, offset).length;
      }
      return block.subarray(offset - blockStart, Math.min(blockLength, offset - blockStart + length));
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

function readFully(descriptor: number, into: Uint8Array, offset: number): Uint8Array {
  let filled = 0;
  while (filled < into.length) {
    const count = readSync(descriptor, into, filled, into.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return into.subarray(0, filled);
}
