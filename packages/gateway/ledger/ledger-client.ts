/**
 * The event loop's side of the ledger. In: entries, and a link to the writer. Out: a promise an entry, kept once the
 * writer says that it is durable; receipts; the latest checkpoint. Entries gather into batches here.
 */
import { CordonError } from "@cordon/core/errors";
import { encodeEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { markOf } from "@cordon/core/ledger/interactions";
import type { Ledger, LedgerHealth, LedgerListener, LedgerOptions } from "./ledger.ts";
import type { Failure, FromWriter, ToWriter } from "./protocol.ts";

/** Batches under load are sent this far apart at least, in milliseconds: an upstream's own latency hides it. */
const gatherMs = 4;
/** It is load when the batch before held at least this many entries; else there is little to gather, and nothing waits. */
const loadedBatch = 4;
/** When nothing has come for so long, in milliseconds, there is nothing to wait for: the disk may as well be at work. */
const quietMs = 0.25;
/** As many entries are worth a sync of their own. */
const largeBatch = 256;

/** More than any gateway has in flight; past it the disk is not keeping up, and what cannot be recorded does not happen. */
const maxOutstanding = 65_536;

/** How the client reaches its writer. */
export interface Link {
  send(message: ToWriter): void;
  /** Ends the thread, if there is one. */
  end(): Promise<void>;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: CordonError) => void;
}

interface WaitingEntry extends Waiting<number> {
  readonly entry: LedgerEntry;
}

export class LedgerClient implements Ledger {
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
  #waiting: (WaitingEntry | undefined)[] = [];
  #head = 0;
  /** Entries that were sent and are not durable yet. */
  #underway = 0;
  #flushing = false;
  #gathering = false;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #sentCount = 0;
  #texts: string[] = [];
  #markedAt: number[] = [];
  #marks: string[] = [];
  #listener: LedgerListener = () => undefined;
  #listenerFailed: (error: unknown) => void = () => undefined;
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
    const mark = markOf(entry);
    if (mark !== undefined && "id" in mark && mark.id.includes("\n"))
      return Promise.reject(new CordonError("LEDGER_UNAVAILABLE", "an interaction's id holds a line feed"));
    if (mark !== undefined) {
      this.#markedAt.push(this.#texts.length);
      if (mark.does === "opens" || mark.does === "closes") this.#marks.push(mark.does, mark.id, mark.namespace);
      else this.#marks.push(mark.does, "", "");
    }
    this.#texts.push(text);
    this.#scheduleFlush();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, entry }));
  }

  hear(listener: LedgerListener, failed: (error: unknown) => void): void {
    this.#listener = listener;
    this.#listenerFailed = failed;
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
   * the same reason batches under load come {@link gatherMs} apart while there is something else to do; otherwise an entry
   * goes at once.
   */
  #flush(): void {
    if (this.#underway > 0 || this.#gathering) return;
    if (this.#sentCount < loadedBatch || this.#texts.length >= largeBatch) return this.#send();
    if (performance.now() - this.#sentAtMs >= gatherMs) return this.#send();
    this.#gathering = true;
    this.#gather(this.#sentAtMs + gatherMs, 0, 0);
  }

  /** Waits on while more comes, turn by turn of the event loop: a timer would sleep through a disk that has nothing to do. */
  #gather(until: number, known: number, grewAt: number): void {
    setImmediate(() => {
      const count = this.#texts.length;
      const now = performance.now();
      const last = count > known ? now : grewAt;
      if (count < largeBatch && now < until && now - last < quietMs) return this.#gather(until, count, last);
      this.#gathering = false;
      if (this.#underway === 0) this.#send();
    });
  }

  #send(): void {
    if (this.#texts.length === 0 || this.#failure !== undefined) return;
    this.#sentCount = this.#texts.length;
    this.#underway += this.#sentCount;
    this.#sentAtMs = performance.now();
    const message = {
      type: "append",
      text: this.#texts.join("\n"),
      markedAt: this.#markedAt,
      marks: this.#marks.join("\n"),
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
      const waiting = this.#waiting[at];
      if (waiting === undefined) continue;
      try {
        this.#listener(first + i, waiting.entry);
      } catch (error) {
        this.#listenerFailed(error);
      }
      waiting.resolve(first + i);
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
