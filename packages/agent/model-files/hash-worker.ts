/**
 * Entry of the thread that hashes model files, so that gigabytes do not pass through the event loop that decides requests.
 * In: paths, one message each. Out: the SHA-256 of the file that was opened, with what the kernel said of it before and
 * after; a file that changed meanwhile has no digest.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";

export interface HashOrder {
  readonly id: number;
  readonly path: string;
}

export type HashAnswer =
  | {
      readonly id: number;
      readonly sha256: string;
      readonly dev: bigint;
      readonly ino: bigint;
      readonly ctimeNs: bigint;
    }
  | { readonly id: number; readonly problem: string };

const chunk = Buffer.allocUnsafe(1024 * 1024);
const port = parentPort;

port?.on("message", ({ id, path }: HashOrder) => {
  let answer: HashAnswer;
  try {
    answer = { id, ...hash(path) };
  } catch (error) {
    answer = { id, problem: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  }
  port.postMessage(answer);
});

function hash(path: string) {
  // Not blocking: a pipe in a file's place must not hang the thread. Not following: a link is not the file that was listed.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const before = fstatSync(file, { bigint: true });
    if (!before.isFile()) throw new Error("it is no regular file");
    const state = createHash("sha256");
    for (let position = 0n; ;) {
      const read = readSync(file, chunk, 0, chunk.length, position);
      if (read === 0) break;
      position += BigInt(read);
      if (position > before.size) throw new Error("it grew while it was read");
      state.update(chunk.subarray(0, read));
    }
    const after = fstatSync(file, { bigint: true });
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs)
      throw new Error("it changed while it was read");
    return { sha256: state.digest("hex"), dev: after.dev, ino: after.ino, ctimeNs: after.ctimeNs };
  } finally {
    closeSync(file);
  }
}
