/**
 * What a paired browser works with, for the time that it is paired. In: this browser's key. Out: a client, and the feed
 * of live entries, which runs whatever page is open.
 */
import { createContext, useContext } from "react";
import { openClient, type ConsoleClient } from "../access/client.ts";
import type { BrowserKey } from "../access/sign.ts";
import { openFeed, type Feed } from "../live/feed.ts";

export interface Session extends Disposable {
  readonly key: BrowserKey;
  readonly client: ConsoleClient;
  readonly feed: Feed;
}

export function openSession(key: BrowserKey): Session {
  const client = openClient(key);
  const feed = openFeed(client);
  return { key, client, feed, [Symbol.dispose]: () => feed[Symbol.dispose]() };
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("this page is shown to paired browsers only");
  return session;
}
