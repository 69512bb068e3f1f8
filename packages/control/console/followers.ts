/**
 * The browsers that follow live updates. In: their responses and keys. Out: streams that end with the key that asked for
 * them: at once when it is revoked here, when its time is over, and at the next heartbeat when another process revoked it.
 */
import type { ServerResponse } from "node:http";
import type { ConsoleKey, ConsoleKeys } from "./console-keys.ts";
import { streamEvents, type EventStream } from "./event-stream.ts";
import { refuse } from "./exchange.ts";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { LiveEntries } from "./live-entries.ts";
import { readable, type Reader } from "./reading.ts";

/** Open live views, over all browsers. */
const maxFollowers = 64;

export interface Followers extends AsyncDisposable {
  add(response: ServerResponse, key: ConsoleKey, since: number | undefined): void;
}

export function openFollowers(
  live: LiveEntries,
  keys: Pick<ConsoleKeys, "find" | "onRevoked">,
  readerFor: (key: ConsoleKey) => Reader,
  options: { readonly now: () => number; readonly heartbeatMs?: number; readonly slowAfterMs?: number },
): Followers {
  const { now, heartbeatMs = 5_000, slowAfterMs = 10_000 } = options;
  const streams = new Map<EventStream, string>();
  const stopListening = keys.onRevoked((id) => {
    for (const [stream, keyId] of streams) if (keyId === id) stream.end();
  });
  return {
    add(response, key, since) {
      if (streams.size >= maxFollowers)
        return refuse(response, 503, "REQUEST_TIMEOUT", `${maxFollowers} live views are open; close one.`);
      const stillAllowed = async (): Promise<boolean> => (await keys.find(key.id)) !== undefined;
      // Asked for each: whoever leaves a group, or is locked, reads on as who they are then.
      const view = (entry: LedgerEntry): LedgerEntry | undefined => readable(readerFor(key), entry);
      const stream = streamEvents(response, live, { since, heartbeatMs, slowAfterMs, now, stillAllowed, view });
      const expiry = setTimeout(() => stream.end(), Math.max(0, key.expiresAt - now()));
      expiry.unref();
      streams.set(stream, key.id);
      response.once("close", () => {
        clearTimeout(expiry);
        streams.delete(stream);
      });
    },
    async [Symbol.asyncDispose]() {
      stopListening();
      for (const stream of streams.keys()) stream.end();
    },
  };
}
