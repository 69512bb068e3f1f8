/** What short-lived records must do, in each database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openStateStore } from "./open-state-store.ts";
import type { CreateDatabase } from "./state-store-fixture.ts";

export function shortLivedContract(createDatabase: CreateDatabase): void {
  const key = { kind: "code", id: "a1" };
  const record = { ...key, group: "g1", value: "sealed", expiresAt: 1_000 };

  test("a record is there until its time, and then it is not", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await store.shortLived.put(record);
    assert.deepEqual(await store.shortLived.find(key, 999), { value: "sealed", expiresAt: 1_000 });
    assert.equal(await store.shortLived.find(key, 1_000), undefined);
    assert.equal(await store.shortLived.find({ ...key, kind: "token" }, 1), undefined);
  });

  test("of all who use one up at once, in any process, one is first", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await using other = await openStateStore(database.url);
    await store.shortLived.put(record);
    const tries = Array.from({ length: 12 }, (_, at) =>
      (at % 2 === 0 ? store : other).shortLived.consume(key, 10 + at),
    );
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
    assert.notEqual((await store.shortLived.find(key, 20))?.consumedAt, undefined);
    await store.shortLived.put({ ...record, value: "again" });
    assert.equal(await store.shortLived.consume(key, 30), false, "putting it again does not make it new");
  });

  test("of all who add one at once, one is told that it was not there", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    const tries = Array.from({ length: 8 }, () => store.shortLived.add(record));
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
  });

  test("of many put at once each is put once, whoever else puts them and however often they are named", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await using other = await openStateStore(database.url);
    const named = (id: string) => ({ ...record, id });
    assert.deepEqual(await store.shortLived.addAll([]), []);
    assert.deepEqual(await store.shortLived.addAll([named("a"), named("b"), named("a")]), [true, true, false]);
    const both = await Promise.all(
      [store, other].map(({ shortLived }) => shortLived.addAll([named("b"), named("c"), named("d")])),
    );
    assert.deepEqual(
      ["b", "c", "d"].map((_, at) => both.filter((added) => added[at] === true).length),
      [0, 1, 1],
    );
  });

  test("what is over, or not there, cannot be used up", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await store.shortLived.put(record);
    assert.equal(await store.shortLived.consume(key, 1_000), false);
    assert.equal(await store.shortLived.consume({ ...key, id: "none" }, 1), false);
  });

  test("goes with its group, is swept when it is over, and takes no revision", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    for (const id of ["a", "b", "c"]) await store.shortLived.put({ ...record, id, group: id === "c" ? "g2" : "g1" });
    await store.shortLived.deleteGroup("code", "g1");
    assert.equal(await store.shortLived.find({ kind: "code", id: "a" }, 1), undefined);
    assert.notEqual(await store.shortLived.find({ kind: "code", id: "c" }, 1), undefined);
    assert.equal(await store.shortLived.sweep(1_000), 1);
    await store.shortLived.delete(key);
    assert.equal((await store.snapshot()).revision, 0);
  });

  test("writing records and transactions at once loses neither", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    const work = Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0
        ? store.shortLived.put({ ...record, id: String(at) })
        : store.transact("tester", 1, (transaction) =>
            transaction.put({ kind: "policy", namespace: "default" as never, name: `p${at}` }, at, "api"),
          ),
    );
    await Promise.all(work);
    assert.equal((await store.snapshot()).revision, 10);
    assert.equal(await store.shortLived.sweep(1_000), 10);
  });
}
