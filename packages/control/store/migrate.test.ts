import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { Kysely } from "kysely";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/all.ts";
import type { Migration } from "./migrations/migration.ts";
import { nodeSqliteDialect } from "./node-sqlite-dialect.ts";
import type { StateTables } from "./tables.ts";

const first: Migration = { number: 1, name: "first", sqlite: ["create table one (a integer)"], postgres: [] };
const second: Migration = { number: 2, name: "second", sqlite: ["alter table one add column b integer"], postgres: [] };

function empty() {
  const database = new DatabaseSync(":memory:");
  const connection = new Kysely<StateTables>({ dialect: nodeSqliteDialect(database) });
  const upgrade = (list: readonly Migration[]) => migrate(connection, "sqlite", "the database", list);
  return { database, upgrade };
}

test("applies only what is missing, in order, and nothing twice", async () => {
  const { database, upgrade } = empty();
  await upgrade([first]);
  await upgrade([first, second]);
  await upgrade([first, second]);
  database.exec("insert into one (a, b) values (1, 2)");
  const applied = database.prepare("select number, name from cordon_migration order by number").all();
  assert.deepEqual(
    applied.map((row) => ({ ...row })),
    [
      { number: 1, name: "first" },
      { number: 2, name: "second" },
    ],
  );
});

test("refuses a database that has a migration this program lacks", async () => {
  const { upgrade } = empty();
  await upgrade([first, second]);
  await assert.rejects(
    upgrade([first]),
    (error) => isCordonError(error, "STORE_UNAVAILABLE") && /newer Cordon/.test(error.message),
  );
});

test("refuses a database whose migrations were edited after they were applied", async () => {
  const { upgrade } = empty();
  await upgrade([first]);
  const edited = { ...first, sqlite: ["create table one (a text)"] };
  await assert.rejects(upgrade([edited, second]), (error) => isCordonError(error, "STORE_CORRUPT"));
});

test("this program's migrations are numbered from 1 without gaps, for both databases", () => {
  assert.deepEqual(
    migrations.map(({ number }) => number),
    Array.from(migrations, (_, index) => index + 1),
  );
  for (const { sqlite, postgres } of migrations) assert.ok(sqlite.length > 0 && postgres.length > 0);
});
