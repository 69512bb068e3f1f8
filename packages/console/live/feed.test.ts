import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestRefused } from "../access/refusal.ts";
import { openFeed, type Feed, type FeedState } from "./feed.ts";
import { decision, outcome } from "./test-entries.ts";
import { endingStream, openStream } from "./test-streams.ts";

const line = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
const entry = (index: number, value: unknown): Uint8Array => line({ type: "entry", index, entry: value });

function whenever(feed: Feed, holds: (state: FeedState) => boolean): Promise<FeedState> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!holds(feed.state())) return;
      leave();
      resolve(feed.state());
    };
    const leave = feed.subscribe(look);
    look();
  });
}

test("entries that arrive together are drawn together, and joined", async () => {
  using feed = openFeed({
    events: async () => openStream(entry(0, decision("a")), entry(1, outcome("a")), line({ type: "heartbeat", at: 1 })),
  });
  const { book, connection } = await whenever(feed, ({ book: { lastIndex } }) => lastIndex === 1);
  assert.equal(connection.state, "live");
  assert.equal(book.rows.length, 1);
});

test("after a break it asks from the last entry that it has, and says in between that it is not live", async () => {
  const asked: (number | undefined)[] = [];
  const streams = [
    endingStream([entry(6, decision("a")), entry(7, decision("b"))]),
    openStream(entry(7, decision("b")), entry(8, decision("c"))),
  ];
  using feed = openFeed({
    events: async (since) => {
      asked.push(since);
      return streams.shift() ?? openStream();
    },
  });
  const broken = await whenever(feed, ({ connection }) => connection.state === "reconnecting");
  assert.match(broken.connection.state === "reconnecting" ? broken.connection.words : "", /ended/);
  const { book } = await whenever(feed, ({ book: { lastIndex } }) => lastIndex === 8);
  assert.deepEqual(
    book.rows.map(({ index }) => index),
    [8, 7, 6],
    "what came twice is there once",
  );
  assert.equal(asked[0], undefined);
  assert.equal(asked[1], 7);
});

test("a stream of nonsense is a broken connection, not a row", async () => {
  using feed = openFeed({
    events: async () => endingStream([new TextEncoder().encode("<html>\n")]),
  });
  const { book } = await whenever(feed, ({ connection }) => connection.state === "reconnecting");
  assert.equal(book.rows.length, 0);
});

test("a browser that is no longer paired stops and says why; one that cannot reach Cordon goes on trying", async () => {
  let tries = 0;
  const refusing = (kind: "unpaired" | "clock" | "unreachable") => async (): Promise<never> => {
    tries++;
    throw new RequestRefused(kind, "", `refused: ${kind}`);
  };
  for (const kind of ["unpaired", "clock"] as const) {
    using feed = openFeed({ events: refusing(kind) });
    const { connection } = await whenever(feed, ({ connection: { state } }) => state === "stopped");
    assert.equal(connection.state === "stopped" && connection.refusal.kind, kind);
  }
  assert.equal(tries, 2, "neither was tried again");
  using feed = openFeed({ events: refusing("unreachable") });
  await whenever(feed, ({ connection }) => connection.state === "reconnecting" && connection.attempt === 2);
});

test("what Cordon passed over is counted, not hidden", async () => {
  using feed = openFeed({
    events: async () => openStream(line({ type: "skipped", entries: 40 }), line({ type: "skipped", entries: 2 })),
  });
  assert.equal((await whenever(feed, ({ skipped }) => skipped > 40)).skipped, 42);
});

test("a closed feed closes its connection and says nothing more", async () => {
  let aborted: AbortSignal | undefined;
  const feed = openFeed({
    events: async (_since, signal) => {
      aborted = signal;
      return openStream();
    },
  });
  await whenever(feed, ({ connection }) => connection.state === "live");
  let heard = 0;
  feed.subscribe(() => heard++);
  feed[Symbol.dispose]();
  assert.equal(aborted?.aborted, true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(heard, 0);
});
