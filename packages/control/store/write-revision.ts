/** Writes one revision: objects, log and head, inside the transaction that holds the head lock. */
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { Kysely } from "kysely";
import { erasedValue } from "./migrations/0002-erasable-secrets.ts";
import type { ChangeRow, ObjectRow } from "./rows.ts";
import type { ObjectKey } from "./state-store.ts";
import type { StateTables } from "./tables.ts";
import type { NetChange } from "./transaction.ts";

/** Rows a statement, far under both databases' parameter limits (SQLite 32,766; PostgreSQL 65,535). */
const rowsPerStatement = 200;

export interface RevisionToWrite {
  readonly revision: Revision;
  readonly at: Instant;
  readonly actor: string;
  readonly changes: readonly NetChange[];
  /** Objects whose earlier values leave the log. */
  readonly erasures?: readonly ObjectKey[];
}

/** @throws {CordonError} `STORE_CORRUPT` when the head is not the one that the lock was taken on */
export async function writeRevision(connection: Kysely<StateTables>, written: RevisionToWrite): Promise<void> {
  const { changes } = written;
  const puts = changes.flatMap(({ row }) => (row === undefined ? [] : [row]));
  for (const rows of chunks(puts)) await putObjects(connection, rows);
  for (const { key, row } of changes) {
    if (row !== undefined) continue;
    await connection
      .deleteFrom("cordon_object")
      .where("kind", "=", key.kind)
      .where("namespace", "=", key.namespace)
      .where("name", "=", key.name)
      .execute();
  }
  const log = changes.map((change, ordinal) => toLogRow(written, change, ordinal));
  for (const rows of chunks(log)) await connection.insertInto("cordon_change").values(rows).execute();
  for (const key of written.erasures ?? []) await eraseHistory(connection, key, written.revision);
  await moveHead(connection, written.revision);
}

async function eraseHistory(connection: Kysely<StateTables>, key: ObjectKey, before: Revision): Promise<void> {
  await connection
    .updateTable("cordon_change")
    .set({ value: erasedValue })
    .where("kind", "=", key.kind)
    .where("namespace", "=", key.namespace)
    .where("name", "=", key.name)
    .where("op", "=", "put")
    .where("revision", "<", before)
    .execute();
}

async function putObjects(connection: Kysely<StateTables>, rows: readonly ObjectRow[]): Promise<void> {
  await connection
    .insertInto("cordon_object")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["kind", "namespace", "name"]).doUpdateSet((row) => ({
        source: row.ref("excluded.source"),
        revision: row.ref("excluded.revision"),
        value: row.ref("excluded.value"),
      })),
    )
    .execute();
}

async function moveHead(connection: Kysely<StateTables>, revision: Revision): Promise<void> {
  const moved = await connection
    .updateTable("cordon_head")
    .set({ revision })
    .where("id", "=", 1)
    .where("revision", "=", revision - 1)
    .executeTakeFirst();
  if (moved.numUpdatedRows === 1n) return;
  throw new CordonError(
    "STORE_CORRUPT",
    `The state store's head moved under its own lock, before revision ${revision}.`,
  );
}

function toLogRow(written: RevisionToWrite, change: NetChange, ordinal: number): ChangeRow {
  const { revision, at, actor } = written;
  const { kind, namespace, name } = change.key;
  const op = change.row === undefined ? "delete" : "put";
  const { source, value } = change.row ?? { source: null, value: null };
  return { revision, ordinal, at, actor, op, kind, namespace, name, source, value };
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += rowsPerStatement) yield items.slice(from, from + rowsPerStatement);
}
