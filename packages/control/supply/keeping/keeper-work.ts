/** Orders a keeper's heavy work. In: an order. Out: its answer, from a thread of its own. */
import { Worker } from "node:worker_threads";
import { CordonError } from "@cordon/core/errors";
import type { KeeperAnswer, KeeperOrder } from "./keeper-worker.ts";

/** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE` when it could not be carried out */
export async function order<K extends KeeperOrder["kind"]>(
  work: Extract<KeeperOrder, { kind: K }>,
  signal: AbortSignal,
): Promise<Extract<KeeperAnswer, { kind: K }>> {
  const worker = new Worker(new URL("./keeper-worker.ts", import.meta.url), { workerData: work });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop);
  try {
    return await new Promise((resolve, reject) => {
      const fail = (words: string): void => reject(new CordonError("SUPPLY_INPUT_UNREADABLE", words));
      worker.once("message", (answer: KeeperAnswer) => {
        if (answer.kind === work.kind) resolve(answer as Extract<KeeperAnswer, { kind: K }>);
        else fail(answer.kind === "failed" ? answer.words : "it answered something else");
      });
      worker.once("error", (error: Error) => fail(error.message));
      worker.once("exit", () => fail("the thread ended without an answer"));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
