/**
 * Keeps the book up to date. In: a client. Out: the newest rows and the connection's state, a few times a second at
 * most, however much arrives; connects again by itself, from the last entry seen.
 */
import { liveEvent } from "@cordon/core/contract/console-api";
import type { ConsoleClient } from "../access/client.ts";
import { RequestRefused } from "../access/refusal.ts";
import { addLines, emptyBook, type Book } from "./book.ts";
import { readJsonLines } from "./ndjson.ts";
import { readLine, type Line } from "./row.ts";

export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  /** Trying again by itself. */
  | { readonly state: "reconnecting"; readonly words: string; readonly attempt: number }
  /** Given up: the person must do something. */
  | { readonly state: "stopped"; readonly refusal: RequestRefused };

export interface FeedState {
  readonly book: Book;
  readonly connection: Connection;
  /** Entries that came faster than Cordon keeps them for the console: they are in the ledger, and not here. */
  readonly skipped: number;
}

export interface Feed extends Disposable {
  /** For `useSyncExternalStore`: `listener` runs after each change; the answer ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly state: () => FeedState;
}

/** Drawn at most ten times a second: 200 entries a second are 20 a frame. */
const drawEveryMs = 100;
/** Cordon sends a heartbeat every few seconds; after this long without a byte the connection is dead. */
const silenceMs = 20_000;
const retryMs = [500, 1_000, 2_000, 4_000, 8_000];

export function openFeed(client: Pick<ConsoleClient, "events">): Feed {
  const listeners = new Set<() => void>();
  const ending = new AbortController();
  let current: FeedState = { book: emptyBook, connection: { state: "connecting" }, skipped: 0 };
  let arrived: Line[] = [];
  let drawing: ReturnType<typeof setTimeout> | undefined;

  const publish = (change: Partial<FeedState>): void => {
    if (ending.signal.aborted) return;
    current = { ...current, ...change };
    for (const listener of listeners) listener();
  };
  const draw = (): void => {
    drawing = undefined;
    const lines = arrived;
    arrived = [];
    publish({ book: addLines(current.book, lines) });
  };
  const receive = (values: readonly unknown[]): void => {
    for (const value of values) {
      const event = liveEvent.safeParse(value);
      if (!event.success) continue;
      if (event.data.type === "entry") arrived.push(readLine(event.data.index, event.data.entry));
      if (event.data.type === "skipped") publish({ skipped: current.skipped + event.data.entries });
    }
    if (arrived.length > 0) drawing ??= setTimeout(draw, drawEveryMs);
  };
  const connected = (): void => {
    if (current.connection.state !== "live") publish({ connection: { state: "live" } });
  };
  void follow({ client, signal: ending.signal, since: () => current.book.lastIndex, receive, connected, publish });

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    state: () => current,
    [Symbol.dispose]() {
      ending.abort();
      clearTimeout(drawing);
    },
  };
}

interface Following {
  readonly client: Pick<ConsoleClient, "events">;
  readonly signal: AbortSignal;
  readonly since: () => number;
  readonly receive: (values: readonly unknown[]) => void;
  readonly connected: () => void;
  readonly publish: (change: Partial<FeedState>) => void;
}

/** Connects, and connects again, until the feed is closed or Cordon no longer knows this browser. */
async function follow(following: Following): Promise<void> {
  const { signal, publish, connected } = following;
  for (let attempt = 0; !signal.aborted;) {
    let words = "the connection ended";
    try {
      await followOnce(following, () => {
        attempt = 0;
        connected();
      });
    } catch (error) {
      if (error instanceof RequestRefused && (error.kind === "unpaired" || error.kind === "clock")) {
        publish({ connection: { state: "stopped", refusal: error } });
        return;
      }
      words = error instanceof RequestRefused ? error.message : "the connection broke";
    }
    attempt++;
    publish({ connection: { state: "reconnecting", words, attempt } });
    await pause(retryMs[Math.min(attempt, retryMs.length) - 1] ?? 1_000, signal);
  }
}

/** One connection, until it ends, breaks or falls silent. */
async function followOnce({ client, signal, since, receive }: Following, onLive: () => void): Promise<void> {
  const silence = new AbortController();
  let watch = setTimeout(() => silence.abort(), silenceMs);
  try {
    const index = since();
    const stream = await client.events(index < 0 ? undefined : index, AbortSignal.any([signal, silence.signal]));
    onLive();
    for await (const values of readJsonLines(stream)) {
      clearTimeout(watch);
      watch = setTimeout(() => silence.abort(), silenceMs);
      receive(values);
    }
  } finally {
    clearTimeout(watch);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
