/**
 * Sends the ledger's entries to one sink, as OCSF events, in order. In: the ledger's files as far as a signed checkpoint
 * covers them, and a sink. Out: events, at least once each.
 *
 * The queue is the ledger itself: nothing is copied on the path of a request, and a sink that is down costs no memory
 * and holds nothing up. It goes on where it stopped, also after a restart. One that falls further behind than its
 * backlog skips what is oldest: that is counted, told, and still in the ledger.
 */
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { ocsfEvents } from "@cordon/core/ledger/ocsf";
import type { LogEvent } from "@cordon/core/observation/log-event";
import { readEventCursor, writeEventCursor } from "./event-cursor.ts";
import type { EventSink, OutgoingEvent } from "./event-sink.ts";

/** The ledger as a forwarder reads it. */
export interface EventSource {
  /** The log's name. */
  readonly origin: string;
  /** How many entries there are, durable or checkpointed. A sink that is new starts after them. */
  readonly size: () => number;
  /** How many entries a signed checkpoint covers: those can be read. */
  readonly published: () => number;
  /** The entries from an index up to `size`. */
  readonly read: (size: number, from: number) => AsyncIterable<{ readonly index: number; readonly bytes: Uint8Array }>;
}

export interface ForwarderOptions {
  readonly sink: EventSink;
  readonly source: EventSource;
  readonly cursorFile: string;
  /** Most entries that the sink may be behind. */
  readonly backlogEntries: number;
  readonly log: (event: LogEvent) => void;
  /** How often the ledger is looked at. Default 200. */
  readonly pollMs?: number;
  /** The first wait after a failure; it doubles up to a hundred times as long. Default 500. */
  readonly retryMs?: number;
}

export interface ForwarderStatus {
  readonly name: string;
  readonly state: "ok" | "failing";
  readonly why: string | undefined;
  /** Entries that the sink has not had yet. */
  readonly behind: number;
  readonly sent: number;
  /** Events that the sink will not get: skipped because it was too far behind, or too long for it. */
  readonly dropped: number;
}

export interface EventForwarder extends AsyncDisposable {
  status(): ForwarderStatus;
}

/** How many events go to the sink at a time. */
const batchSize = 64;
/** How many entries become events before the event loop gets a turn. */
const sliceSize = 8;
const saveEveryMs = 1_000;
/** How long the end of a process waits for its last events to leave. */
const lastWordsMs = 2_000;

/** Starts forwarding, from the sink's cursor on. */
export async function openEventForwarder(options: ForwarderOptions): Promise<EventForwarder> {
  const { cursorFile, source } = options;
  const known = await readEventCursor(cursorFile, source.origin);
  if (known === undefined) await writeEventCursor(cursorFile, source.origin, source.size());
  return new Forwarder(options, known ?? source.size());
}

class Forwarder implements EventForwarder {
  readonly #options: ForwarderOptions;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #next: number;
  #saved: number;
  #savedAtMs = 0;
  #sent = 0;
  #dropped = 0;
  #failure: string | undefined;

  constructor(options: ForwarderOptions, next: number) {
    this.#options = options;
    this.#next = next;
    this.#saved = next;
    this.#running = this.#run();
  }

  status(): ForwarderStatus {
    return {
      name: this.#options.sink.name,
      state: this.#failure === undefined ? "ok" : "failing",
      why: this.#failure,
      behind: Math.max(0, this.#options.source.size() - this.#next),
      sent: this.#sent,
      dropped: this.#dropped,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    const late = sleep(lastWordsMs, undefined, { ref: false });
    await Promise.race([this.#running.then(() => this.#forward()).catch(() => undefined), late]);
    await this.#save().catch(() => undefined); // the next start sends again what it has sent already
    await this.#options.sink[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { pollMs = 200, retryMs = 500 } = this.#options;
    let wait = retryMs;
    while (!signal.aborted) {
      try {
        await this.#forward();
        wait = retryMs;
        this.#recovered();
        await this.#pause(pollMs);
      } catch (error) {
        this.#failed(error);
        await this.#pause(wait);
        wait = Math.min(wait * 2, retryMs * 100);
      }
    }
  }

  /** Sends what is there to send. */
  async #forward(): Promise<void> {
    const { source, sink } = this.#options;
    const size = source.published();
    this.#skip(size);
    if (this.#next >= size) return;
    let events: OutgoingEvent[] = [];
    let converted = 0;
    const flush = async (next: number): Promise<void> => {
      const left = await sink.write(events);
      this.#sent += events.length - left;
      if (left > 0) this.#drop(left, "are too long for it");
      events = [];
      this.#next = next;
      if (performance.now() - this.#savedAtMs > saveEveryMs) await this.#save();
    };
    for await (const { index, bytes } of source.read(size, this.#next)) {
      events.push(...outgoingEvents(bytes, index, source.origin));
      if (++converted % sliceSize === 0) await breathe();
      if (events.length >= batchSize) await flush(index + 1);
    }
    await flush(size);
  }

  /** Gives up the oldest where the sink is further behind than it may be. */
  #skip(size: number): void {
    const oldest = size - this.#options.backlogEntries;
    if (this.#next >= oldest) return;
    this.#drop(oldest - this.#next, "are older than its backlog");
    this.#next = oldest;
  }

  #drop(count: number, why: string): void {
    this.#dropped += count;
    const { sink, log } = this.#options;
    const words = `${count} events will not reach ${sink.name}: they ${why}; \`cordon ledger export\` has them`;
    log({ level: "warn", event: "events-dropped", words, facts: { dropped: this.#dropped } });
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const first = this.#failure === undefined;
    this.#failure = why;
    const { sink, log } = this.#options;
    if (first) log({ level: "error", event: "events-failing", words: `events do not reach ${sink.name}: ${why}` });
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    const { sink, log } = this.#options;
    log({ level: "info", event: "events-resumed", words: `events reach ${sink.name} again` });
  }

  async #save(): Promise<void> {
    this.#savedAtMs = performance.now();
    if (this.#next === this.#saved) return;
    await writeEventCursor(this.#options.cursorFile, this.#options.source.origin, this.#next);
    this.#saved = this.#next;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#next !== this.#saved && performance.now() - this.#savedAtMs > saveEveryMs) await this.#save();
    // Ends early when the forwarder is closed.
    await sleep(ms, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined);
  }
}

/** What an entry's bytes become. Those that this version cannot read are left to the ledger's own tools. */
function outgoingEvents(bytes: Uint8Array, index: number, origin: string): readonly OutgoingEvent[] {
  const entry = parseEntry(bytes);
  if (entry === undefined) return [];
  return ocsfEvents(entry, index, origin).map((event) => ({
    text: JSON.stringify(event),
    at: event.time,
    classUid: event.class_uid,
    severityId: event.severity_id,
  }));
}
