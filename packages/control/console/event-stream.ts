/**
 * One browser's live updates. In: the recent entries and a response that stays open. Out: a line an entry, heartbeats,
 * and an end when the browser's key ends or it reads too slowly.
 *
 * Nothing is queued for a browser: it has a position in the recent entries, which are there anyway. What it does not
 * read stays in one socket buffer; when that stays full, the connection is cut and the browser asks again.
 */
import type { ServerResponse } from "node:http";
import type { LiveEvent } from "@cordon/core/contract/console-api";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { LiveEntries } from "./live-entries.ts";

/** Lines given to the socket at a time. */
const batchEntries = 32;

export interface EventStreamOptions {
  readonly since: number | undefined;
  readonly heartbeatMs: number;
  /** How long the socket may stay full before the browser is cut off. */
  readonly slowAfterMs: number;
  readonly now: () => number;
  /** Asked at each heartbeat; the stream ends when it says no, or cannot say. */
  readonly stillAllowed: () => Promise<boolean>;
  /** An entry as this browser may read it, or nothing. */
  readonly view: (entry: LedgerEntry) => LedgerEntry | undefined;
}

export interface EventStream {
  /** Ends the stream; what is in the socket still goes out. */
  end(): void;
}

export function streamEvents(response: ServerResponse, live: LiveEntries, options: EventStreamOptions): EventStream {
  let position = live.positionOf(options.since);
  let slow: NodeJS.Timeout | undefined;
  let ended = false;

  const write = (events: readonly LiveEvent[]): void => {
    if (events.length === 0) return;
    if (response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""))) return;
    slow = setTimeout(() => response.destroy(), options.slowAfterMs);
    response.once("drain", () => {
      clearTimeout(slow);
      slow = undefined;
      pump();
    });
  };
  const pump = (): void => {
    while (!ended && slow === undefined) {
      const entries = live.from(position, batchEntries);
      const [first] = entries;
      if (first === undefined) return;
      const skipped = first.position - position;
      write([
        ...(skipped > 0 ? [{ type: "skipped" as const, entries: skipped }] : []),
        ...entries.flatMap(({ index, entry }) => {
          const seen = options.view(entry);
          return seen === undefined ? [] : [{ type: "entry" as const, index, entry: { ...seen } }];
        }),
      ]);
      position = first.position + entries.length;
    }
  };
  const close = (): void => {
    ended = true;
    clearInterval(heartbeat);
    clearTimeout(slow);
    stopListening();
  };
  const beat = async (): Promise<void> => {
    const allowed = await options.stillAllowed().catch(() => false);
    if (ended) return;
    if (!allowed) stream.end();
    else if (slow === undefined) write([{ type: "heartbeat", at: options.now() }]);
  };
  const stopListening = live.onMore(pump);
  const heartbeat = setInterval(() => void beat(), options.heartbeatMs);
  heartbeat.unref();
  const stream: EventStream = {
    end: () => {
      if (ended) return;
      const isStuck = slow !== undefined;
      close();
      // A browser that does not read would hold the end up as well.
      if (isStuck) response.destroy();
      else response.end();
    },
  };
  response.once("close", close);
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  response.flushHeaders();
  pump();
  return stream;
}
