/** Hashes files in a thread of its own, one after the other. In: paths. Out: digests, or why there is none. */
import { Worker } from "node:worker_threads";
import { CordonError } from "@cordon/core/errors";
import type { HashAnswer, HashOrder } from "./hash-worker.ts";

export interface FileDigest {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Of the file that was read: device, inode and the time of its last change, as in its listing. */
  readonly dev: bigint;
  readonly ino: bigint;
  readonly ctimeNs: bigint;
}

export interface Hasher extends AsyncDisposable {
  /** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE` when it cannot be read, or changed meanwhile */
  readonly hash: (path: string) => Promise<FileDigest>;
}

/** The thread starts with the first file, and again after it died. */
export function openHasher(): Hasher {
  const waiting = new Map<number, PromiseWithResolvers<FileDigest>>();
  let worker: Worker | undefined;
  let next = 0;

  const start = (): Worker => {
    const fresh = new Worker(new URL("./hash-worker.ts", import.meta.url));
    fresh.unref();
    fresh.on("message", (answer: HashAnswer) => {
      const order = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ("problem" in answer) order?.reject(unreadable(answer.problem));
      else order?.resolve(answer);
    });
    const died = (why: string): void => {
      if (worker !== fresh) return;
      worker = undefined;
      for (const order of waiting.values()) order.reject(unreadable(`the thread that hashes ended: ${why}`));
      waiting.clear();
    };
    fresh.on("error", (error: Error) => died(error.message));
    fresh.on("exit", (code) => died(`code ${code}`));
    return fresh;
  };

  return {
    hash(path) {
      worker ??= start();
      const id = next++;
      const order = Promise.withResolvers<FileDigest>();
      waiting.set(id, order);
      worker.postMessage({ id, path } satisfies HashOrder);
      return order.promise;
    },
    async [Symbol.asyncDispose]() {
      const running = worker;
      worker = undefined;
      for (const order of waiting.values()) order.reject(unreadable("the watcher was closed"));
      waiting.clear();
      await running?.terminate();
    },
  };
}

function unreadable(why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_UNREADABLE", `a file of the model cannot be measured: ${why}`);
}
