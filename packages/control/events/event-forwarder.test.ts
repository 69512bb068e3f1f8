import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { LogEvent } from "@cordon/core/observation/log-event";
import { openEventForwarder, type EventForwarder, type EventSource } from "./event-forwarder.ts";
import type { EventSink } from "./event-sink.ts";

const folder = await mkdtemp(join(tmpdir(), "cordon-events-"));
after(() => rm(folder, { recursive: true, force: true }));
let cursors = 0;
const newCursor = (): string => join(folder, "cursors", `${++cursors}.json`);

/** A ledger of writer entries, as long as a test says, of which a checkpoint covers `published`. */
function ledgerOf(size: number, published = size, origin = "test.example/log") {
  const ledger = { size, published, origin };
  const source: EventSource = {
    origin,
    size: () => ledger.size,
    published: () => ledger.published,
    async *read(upTo, from) {
      for (let index = from; index < upTo; index++)
        yield {
          index,
          bytes: Buffer.from(JSON.stringify({ v: 1, at: index, kind: "writer", event: "started", words: `${index}` })),
        };
    },
  };
  return { ledger, source };
}

function collector() {
  const got: number[] = [];
  const state = { down: false, gotAtOnce: 0 };
  const sink: EventSink = {
    name: "collector",
    async write(events) {
      if (state.down) throw new Error("connection refused");
      state.gotAtOnce = Math.max(state.gotAtOnce, events.length);
      for (const { text } of events)
        got.push((JSON.parse(text) as { metadata: { sequence: number } }).metadata.sequence);
      return 0;
    },
    async [Symbol.asyncDispose]() {
      // nothing held
    },
  };
  return { got, state, sink };
}

const open = (
  sink: EventSink,
  source: EventSource,
  options: { cursorFile?: string; backlogEntries?: number; log?: (event: LogEvent) => void } = {},
): Promise<EventForwarder> =>
  openEventForwarder({
    sink,
    source,
    cursorFile: options.cursorFile ?? newCursor(),
    backlogEntries: options.backlogEntries ?? 1_000_000,
    log: options.log ?? (() => undefined),
    pollMs: 1,
    retryMs: 1,
  });

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(holds(), "it never came to pass");
}
const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, at) => from + at);

test("a new sink gets what comes after it, in order, a bounded number at a time", async () => {
  const { ledger, source } = ledgerOf(10);
  const { got, state, sink } = collector();
  await using forwarder = await open(sink, source);
  ledger.size = ledger.published = 500;
  await until(() => got.length === 490);
  assert.deepEqual(got, upTo(500, 10));
  assert.ok(state.gotAtOnce <= 64);
  assert.deepEqual(
    { ...forwarder.status() },
    { name: "collector", state: "ok", why: undefined, behind: 0, sent: 490, dropped: 0 },
  );
});

test("nothing leaves before a signed checkpoint covers it", async () => {
  const { ledger, source } = ledgerOf(0);
  const { got, sink } = collector();
  await using forwarder = await open(sink, source);
  ledger.size = 20;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(got, []);
  assert.equal(forwarder.status().behind, 20);
  ledger.published = 7;
  await until(() => got.length === 7);
  assert.deepEqual(got, upTo(7));
});

test("a sink that is down costs nothing, is told once, and gets everything when it is back", async () => {
  const { ledger, source } = ledgerOf(0);
  const { got, state, sink } = collector();
  const told: LogEvent[] = [];
  state.down = true;
  await using forwarder = await open(sink, source, { log: (event) => told.push(event) });
  ledger.size = ledger.published = 300;
  await until(() => forwarder.status().state === "failing");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([forwarder.status().why, forwarder.status().behind], ["connection refused", 300]);
  state.down = false;
  await until(() => forwarder.status().state === "ok");
  assert.deepEqual(got, upTo(300));
  assert.deepEqual(
    told.map(({ event }) => event),
    ["events-failing", "events-resumed"],
  );
  assert.equal(forwarder.status().dropped, 0);
});

test("a sink too far behind loses the oldest: counted and told, the rest in order", async () => {
  const { ledger, source } = ledgerOf(0);
  const { got, state, sink } = collector();
  const told: LogEvent[] = [];
  state.down = true;
  await using forwarder = await open(sink, source, { backlogEntries: 100, log: (event) => told.push(event) });
  ledger.size = ledger.published = 50;
  await until(() => forwarder.status().state === "failing");
  ledger.size = ledger.published = 250;
  await until(() => forwarder.status().dropped === 150);
  state.down = false;
  await until(() => got.length === 100);
  assert.deepEqual(got, upTo(250, 150));
  assert.ok(told.some(({ event, facts }) => event === "events-dropped" && facts?.["dropped"] === 150));
});

test("after a restart it goes on where it stopped; a cursor of another log, or a broken one, is none", async () => {
  const cursorFile = newCursor();
  const first = collector();
  const { ledger, source } = ledgerOf(0);
  {
    await using _forwarder = await open(first.sink, source, { cursorFile });
    ledger.size = ledger.published = 30;
    await until(() => first.got.length === 30);
  }
  ledger.size = ledger.published = 40;
  const second = collector();
  {
    await using _forwarder = await open(second.sink, source, { cursorFile });
    await until(() => second.got.length === 10);
    assert.deepEqual(second.got, upTo(40, 30));
  }
  const other = ledgerOf(5, 5, "test.example/another");
  const third = collector();
  {
    await using _forwarder = await open(third.sink, other.source, { cursorFile });
    other.ledger.size = other.ledger.published = 8;
    await until(() => third.got.length === 3);
  }
  await writeFile(cursorFile, "{");
  const fourth = collector();
  await using forwarder = await open(fourth.sink, other.source, { cursorFile });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([fourth.got, forwarder.status().behind], [[], 0]);
  assert.match(await readFile(cursorFile, "utf8"), /"next":8/);
});

test("what was written just before the end still leaves", async () => {
  const { ledger, source } = ledgerOf(0);
  const { got, sink } = collector();
  const forwarder = await open(sink, source);
  ledger.size = ledger.published = 5;
  await forwarder[Symbol.asyncDispose]();
  assert.deepEqual(got, upTo(5));
});

test("closing does not wait for a sink that hangs", async () => {
  const { ledger, source } = ledgerOf(0);
  const { sink } = collector();
  const hanging: EventSink = { ...sink, write: () => new Promise(() => undefined) };
  const forwarder = await open(hanging, source);
  ledger.size = ledger.published = 5;
  const ended = await Promise.race([
    forwarder[Symbol.asyncDispose]().then(() => "closed"),
    new Promise((resolve) => setTimeout(resolve, 20_000, "waited").unref()),
  ]);
  assert.equal(ended, "closed");
});
