/**
 * The ledger's thread, without the thread. In: messages from the event loop. Out: messages back. It gathers whatever
 * has arrived into one commit, and between commits moves a publication on by one file, so that a checkpoint never
 * holds an entry up for longer than one sync.
 */
import { isCordonError } from "@cordon/core/errors";
import type { Mark } from "@cordon/core/ledger/interactions";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { LedgerEngine, type EncodedEntry } from "./engine.ts";
import { fileSink, type FileSink } from "./file-sink.ts";
import type { LedgerFiles } from "./files.ts";
import type { AppendMessage, Failure, FromWriter, ToWriter, WriterOptions } from "./protocol.ts";

/** From here on commits wait for the publication: memory stays bounded when the disk cannot keep up. */
const maxHeldEntries = 16_384;

interface WantedReceipt {
  readonly request: number;
  readonly index: number;
}

export class Writer {
  readonly #emit: (message: FromWriter) => void;
  readonly #engine: LedgerEngine;
  readonly #sinks: readonly FileSink[];
  readonly #timer: NodeJS.Timeout;
  #arrived: AppendMessage[] = [];
  #receipts: WantedReceipt[] = [];
  #publication: Generator<void, void> | undefined;
  #due = false;
  #scheduled = false;
  #ended = false;

  private constructor(
    engine: LedgerEngine,
    sinks: readonly FileSink[],
    checkpointEveryMs: number,
    emit: (message: FromWriter) => void,
  ) {
    this.#engine = engine;
    this.#sinks = sinks;
    this.#emit = emit;
    this.#timer = setInterval(() => this.#tick(), checkpointEveryMs);
    this.#timer.unref();
  }

  /** Opens the ledger and says `opened`, or says `failed` and returns nothing. */
  static async open(
    options: WriterOptions,
    files: LedgerFiles,
    emit: (message: FromWriter) => void,
  ): Promise<Writer | undefined> {
    const sinks = options.sinkFolders.map((folder) =>
      fileSink(folder, options.origin, Date.now, (failure) => emit({ type: "sink", folder, failure })),
    );
    try {
      const { origin, privateKey, openedAt, segmentBytes } = options;
      const seen = await readSinks(sinks, emit);
      const engine = await LedgerEngine.open({
        files,
        origin,
        privateKey,
        openedAt,
        seen,
        ...(segmentBytes === undefined ? {} : { segmentBytes }),
      });
      const writer = new Writer(engine, sinks, options.checkpointEveryMs, emit);
      writer.#sayCheckpoint();
      emit({ type: "opened", size: engine.size });
      return writer;
    } catch (error) {
      emit({ type: "failed", failure: failureOf(error, `the ledger in ${options.folder} could not be opened`) });
      return undefined;
    }
  }

  receive(message: ToWriter): void {
    if (this.#ended) return;
    switch (message.type) {
      case "append":
        this.#arrived.push(message);
        break;
      case "receipt":
        this.#receipts.push(message);
        break;
      case "close":
        void this.#close(message.at);
        return;
    }
    this.#schedule();
  }

  #tick(): void {
    this.#due = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#attempt(() => this.#turn());
    });
  }

  /** One turn: commit what arrived, acknowledge it, publish a little. */
  #turn(): void {
    if (this.#ended) return;
    this.#commitArrived();
    this.#answerReceipts();
    if (this.#publication === undefined && this.#due) {
      this.#due = false;
      if (this.#engine.size > this.#engine.publishedSize) this.#publication = this.#engine.publication();
    }
    if (this.#publication === undefined) return;
    this.#stepPublication(this.#engine.heldEntries > maxHeldEntries);
    if (this.#publication !== undefined || this.#due) this.#schedule();
  }

  #commitArrived(): void {
    if (this.#arrived.length === 0) return;
    const entries = this.#arrived.flatMap(decodeAppend);
    this.#arrived = [];
    const first = this.#engine.commit(entries);
    this.#emit({ type: "durable", first, count: entries.length });
  }

  #stepPublication(toTheEnd: boolean): void {
    do {
      if (this.#publication?.next().done !== true) continue;
      this.#publication = undefined;
      this.#sayCheckpoint();
      this.#answerReceipts();
      return;
    } while (toTheEnd);
  }

  #sayCheckpoint(): void {
    const { checkpoint: note, publishedSize: size } = this.#engine;
    this.#emit({ type: "checkpoint", note, size });
    for (const sink of this.#sinks) sink.publish(note);
  }

  /** Answers the receipts that the published checkpoint covers; asks for a checkpoint where one is waited for. */
  #answerReceipts(): void {
    const { size, publishedSize } = this.#engine;
    const later: WantedReceipt[] = [];
    for (const wanted of this.#receipts) {
      if (wanted.index >= publishedSize && wanted.index < size) later.push(wanted);
      else void this.#answerReceipt(wanted.request, wanted.index);
    }
    this.#receipts = later;
    if (later.length > 0) this.#due = true;
  }

  async #answerReceipt(request: number, index: number): Promise<void> {
    try {
      this.#emit({ type: "receipt", request, receipt: await this.#engine.receipt(index) });
    } catch (error) {
      this.#emit({ type: "no-receipt", request, failure: failureOf(error, `no receipt for entry ${index}`) });
    }
  }

  async #close(at: number): Promise<void> {
    this.#attempt(() => {
      this.#commitArrived();
      if (this.#publication !== undefined) this.#stepPublication(true);
      this.#engine.close(at);
      this.#sayCheckpoint();
      this.#answerReceipts();
    });
    if (this.#ended) return;
    this.#end();
    await Promise.all(this.#sinks.map((sink) => sink.settled()));
    this.#emit({ type: "closed" });
  }

  /** A write that failed leaves the disk in a state that only a restart can read: nothing more is recorded. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#end();
      this.#engine.abandon();
      this.#emit({ type: "failed", failure: failureOf(error, "the ledger could not be written") });
    }
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}

function decodeAppend({ text, markedAt, marks }: AppendMessage): EncodedEntry[] {
  const bytes = Buffer.from(text);
  const entries: EncodedEntry[] = [];
  const markLines = marks.split("\n");
  let nextMark = 0;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    let mark: Mark;
    if (markedAt[nextMark] === entries.length) {
      mark = decodeMark(markLines, nextMark * 3);
      nextMark += 1;
    }
    entries.push({ bytes: bytes.subarray(start, end), mark });
    start = end + 1;
  }
  return entries;
}

function decodeMark(lines: readonly string[], at: number): Mark {
  const [does, id = "", namespace = ""] = lines.slice(at, at + 3);
  if (does === "opens" || does === "closes") return { does, id, namespace: namespace as Namespace };
  return { does: does === "stops" ? "stops" : "starts" };
}

async function readSinks(sinks: readonly FileSink[], emit: (message: FromWriter) => void): Promise<string[]> {
  const notes: string[] = [];
  for (const sink of sinks) {
    try {
      const note = await sink.latest();
      if (note !== undefined) notes.push(note);
    } catch (error) {
      emit({ type: "sink", folder: sink.folder, failure: error instanceof Error ? error.message : String(error) });
    }
  }
  return notes;
}

function failureOf(error: unknown, what: string): Failure {
  if (isCordonError(error)) return { code: error.code, message: error.message };
  const full = error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  const why = full ? "the disk is full: free some space" : error instanceof Error ? error.message : String(error);
  return { code: "LEDGER_UNAVAILABLE", message: `${what}: ${why}${full ? ` (${error.code as string})` : ""}` };
}
