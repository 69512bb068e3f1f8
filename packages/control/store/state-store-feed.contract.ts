/** Contract, the feed: whoever writes, a follower sees every revision once, whole, in order. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "./open-state-store.ts";
import type { Change, StateStore } from "./state-store.ts";
import { type CreateDatabase, key, origin, put, refusal, withStore } from "./state-store-fixture.ts";

const bounded = { timeout: 90_000 };
const transactionsEach = 12;

export function feedContract(createDatabase: CreateDatabase): void {
  const at = withStore(createDatabase);

  test(
    "eight writers, some in other processes, some rolling back, one slow: followers miss nothing",
    bounded,
    async () => {
      await using database = await createDatabase();
      await using store = await openStateStore(database.url);
      const stores = await Promise.all(Array.from({ length: 6 }, () => openStateStore(database.url)));
      await using follower = await openStateStore(database.url);
      const seen = collect(follower, origin, totalCommits(8));
      const writing = [
        ...stores.map((writer, index) => writeMany(writer, `writer-${index}`, index === 0 ? 150 : 0)),
        ...[6, 7].map((index) => writeInChild(database.url, `writer-${index}`)),
      ];
      const committed = (await Promise.all(writing)).flat();
      const revisions = await seen;

      assert.deepEqual(
        revisions.map((changes) => changes[0]?.revision),
        sequence(1, committed.length),
      );
      const followed = revisions.flatMap((changes) => changes.map(({ name, revision }) => `${revision} ${name}`));
      assert.deepEqual(followed.toSorted(), committed.toSorted());
      assert.equal((await store.snapshot()).revision, committed.length);

      const middle = Math.floor(committed.length / 2) as Revision;
      const resumed = await collect(store, middle, committed.length - middle);
      assert.deepEqual(resumed, revisions.slice(middle));
      await Promise.all(stores.map((writer) => writer[Symbol.asyncDispose]()));
    },
  );

  test("a revision with several changes arrives as one item", bounded, async () => {
    const { revision } = await at.store.transact("tester", 1, async (transaction) => {
      for (const name of ["f1", "f2", "f3"]) await transaction.put(key(name), 1, "api");
    });
    const [item] = await collect(at.store, (revision - 1) as Revision, 1);
    assert.deepEqual(
      item?.map(({ name }) => name),
      ["f1", "f2", "f3"],
    );
  });

  test("a follower that waits is woken by its own store, and by another", bounded, async () => {
    await using other = await openStateStore(at.database.url);
    const { revision } = await put(at.store, "wake", 0);
    const first = collect(at.store, revision, 1);
    await sleep(20);
    await put(at.store, "wake", 1);
    assert.equal((await first)[0]?.[0]?.object?.value, 1);
    const second = collect(at.store, (revision + 1) as Revision, 1);
    await sleep(20);
    await put(other, "wake", 2);
    assert.equal((await second)[0]?.[0]?.object?.value, 2);
  });

  test("abort ends a follower that waits, one that has items left, and one that never began", bounded, async () => {
    const { revision } = await put(at.store, "abort", 0);
    const waiting = new AbortController();
    const ended = drain(at.store.follow(revision, waiting.signal));
    await sleep(20);
    waiting.abort();
    assert.deepEqual(await ended, []);

    const early = new AbortController();
    const items: Revision[] = [];
    for await (const changes of at.store.follow(origin, early.signal)) {
      items.push(changes[0]?.revision ?? origin);
      early.abort();
    }
    assert.deepEqual(items, [1]);
    assert.deepEqual(await drain(at.store.follow(origin, AbortSignal.abort())), []);
  });

  test("leaving the loop leaves the feed", bounded, async () => {
    for await (const changes of at.store.follow(origin, new AbortController().signal)) {
      assert.equal(changes[0]?.revision, 1);
      break;
    }
    assert.ok((await put(at.store, "left", 1)).revision > 1);
  });

  test("closing the store tells its followers", bounded, async () => {
    const store = await openStateStore(at.database.url);
    const { revision } = await store.snapshot();
    const following = drain(store.follow(revision, new AbortController().signal));
    await Promise.all([
      assert.rejects(following, refusal("STORE_UNAVAILABLE", /closed/)),
      sleep(20).then(() => store[Symbol.asyncDispose]()),
    ]);
  });

  test("a follower ahead of the database is told that the database went back", bounded, async () => {
    const { revision } = await at.store.snapshot();
    const ahead = drain(at.store.follow((revision + 5) as Revision, new AbortController().signal));
    await assert.rejects(ahead, refusal("STORE_CORRUPT", /restored from an older backup/));
  });
}

/** Writes as state-store.child.ts does: every third transaction is rolled back. Gives `revision name` of each commit. */
async function writeMany(store: StateStore, label: string, holdMilliseconds: number): Promise<string[]> {
  const committed: string[] = [];
  for (let round = 0; round < transactionsEach; round += 1) {
    const name = `${label}-${round}`;
    const write = store.transact(label, round, async (transaction) => {
      await transaction.put(key(name), round, "api");
      if (round % 4 === 0) await sleep(holdMilliseconds);
      if (round % 3 === 2) throw new Error("rolled back");
    });
    const outcome = await write.catch((error: unknown) => assert.match(String(error), /rolled back/));
    if (outcome) committed.push(`${outcome.revision} ${name}`);
  }
  return committed;
}

function totalCommits(writers: number): number {
  return writers * sequence(0, transactionsEach - 1).filter((round) => round % 3 !== 2).length;
}

async function writeInChild(url: string, label: string): Promise<string[]> {
  const script = `${import.meta.dirname}/state-store.child.ts`;
  const child = spawn(process.execPath, [script, "write", url, label, String(transactionsEach)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(line);
  return lines;
}

async function collect(store: StateStore, from: Revision, count: number): Promise<(readonly Change[])[]> {
  const stop = new AbortController();
  const items: (readonly Change[])[] = [];
  for await (const item of store.follow(from, stop.signal)) {
    items.push(item);
    if (items.length === count) stop.abort();
  }
  return items;
}

async function drain(feed: AsyncIterable<readonly Change[]>): Promise<(readonly Change[])[]> {
  const items: (readonly Change[])[] = [];
  for await (const item of feed) items.push(item);
  return items;
}

function sequence(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
