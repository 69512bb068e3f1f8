/** Contract, schema: migrated once, and a database that is not ours to touch is left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openStateStore } from "./open-state-store.ts";
import { type CreateDatabase, key, origin, put, refusal } from "./state-store-fixture.ts";

export function schemaContract(createDatabase: CreateDatabase): void {
  test("stores that open a new database at once migrate it once", async () => {
    await using database = await createDatabase();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStateStore(database.url)));
    for (const [index, store] of stores.entries()) assert.equal((await put(store, `s${index}`, 1)).revision, index + 1);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });

  for (const [what, damage, code, message] of [
    [
      "a newer Cordon wrote",
      "insert into cordon_migration values (999, 'from-the-future', 'x')",
      "STORE_UNAVAILABLE",
      /newer Cordon.*999/,
    ],
    [
      "records another migration",
      "update cordon_migration set checksum = 'other'",
      "STORE_CORRUPT",
      /migration 1 .*differs/,
    ],
    ["lost its head", "delete from cordon_head", "STORE_CORRUPT", /head|log/],
    [
      "has a head that its log does not reach",
      "update cordon_head set revision = 7",
      "STORE_CORRUPT",
      /revision 7.*ends at 1/,
    ],
  ] as const) {
    test(`refuses a database that ${what}`, async () => {
      await using database = await createDatabase();
      await using store = await openStateStore(database.url);
      await put(store, "x", 1);
      await (await openStateStore(database.url))[Symbol.asyncDispose]();
      await database.execute(damage);
      await assert.rejects(openStateStore(database.url), refusal(code, message));
    });
  }

  test("says which object cannot be read", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await put(store, "damaged", 1);
    await database.execute("update cordon_object set value = '{' where name = 'damaged'");
    await assert.rejects(store.get(key("damaged")), refusal("STORE_CORRUPT", /component default\/damaged is not JSON/));
  });

  test("the database itself refuses to rewrite the log", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await put(store, "x", 1);
    await assert.rejects(database.execute("update cordon_change set actor = 'nobody'"), /append-only/);
    await assert.rejects(database.execute("delete from cordon_change"), /append-only/);
    assert.equal((await store.changesSince(origin, 1))[0]?.actor, "tester");
  });
}
