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
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { encodeEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerAppender, LedgerEntry } from "@cordon/core/ledger/entry";
import { markOf } from "@cordon/core/ledger/interactions";
import type { LedgerFiles } from "./files.ts";
import type { Failure, FromWriter, ToWriter, WriterOptions } from "./protocol.ts";
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
}

/** Batches under load are sent this far apart at least, in milliseconds: an upstream's own latency hides it. */
const gatherMs = 2;
/** As many entries are worth a sync of their own. */
const largeBatch = 256;

/** More than any gateway has in flight; past it the disk is not keeping up, and what cannot be recorded does not happen. */
const maxOutstanding = 65_536;

/** How the client reaches its writer. */
interface Link {
  send(message: ToWriter): void;
  /** Ends the thread, if there is one. */
  end(): Promise<void>;
}

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

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: CordonError) => void;
}

class LedgerClient implements Ledger {
  readonly #options: LedgerOptions;
  readonly #link: Link;
  readonly #opened: Promise<void>;
  #settleOpened: Waiting<void> | undefined;
  #closed: Waiting<void> | undefined;
  #closing: Promise<void> | undefined;
  #state: LedgerHealth["state"] = "open";
  #failure: Failure | undefined;
  #size = 0;
  #checkpoint = "";
  #checkpointSize = 0;
  readonly #failingSinks = new Map<string, string>();
  /** Appends in the order sent; `#head` is the first that is not durable yet. */
  #waiting: (Waiting<number> | undefined)[] = [];
  #head = 0;
  /** Entries that were sent and are not durable yet. */
  #underway = 0;
  #flushing = false;
  #gathering = false;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #texts: string[] = [];
  #markedAt: number[] = [];
  #marks: string[] = [];
  readonly #receipts = new Map<number, Waiting<string>>();
  #lastReceipt = 0;

  private constructor(options: LedgerOptions, connect: (receive: (message: FromWriter) => void) => Link) {
    this.#options = options;
    this.#opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.#link = connect((message) => this.#receive(message));
  }

