/**
 * The tables, as Kysely types; migrations/ creates them. Values are JSON text, not a JSON column type: both databases
 * then give back exactly what was put, NUL escapes and lone surrogates included.
 */
import type { ObjectSource } from "./state-store.ts";

/** PostgreSQL gives its 64-bit integers as text, SQLite as numbers. */
export type StoredInteger = number | string;

export interface StateTables {
  /** One row: the newest revision. Its row lock is the lock that orders commits. */
  readonly cordon_head: { readonly id: number; readonly revision: StoredInteger };
  readonly cordon_object: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly source: ObjectSource;
    readonly revision: StoredInteger;
    readonly value: string;
  };
  /** Append-only. `source` and `value` are null for a delete. */
  readonly cordon_change: {
    readonly revision: StoredInteger;
    readonly ordinal: number;
    readonly at: StoredInteger;
    readonly actor: string;
    readonly op: "put" | "delete";
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly source: ObjectSource | null;
    readonly value: string | null;
  };
  /** Working records; no history. */
  readonly cordon_record: {
    readonly room: string;
    readonly owner: string;
    readonly name: string;
    readonly stamp: StoredInteger;
    readonly value: string;
  };
  /** The newest stamp that a room has given out. */
  readonly cordon_record_room: { readonly room: string; readonly stamp: StoredInteger };
  /** What is over within hours; `value` is for whoever wrote it to read. */
  readonly cordon_short_lived: {
    readonly kind: string;
    readonly id: string;
    readonly belongs_to: string | null;
    readonly value: string;
    readonly expires_at: StoredInteger;
    readonly consumed_at: StoredInteger | null;
  };
  readonly cordon_migration: { readonly number: number; readonly name: string; readonly checksum: string };
}
