/**
 * Brings a database's schema to this program's. In: a connection whose open transaction already holds the migration
 * lock, so that processes starting together migrate once. Out: nothing, or a `CordonError` and a transaction to roll
 * back. A database newer than the program is refused, and so is one whose applied migrations are not ours.
 */
import { createHash } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { type Kysely, sql } from "kysely";
import { migrations as ourMigrations } from "./migrations/all.ts";
import type { Migration } from "./migrations/migration.ts";
import type { StateTables } from "./tables.ts";

export type SchemaDialect = "sqlite" | "postgres";

interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Applies the migrations that `connection`'s database lacks.
 *
 * @param where the database, for messages
 * @throws {CordonError} `STORE_UNAVAILABLE` for a newer database; `STORE_CORRUPT` for one that records other migrations
 */
export async function migrate(
  connection: Kysely<StateTables>,
  dialect: SchemaDialect,
  where: string,
  migrations: readonly Migration[] = ourMigrations,
): Promise<void> {
  await sql`create table if not exists cordon_migration (
    number integer primary key, name text not null, checksum text not null)`.execute(connection);
  const applied = await connection.selectFrom("cordon_migration").selectAll().orderBy("number").execute();
  checkApplied(applied, dialect, where, migrations);
  for (const migration of migrations.slice(applied.length)) {
    for (const statement of migration[dialect]) await sql.raw(statement).execute(connection);
    const { number, name } = migration;
    const row: AppliedMigration = { number, name, checksum: checksum(migration, dialect) };
    await connection.insertInto("cordon_migration").values(row).execute();
  }
}

/** Refuses a database whose schema this program must not touch; see {@link migrate}. */
function checkApplied(
  applied: readonly AppliedMigration[],
  dialect: SchemaDialect,
  where: string,
  migrations: readonly Migration[],
): void {
  const newest = applied.at(-1)?.number ?? 0;
  if (newest > migrations.length) {
    throw new CordonError(
      "STORE_UNAVAILABLE",
      `${where} was written by a newer Cordon: its schema is version ${newest}, this program knows ${migrations.length}. ` +
        `Run the newer Cordon, or restore the backup that was taken before the upgrade.`,
    );
  }
  for (const [index, found] of applied.entries()) {
    const ours = migrations[index];
    if (ours?.number === found.number && checksum(ours, dialect) === found.checksum) continue;
    throw new CordonError(
      "STORE_CORRUPT",
      `${where} records migration ${found.number} (${found.name}), which differs from this program's. ` +
        `It was made by another build, or altered: run the build that made it, or restore a backup.`,
    );
  }
}

/** SHA-256 over the statements, each with its length so that no two lists collide. */
function checksum(migration: Migration, dialect: SchemaDialect): string {
  const hash = createHash("sha256");
  for (const statement of migration[dialect]) hash.update(`${statement.length}:${statement}`);
  return hash.digest("hex");
}
