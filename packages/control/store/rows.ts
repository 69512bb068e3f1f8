/** Rows of the database as the interface's values, and back to nothing else. Unreadable rows are `STORE_CORRUPT`. */
import { CordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { Selectable } from "kysely";
import type { Change, ObjectKey, StoredObject } from "./state-store.ts";
import { describeKey } from "./store-limits.ts";
import type { StateTables, StoredInteger } from "./tables.ts";

export type ObjectRow = Selectable<StateTables["cordon_object"]>;
export type ChangeRow = Selectable<StateTables["cordon_change"]>;

/** @throws {CordonError} `STORE_CORRUPT` */
export function toInteger(stored: StoredInteger): number {
  const value = Number(stored);
  if (Number.isSafeInteger(value)) return value;
  throw new CordonError(
    "STORE_CORRUPT",
    `The state store holds ${stored} where a whole number belongs. Restore a backup.`,
  );
}

/** @throws {CordonError} `STORE_CORRUPT` */
export function toRevision(stored: StoredInteger): Revision {
  return toInteger(stored) as Revision;
}

/** @throws {CordonError} `STORE_CORRUPT` when the head row is gone */
export function requireHead(stored: StoredInteger | undefined): Revision {
  if (stored !== undefined) return toRevision(stored);
  throw new CordonError("STORE_CORRUPT", "The state store has lost its head row. Restore a backup.");
}

/** @throws {CordonError} `STORE_CORRUPT` */
export function toObject(row: ObjectRow): StoredObject {
  const key = toKey(row);
  return { ...key, source: row.source, revision: toRevision(row.revision), value: parseValue(key, row.value) };
}

/** @throws {CordonError} `STORE_CORRUPT` */
export function toChange(row: ChangeRow): Change {
  const key = toKey(row);
  const revision = toRevision(row.revision);
  const change = { ...key, revision, at: toInteger(row.at), actor: row.actor, op: row.op };
  if (row.source === null || row.value === null) return change;
  return { ...change, object: { ...key, source: row.source, revision, value: parseValue(key, row.value) } };
}

/** Changes in revision order, as one list for each revision. */
export function byRevision(changes: readonly Change[]): readonly (readonly Change[])[] {
  const revisions: Change[][] = [];
  for (const change of changes) {
    const current = revisions.at(-1);
    if (current?.[0]?.revision === change.revision) current.push(change);
    else revisions.push([change]);
  }
  return revisions;
}

function toKey(row: { readonly kind: string; readonly namespace: string; readonly name: string }): ObjectKey {
  return { kind: row.kind, namespace: row.namespace as Namespace, name: row.name };
}

function parseValue(key: ObjectKey, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CordonError("STORE_CORRUPT", `The state store's ${describeKey(key)} is not JSON. Restore a backup.`);
  }
}
