/**
 * The ledger as the gateway sees it: append an entry, and know when it is durable. In: entries. Out: their indexes,
 * receipts, signed checkpoints. The work is done in one worker thread; the event loop pays for one JSON.stringify and
 * one promise an entry, and one message a batch.
 *
 *     await using ledger = await openLedger({ folder, origin: "bank.example/gateway-1", privateKey, checkpointEveryMs: 1000 });
 *     const index = await ledger.append(entry); // durable now
 *     const receipt = await ledger.receipt(index); // proves it, offline, to whoever has the public key
 */
import type { KeyObject } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender, LedgerEntry } from "@cordon/core/ledger/entry";
import type { LedgerFiles } from "./files.ts";
import { LedgerClient } from "./ledger-client.ts";
import type { ToWriter, WriterOptions } from "./protocol.ts";
import { Writer } from "./writer.ts";

/** Where checkpoints go besides the ledger's own folder. */
export type CheckpointSink =
  /** A folder elsewhere: see `file-sink.ts`. */
  | { readonly kind: "files"; readonly folder: string }
  /** Called on the event loop with each note. Must not throw. */
  | { readonly kind: "callback"; readonly publish: (note: string) => void };

export interface LedgerOptions {
  readonly folder: string;
  /** `<trust domain>/<writer id>`. */
  readonly origin: string;
  /** Ed25519; used for this log's checkpoints and nothing else. */
  readonly privateKey: KeyObject;
  readonly checkpointEveryMs: number;
  readonly sinks?: readonly CheckpointSink[];
  /** The wall clock, for the writer's own entries. */
  readonly now?: () => Instant;
  /** A new write-ahead segment begins once one is longer than this. */
  readonly segmentBytes?: number;
  /** The worker's file, where a bundle does not keep it beside this one as `ledger-worker.js`. */
  readonly workerUrl?: URL;
}

export interface LedgerHealth {
  readonly state: "open" | "failed" | "closed";
  /** What failed, in words. */
  readonly why: string | undefined;
  /** Entries that were appended and are not durable yet. */
  readonly outstanding: number;
  readonly checkpointSize: number;
  /** Folders that checkpoints could not be copied to, and why. The ledger goes on without them. */
  readonly failingSinks: readonly { readonly folder: string; readonly why: string }[];
}

export interface Ledger extends LedgerAppender, AsyncDisposable {
  /** The latest published checkpoint, a signed note. */
  latestCheckpoint(): string;
  /** How many entries are durable. */
  readonly size: number;
  /** The receipt of an entry; waits for the checkpoint that covers it. Rejects with `PROOF_INVALID` where there is no such entry. */
  receipt(index: number): Promise<string>;
  readonly health: LedgerHealth;
  /**
   * From now on `listener` hears each entry once it is durable, before whoever appended it; not those that the writer
   * makes itself. One listener at most. What it throws goes to `failed`, and nowhere near the path.
   */
  hear(listener: LedgerListener, failed: (error: unknown) => void): void;
}

export type LedgerListener = (index: number, entry: LedgerEntry) => void;

/** The writer's entries live for a second at most, and what they leave lies outside of its heap until it is collected. */
const writerYoungMb = 8;

/**
 * Opens a ledger folder for writing, new or left by any crash.
 *
 * @throws {CordonError} `LEDGER_UNAVAILABLE` where the folder cannot be written or another writer has it,
 * `LEDGER_CORRUPT` where acknowledged history is missing or altered
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  return LedgerClient.open(options, (receive) => {
    const worker = new Worker(options.workerUrl ?? workerUrlBeside(import.meta.url), {
      workerData: writerOptions(options),
      resourceLimits: { maxYoungGenerationSizeMb: writerYoungMb },
    });
    const lost = (why: string): void =>
      receive({
        type: "failed",
        failure: { code: "LEDGER_UNAVAILABLE", message: `the ledger's thread ended: ${why}` },
      });
    worker.on("message", receive);
    worker.on("error", (error) => lost(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => lost(`exit code ${code}`));
    return {
      send: (message) => worker.postMessage(message),
      end: async () => void (await worker.terminate()),
    };
  });
}

/** As {@link openLedger}, without a thread and on a given file layer: for tests and one-shot tools. */
export async function openLedgerInThread(options: LedgerOptions, files: LedgerFiles): Promise<Ledger> {
  return LedgerClient.open(options, (receive) => {
    const early: ToWriter[] = [];
    let writer: Writer | undefined;
    void Writer.open(writerOptions(options), files, receive).then((opened) => {
      writer = opened;
      for (const message of early) writer?.receive(message);
    });
    return {
      send: (message) => (writer === undefined ? void early.push(message) : writer.receive(message)),
      end: async () => undefined,
    };
  });
}

/** The worker's file beside a module: the source when run from sources, `ledger-worker.js` in a bundle. */
function workerUrlBeside(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith(".ts") ? "./ledger-worker.ts" : "./ledger-worker.js", moduleUrl);
}

function writerOptions(options: LedgerOptions): WriterOptions {
  const { folder, origin, privateKey, checkpointEveryMs, segmentBytes } = options;
  return {
    folder,
    origin,
    privateKey,
    checkpointEveryMs,
    openedAt: (options.now ?? Date.now)(),
    sinkFolders: (options.sinks ?? []).flatMap((sink) => (sink.kind === "files" ? [sink.folder] : [])),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  };
}
