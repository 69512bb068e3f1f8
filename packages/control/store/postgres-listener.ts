/**
 * Rings the bell when PostgreSQL says that something was committed. In: connection settings. Out: rings. One connection
 * listens while anyone follows; when it is lost it comes back with growing pauses, and rings then, since it cannot know
 * what it missed. A slow poll rings besides: some connection poolers pass no notifications on.
 */
import { once } from "node:events";
import pg from "pg";
import type { Bell } from "./bell.ts";
import { pause } from "./feed.ts";

export const channel = "cordon_state";

export interface ListenTimings {
  readonly slowPollMilliseconds: number;
}

export interface Listener {
  /** Listens for one more follower; the function returned ends that. */
  readonly watch: () => () => void;
  readonly close: () => Promise<void>;
}

export function watchNotifications(
  config: pg.ClientConfig,
  bell: Bell,
  timings: ListenTimings = { slowPollMilliseconds: 1000 },
): Listener {
  let followers = 0;
  let stop: AbortController | undefined;
  let listening: Promise<void> = Promise.resolve();
  let poll: NodeJS.Timeout | undefined;

  const start = (): void => {
    const controller = new AbortController();
    stop = controller;
    listening = keepListening(config, bell, controller.signal);
    poll = setInterval(() => bell.ring(), timings.slowPollMilliseconds);
  };
  const end = (): void => {
    stop?.abort();
    clearInterval(poll);
  };
  const watch = (): (() => void) => {
    followers += 1;
    if (followers === 1) start();
    return () => {
      followers -= 1;
      if (followers === 0) end();
    };
  };
  const close = async (): Promise<void> => {
    end();
    await listening;
  };
  return { watch, close };
}

/** A failure here is not reported: followers read the log themselves, and their reads say what is wrong. */
async function keepListening(config: pg.ClientConfig, bell: Bell, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    failures += 1;
    const connected = await listenUntilLost(config, bell, signal);
    if (connected) failures = 1;
    await pause(failures, signal);
  }
}

/** Resolves, with whether it ever listened, when the connection is lost or `signal` aborts. */
async function listenUntilLost(config: pg.ClientConfig, bell: Bell, signal: AbortSignal): Promise<boolean> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  client.on("notification", () => bell.ring());
  let lost = false;
  const over = once(client, "end", { signal })
    .catch(() => undefined)
    .then(() => void (lost = true));
  try {
    await Promise.race([client.connect(), over]);
    if (lost) return false;
    await client.query(`listen ${channel}`);
    bell.ring();
    await over;
    return true;
  } catch {
    return false;
  } finally {
    void client.end().catch(() => undefined);
  }
}
