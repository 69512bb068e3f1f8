import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "./open-state-store.ts";
import { type EmptyDatabase, key, put, refusal } from "./state-store-fixture.ts";
import { stateStoreContract } from "./state-store.contract.ts";

async function createFile(): Promise<EmptyDatabase & { readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "cordon-store-"));
  const path = join(folder, "cordon.db");
  return {
    url: `sqlite:${path}`,
    path,
    execute: async (statement) => {
      const database = new DatabaseSync(path, { timeout: 1000 });
      try {
        database.exec(statement);
      } finally {
        database.close();
      }
    },
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}

stateStoreContract("SQLite", createFile);

test("state files are readable by their owner alone", async () => {
  await using file = await createFile();
  await using store = await openStateStore(file.url);
  await put(store, "x", 1);
  for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(file.path + suffix).mode & 0o777, 0o600);
});

test("commits are synced in full to a write-ahead log", async () => {
  await using file = await createFile();
  await (await openStateStore(file.url))[Symbol.asyncDispose]();
  const database = new DatabaseSync(file.path);
  assert.equal(database.prepare("pragma journal_mode").get()?.["journal_mode"], "wal");
  database.close();
});

test("a reader does not wait for a transaction in progress", async () => {
  await using file = await createFile();
  await using store = await openStateStore(file.url);
  await put(store, "x", "old");
  await store.transact("tester", 1, async (transaction) => {
    await transaction.put(key("x"), "new", "api");
    assert.equal((await store.snapshot()).objects[0]?.value, "old");
  });
});

test("names the remedy when the folder is missing", async () => {
  await using file = await createFile();
  writeFileSync(file.path, "");
  const missing = openStateStore(`${file.url}/cordon.db`);
  await assert.rejects(missing, refusal("STORE_UNAVAILABLE", /folder is a file: change store.url/));
  const absent = openStateStore(`sqlite:${file.path}-nowhere/cordon.db`);
  await assert.rejects(absent, refusal("STORE_UNAVAILABLE", /folder does not exist: create it/));
});

test("names the remedy when the file is something else, and leaves it as it was", async () => {
  await using file = await createFile();
  writeFileSync(file.path, "these are my holiday notes, certainly no database at all".repeat(40));
  await assert.rejects(openStateStore(file.url), refusal("STORE_CORRUPT", /not a SQLite database/));
  assert.equal(statSync(file.path).size, 56 * 40);
});

test(
  "names the remedy when the file may not be written",
  { skip: process.getuid?.() === 0 && "root may write anything" },
  async () => {
    await using file = await createFile();
    writeFileSync(file.path, "");
    chmodSync(file.path, 0o400);
    await assert.rejects(openStateStore(file.url), refusal("STORE_UNAVAILABLE", /access/));
  },
);

test("an erased key is nowhere in SQLite's files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-erase-"));
  try {
    const path = join(folder, "cordon.db");
    const needle = "sealed-bytes-of-a-key-that-is-destroyed".repeat(20);
    const object = { kind: "sealed-key", namespace: "default" as Namespace, name: "digest-2026-10" };
    const holds = (): boolean =>
      readdirSync(folder).some((file) => readFileSync(join(folder, file)).includes("sealed-bytes-of-a-key"));
    const store = await openStateStore(`sqlite:${path}`);
    await store.transact("tester", 1, (transaction) => transaction.put(object, { sealed: needle }, "system"));
    assert.equal(holds(), true, "it was there to be erased");
    await store.transact("tester", 2, async (transaction) => {
      await transaction.put(object, { forgotten: true }, "system");
      await transaction.eraseHistory(object);
    });
    assert.equal(holds(), false);
    await store[Symbol.asyncDispose]();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
