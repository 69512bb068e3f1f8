/**
 * Verifies the live ledger in a thread of its own. In: the folder, the log's key, and the folders that checkpoints are
 * copied to. Out: the verdict that `cordon ledger verify --checkpoint` would give, with progress on the way.
 */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Verdict } from "@cordon/control/console/operations";
import { CordonError } from "@cordon/core/errors";
import { maxNoteBytes } from "@cordon/core/ledger/note";

/** A checkpoint that was kept outside the state folder, as text. */
export interface CheckpointCopy {
  readonly name: string;
  readonly text: string;
}

export interface VerifyOrder {
  readonly folder: string;
  readonly vkey: string;
  readonly copies: readonly CheckpointCopy[];
}

export type FromVerifier =
  | { readonly type: "progress"; readonly entries: number; readonly size: number }
  | { readonly type: "failed"; readonly words: string }
  | Verdict;

export interface LiveLedger {
  readonly folder: string;
  readonly origin: string;
  readonly vkey: string;
  /** Where checkpoints are copied to. */
  readonly copyFolders: readonly string[];
}

/** Copies compared in one verification: the latest of each folder and the newest of its hours. */
const maxCopies = 1000;

/** @throws {CordonError} `LEDGER_UNAVAILABLE` when the verification could not be carried out, or was given up */
export async function verifyLiveLedger(
  ledger: LiveLedger,
  progress: (entries: number, size: number) => void,
  signal: AbortSignal,
): Promise<Omit<Verdict, "type">> {
  // Before the folder: a copy is never newer than the folder's own checkpoint, which is written first.
  const copies = (await Promise.all(ledger.copyFolders.map((folder) => readCopies(folder, ledger.origin)))).flat();
  const order: VerifyOrder = { folder: ledger.folder, vkey: ledger.vkey, copies };
  const worker = new Worker(workerUrl(), { workerData: order });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop);
  try {
    return await new Promise<Omit<Verdict, "type">>((resolve, reject) => {
      const fail = (words: string): void => reject(new CordonError("LEDGER_UNAVAILABLE", words));
      worker.on("message", (message: FromVerifier) => {
        if (message.type === "progress") progress(message.entries, message.size);
        else if (message.type === "failed") fail(message.words);
        else {
          const { type: _, ...verdict } = message;
          resolve(verdict);
        }
      });
      worker.on("error", (error) => fail(error instanceof Error ? error.message : String(error)));
      worker.on("exit", () => fail("the verification was ended before it had a verdict"));
      if (signal.aborted) stop();
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

/** The checkpoints of one log in a folder: as the ledger's writer names them. What cannot be read is compared as empty. */
async function readCopies(folder: string, origin: string): Promise<CheckpointCopy[]> {
  const prefix = `${origin.replaceAll("/", "_")}.`;
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(".checkpoint"));
  } catch (error) {
    // No folder yet: nothing was copied there, which the ledger's own health reports where it should have been.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    return [{ name: folder, text: "" }];
  }
  const newest = names.toSorted().slice(-maxCopies);
  return Promise.all(newest.map(async (name) => ({ name, text: await readNote(join(folder, name)) })));
}

async function readNote(path: string): Promise<string> {
  try {
    return (await stat(path)).size > maxNoteBytes ? "" : await readFile(path, "utf8");
  } catch {
    return ""; // reported: an empty text is no checkpoint
  }
}

/** The worker's file beside this one: the source when run from sources, `verify-worker.js` in a bundle. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./verify-worker.ts" : "./verify-worker.js", import.meta.url);
}
