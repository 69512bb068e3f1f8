/** Contract, erasure: a destroyed key is gone from history too, and nothing else can be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openStateStore } from "./open-state-store.ts";
import { type CreateDatabase, key, origin, put, refusal } from "./state-store-fixture.ts";

const secret = { ...key("digest-2026-11"), kind: "sealed-key" };

export function erasureContract(createDatabase: CreateDatabase): void {
  test("erases every earlier value of a sealed key from the log, and keeps who changed what when", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    for (const value of ["first secret", "second secret"])
      await store.transact("tester", 1, (transaction) => transaction.put(secret, { value }, "system"));
    await put(store, "bystander", "stays");
    await store.transact("tester", 2, async (transaction) => {
      await transaction.put(secret, { forgotten: true }, "system");
      await transaction.eraseHistory(secret);
    });
    const changes = await store.changesSince(origin, 100);
    const text = JSON.stringify(changes);
    assert.ok(!text.includes('secret"'), text);
    assert.deepEqual(
      changes.map((change) => [change.revision, change.op, change.actor]),
      [
        [1, "put", "tester"],
        [2, "put", "tester"],
        [3, "put", "tester"],
        [4, "put", "tester"],
      ],
    );
    assert.deepEqual((await store.get(secret))?.value, { forgotten: true });
    assert.ok(text.includes("stays"));
  });

  test("refuses to erase the history of anything else", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await put(store, "x", 1);
    await assert.rejects(
      store.transact("tester", 2, (transaction) => transaction.eraseHistory(key("x"))),
      refusal("STORE_REQUEST_INVALID", /only the history of a sealed-key/),
    );
    await assert.rejects(database.execute(`update cordon_change set value = '{"erased":true}'`), /append-only/);
    await store.transact("tester", 1, (transaction) => transaction.put(secret, { value: 1 }, "system"));
    await assert.rejects(
      database.execute(`update cordon_change set value = '{"other":1}' where kind = 'sealed-key'`),
      /append-only/,
    );
    await assert.rejects(
      database.execute(
        `update cordon_change set value = '{"erased":true}', actor = 'nobody' where kind = 'sealed-key'`,
      ),
      /append-only/,
    );
  });

  test("an erasure whose transaction fails erases nothing", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await store.transact("tester", 1, (transaction) => transaction.put(secret, { value: "kept" }, "system"));
    await assert.rejects(
      store.transact("tester", 2, async (transaction) => {
        await transaction.put(secret, { forgotten: true }, "system");
        await transaction.eraseHistory(secret);
        throw new Error("changed my mind");
      }),
    );
    assert.match(JSON.stringify(await store.changesSince(origin, 10)), /kept/);
  });
}
