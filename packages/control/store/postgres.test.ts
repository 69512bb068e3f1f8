import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CordonError } from "@cordon/core/errors";
import { sql } from "kysely";
import pg from "pg";
import { DatabaseStateStore } from "./database-state-store.ts";
import { openStateStore } from "./open-state-store.ts";
import { openPostgres } from "./postgres.ts";
import { type EmptyDatabase, key, origin, put, refusal } from "./state-store-fixture.ts";
import { stateStoreContract } from "./state-store.contract.ts";
import { readStoreUrl } from "./store-url.ts";

const server = process.env["CORDON_TEST_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";

async function execute(url: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A schema of its own, so that runs beside each other do not meet. */
async function createSchema(): Promise<EmptyDatabase & { readonly schema: string }> {
  const schema = `cordon_test_${randomBytes(6).toString("hex")}`;
  await execute(server, `create schema ${schema}`);
  const url = new URL(server);
  url.searchParams.set("options", `-csearch_path=${schema}`);
  url.searchParams.set("application_name", schema);
  return {
    url: url.href,
    schema,
    execute: async (statement) => void (await execute(url.href, statement)),
    [Symbol.asyncDispose]: async () => void (await execute(server, `drop schema ${schema} cascade`)),
  };
}

async function whyNotReachable(): Promise<string | false> {
  try {
    await execute(server, "select 1");
    return false;
  } catch (error) {
    const { host } = new URL(server);
    return `no PostgreSQL at ${host} (${error instanceof Error ? error.message : String(error)}); set CORDON_TEST_POSTGRES to a URL`;
  }
}

const skip = await whyNotReachable();
const bounded = { skip, timeout: 60_000 };

stateStoreContract("PostgreSQL", createSchema, skip);

function disconnectAll(schema: string) {
  return execute(server, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schema}'`);
}

test("a notification alone wakes a follower", bounded, async () => {
  await using database = await createSchema();
  await using writer = await openStateStore(database.url);
  const location = readStoreUrl(database.url);
  assert.ok(location.adapter === "postgres");
  const never = { slowPollMilliseconds: 2 ** 31 - 1 };
  await using follower = new DatabaseStateStore(await openPostgres(location, never));
  const stop = new AbortController();
  const feed = follower.follow(origin, stop.signal);
  for (let round = 1; round <= 5; round += 1) {
    const next = feed.next();
    await sleep(30);
    await put(writer, "x", round);
    assert.equal((await next).value?.[0]?.object?.value, round);
  }
  stop.abort();
});

test("a follower whose connections are cut again and again misses nothing", bounded, async () => {
  await using database = await createSchema();
  const troubles: CordonError[] = [];
  await using store = await openStateStore(database.url, { onFeedTrouble: (problem) => void troubles.push(problem) });
  const writerUrl = new URL(database.url);
  writerUrl.searchParams.set("application_name", "unharmed");
  await using writer = await openStateStore(writerUrl.href);
  const stop = new AbortController();
  const seen: number[] = [];
  const following = (async () => {
    for await (const changes of store.follow(origin, stop.signal)) {
      seen.push(changes[0]?.revision ?? 0);
      if (seen.length === 60) stop.abort();
    }
  })();
  for (let round = 1; round <= 60; round += 1) {
    await put(writer, "x", round);
    if (round % 12 === 0) await disconnectAll(database.schema);
  }
  await following;
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  assert.ok(troubles.every(({ code }) => code === "STORE_UNAVAILABLE"));
});

test("work is run again when its connection was lost before commit, and counts once", bounded, async () => {
  await using database = await createSchema();
  await using store = await openStateStore(database.url);
  let runs = 0;
  const { revision } = await store.transact("tester", 1, async (transaction) => {
    runs += 1;
    await transaction.put(key("x"), runs, "api");
    if (runs === 1) await disconnectAll(database.schema);
  });
  assert.deepEqual([runs, revision], [2, 1]);
  assert.equal((await store.get(key("x")))?.value, 2);
});

test("work that hides the database's failure from the store cannot commit", bounded, async () => {
  await using database = await createSchema();
  await using store = await openStateStore(database.url);
  let runs = 0;
  const work = store.transact("tester", 1, async (transaction) => {
    runs += 1;
    await transaction.put(key("x"), 1, "api");
    await disconnectAll(database.schema);
    await transaction.get(key("y")).catch(() => undefined);
  });
  await assert.rejects(work, refusal("STORE_UNAVAILABLE", /cannot be reached/));
  assert.equal(runs, 3);
  assert.equal((await store.snapshot()).revision, 0);
});

test("idle connections that the server closes do not end the process, nor fail the next read", bounded, async () => {
  await using database = await createSchema();
  await using store = await openStateStore(database.url);
  await put(store, "x", 1);
  for (let round = 0; round < 5; round += 1) {
    await disconnectAll(database.schema);
    assert.equal((await store.get(key("x")))?.value, 1);
  }
});

test("closing does not wait for connections that were cut while they were being made", bounded, async () => {
  await using database = await createSchema();
  const store = await openStateStore(database.url);
  await put(store, "x", 1);
  for (let round = 0; round < 25; round += 1) {
    const reads = Array.from({ length: 10 }, () => store.get(key("x")));
    const [, ...outcomes] = await Promise.allSettled([disconnectAll(database.schema), ...reads]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.match(String(outcome.reason), /cannot be reached/);
    }
  }
  await store[Symbol.asyncDispose]();
});

test("commits are durable even where the server's default is not", bounded, async () => {
  await using database = await createSchema();
  const url = new URL(database.url);
  url.searchParams.set("options", `-csearch_path=${database.schema} -csynchronous_commit=off`);
  const location = readStoreUrl(url.href);
  assert.ok(location.adapter === "postgres");
  const backend = await openPostgres(location);
  const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(backend.reader);
  assert.equal(rows[0]?.synchronous_commit, "on");
  await backend.close();
});

test("a schema that does not exist is named as the remedy", bounded, async () => {
  const url = new URL(server);
  url.searchParams.set("options", "-csearch_path=cordon_does_not_exist");
  await assert.rejects(openStateStore(url.href), refusal("STORE_UNAVAILABLE", /no schema .*create it/));
});

test("a database that does not exist is named as the remedy", bounded, async () => {
  const url = new URL(server);
  url.pathname = "/cordon_does_not_exist";
  await assert.rejects(openStateStore(url.href), refusal("STORE_UNAVAILABLE", /does not exist: create it/));
});

test("a server that is not there is named, its password is not", async () => {
  const opening = openStateStore("postgres://cordon:hunter2-secret@127.0.0.1:1/cordon");
  const problem = await opening.then(
    () => assert.fail("there is no server at port 1"),
    (error: unknown) => error,
  );
  assert.ok(refusal("STORE_UNAVAILABLE", /127\.0\.0\.1:1\/cordon cannot be reached \(ECONNREFUSED\)/)(problem));
  assert.doesNotMatch(inspect(problem, { depth: 20, showHidden: true }), /hunter2/);
});