  static async open(
    options: LedgerOptions,
    connect: (receive: (message: FromWriter) => void) => Link,
  ): Promise<LedgerClient> {
    const client = new LedgerClient(options, connect);
    try {
      await client.#opened;
      return client;
    } catch (error) {
      await client.#link.end();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  get health(): LedgerHealth {
    return {
      state: this.#state,
      why: this.#failure?.message,
      outstanding: this.#waiting.length - this.#head,
      checkpointSize: this.#checkpointSize,
      failingSinks: [...this.#failingSinks].map(([folder, why]) => ({ folder, why })),
    };
  }

  latestCheckpoint(): string {
    return this.#checkpoint;
  }

  append(entry: LedgerEntry): Promise<number> {
    if (this.#state !== "open") return Promise.reject(this.#unavailable());
    if (this.#waiting.length - this.#head >= maxOutstanding)
      return Promise.reject(
        new CordonError(
          "LEDGER_UNAVAILABLE",
          `${maxOutstanding} entries wait for the disk already: it does not keep up`,
        ),
      );
    let text: string;
    try {
      text = encodeEntry(entry);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#scheduleFlush();
    const mark = markOf(entry);
    if (mark !== undefined) {
      this.#markedAt.push(this.#texts.length);
      if (mark.does === "opens" || mark.does === "closes") this.#marks.push(mark.does, mark.id, mark.namespace);
      else this.#marks.push(mark.does, "", "");
    }
    this.#texts.push(text);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  receipt(index: number): Promise<string> {
    if (this.#state !== "open") return Promise.reject(this.#unavailable());
    const request = ++this.#lastReceipt;
    return new Promise((resolve, reject) => {
      this.#receipts.set(request, { resolve, reject });
      this.#link.send({ type: "receipt", request, index });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#state === "open") {
      this.#send();
      const closed = new Promise<void>((resolve, reject) => (this.#closed = { resolve, reject }));
      this.#state = "closed";
      this.#link.send({ type: "close", at: (this.#options.now ?? Date.now)() });
      try {
        await closed;
      } finally {
        await this.#link.end();
      }
      return;
    }
    await this.#link.end();
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /**
   * Sends what has gathered, unless a batch is under way: then it goes on gathering until that one is durable. The
   * entries would wait for its sync all the same, and fewer, larger batches cost fewer syncs and thread switches. For
   * the same reason batches under load come {@link gatherMs} apart; an entry after a quiet moment goes at once.
   */
  #flush(): void {
    if (this.#underway > 0 || this.#gathering) return;
    if (this.#texts.length >= largeBatch || performance.now() - this.#sentAtMs >= gatherMs) return this.#send();
    this.#gathering = true;
    setTimeout(() => {
      this.#gathering = false;
      if (this.#underway === 0) this.#send();
    }, gatherMs);
  }

  #send(): void {
    if (this.#texts.length === 0 || this.#failure !== undefined) return;
    this.#underway += this.#texts.length;
    this.#sentAtMs = performance.now();
    const message = {
      type: "append",
      text: this.#texts.join("\n"),
      markedAt: this.#markedAt,
      marks: this.#marks,
    } as const;
    this.#texts = [];
    this.#markedAt = [];
    this.#marks = [];
    this.#link.send(message);
  }

  #receive(message: FromWriter): void {
    switch (message.type) {
      case "opened":
        this.#size = message.size;
        return this.#settleOpened?.resolve();
      case "durable":
        return this.#acknowledge(message.first, message.count);
      case "checkpoint":
        return this.#takeCheckpoint(message.note, message.size);
      case "sink":
        if (message.failure === undefined) this.#failingSinks.delete(message.folder);
        else this.#failingSinks.set(message.folder, message.failure);
        return;
      case "receipt":
        this.#receipts.get(message.request)?.resolve(message.receipt);
        return void this.#receipts.delete(message.request);
      case "no-receipt":
        this.#receipts.get(message.request)?.reject(errorOf(message.failure));
        return void this.#receipts.delete(message.request);
      case "failed":
        return this.#fail(message.failure);
      case "closed":
        this.#closed?.resolve();
        this.#closed = undefined;
        return;
    }
  }

  #acknowledge(first: number, count: number): void {
    this.#size = first + count;
    for (let i = 0; i < count; i++) {
      const at = this.#head + i;
      this.#waiting[at]?.resolve(first + i);
      this.#waiting[at] = undefined; // nothing that was settled is kept alive by the queue
    }
    this.#head += count;
    if (this.#head === this.#waiting.length || this.#head > 4_096) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#underway -= count;
    if (this.#texts.length > 0) this.#scheduleFlush();
  }

  #takeCheckpoint(note: string, size: number): void {
    this.#checkpoint = note;
    this.#checkpointSize = size;
    for (const sink of this.#options.sinks ?? []) if (sink.kind === "callback") sink.publish(note);
  }

  #fail(failure: Failure): void {
    if (this.#failure !== undefined || (this.#state === "closed" && this.#closed === undefined)) return;
    this.#failure = failure;
    this.#state = "failed";
    const error = errorOf(failure);
    this.#settleOpened?.reject(error);
    this.#closed?.reject(error);
    const unavailable = this.#unavailable();
    for (const each of this.#waiting.slice(this.#head)) each?.reject(unavailable);
    for (const each of this.#receipts.values()) each.reject(unavailable);
    this.#waiting = [];
    this.#head = 0;
    this.#texts = [];
    this.#receipts.clear();
  }

  #unavailable(): CordonError {
    const why = this.#failure?.message ?? "it was closed";
    return new CordonError("LEDGER_UNAVAILABLE", `nothing can be recorded, so nothing is allowed: ${why}`);
  }
}

function errorOf(failure: Failure): CordonError {
  return new CordonError(failure.code, failure.message);
}
