/**
 * Short-lived records beside the state: what is over within hours and bears on no decision. In: a backend. Out: records that
 * are put, found while they last, used up once, and swept. A write holds the lock that all writers hold, so that of two who
 * use one up at the same time, in any process, one is told that it was first.
 */
import { sql, type Kysely } from "kysely";
import type { Instant } from "@cordon/core/instant";
import type { Backend } from "./backend.ts";
import type { StateTables } from "./tables.ts";

export interface RecordKey {
  readonly kind: string;
  /** What names it; whoever reads the database learns it, so a secret comes as its digest. */
  readonly id: string;
}

export interface ShortLivedRecord extends RecordKey {
  /** What it goes with: {@link ShortLivedRecords.deleteGroup} takes all of one. */
  readonly group?: string;
  readonly value: string;
  /** Exclusive. */
  readonly expiresAt: Instant;
}

export interface FoundRecord {
  readonly value: string;
  readonly expiresAt: Instant;
  readonly consumedAt?: Instant;
}

export interface ShortLivedRecords {
  /** Puts one, in place of the one of that name; what was used up stays so. */
  put(record: ShortLivedRecord): Promise<void>;
  /** Puts one where none of that name is; false where there is one. */
  add(record: ShortLivedRecord): Promise<boolean>;
  /** Puts each where none of that name is, all in one change; for each whether it was put. Of two of one name the first is. */
  addAll(records: readonly ShortLivedRecord[]): Promise<readonly boolean[]>;
  find(key: RecordKey, now: Instant): Promise<FoundRecord | undefined>;
  /** Uses one up: true once, whoever asks and however often. */
  consume(key: RecordKey, now: Instant): Promise<boolean>;
  delete(key: RecordKey): Promise<void>;
  deleteGroup(kind: string, group: string): Promise<void>;
  /** Removes what is over; how many. */
  sweep(now: Instant): Promise<number>;
}

type Run = <T>(work: (connection: Kysely<StateTables>) => Promise<T>) => Promise<T>;

/** @param read runs a query, and @param write a change under the writers' lock, each with the store's retries */
export function shortLivedRecords(read: Run, write: Run): ShortLivedRecords {
  const row = ({ kind, id, group, value, expiresAt }: ShortLivedRecord) => ({
    ...{ kind, id, belongs_to: group ?? null, value, expires_at: expiresAt, consumed_at: null },
  });
  return {
    put: (record) =>
      write(async (connection) => {
        const { belongs_to, value, expires_at } = row(record);
        await connection
          .insertInto("cordon_short_lived")
          .values(row(record))
          .onConflict((conflict) => conflict.columns(["kind", "id"]).doUpdateSet({ belongs_to, value, expires_at }))
          .execute();
      }),
    add: (record) =>
      write(async (connection) => {
        const added = await connection
          .insertInto("cordon_short_lived")
          .values(row(record))
          .onConflict((conflict) => conflict.columns(["kind", "id"]).doNothing())
          .executeTakeFirst();
        return (added.numInsertedOrUpdatedRows ?? 0n) > 0n;
      }),
    addAll: (records) =>
      write(async (connection) => {
        const named = new Map(records.map((record) => [`${record.kind} ${record.id}`, record] as const).toReversed());
        if (named.size === 0) return [];
        const added = await connection
          .insertInto("cordon_short_lived")
          .values([...named.values()].map(row))
          .onConflict((conflict) => conflict.columns(["kind", "id"]).doNothing())
          .returning(["kind", "id"])
          .execute();
        const left = new Set(added.map(({ kind, id }) => `${kind} ${id}`));
        return records.map(({ kind, id }) => left.delete(`${kind} ${id}`));
      }),
    async find({ kind, id }, now) {
      const found = await read((reader) =>
        reader
          .selectFrom("cordon_short_lived")
          .select(["value", "expires_at", "consumed_at"])
          .where("kind", "=", kind)
          .where("id", "=", id)
          .where("expires_at", ">", now)
          .executeTakeFirst(),
      );
      if (found === undefined) return undefined;
      const { value, expires_at, consumed_at } = found;
      const used = consumed_at === null ? {} : { consumedAt: Number(consumed_at) };
      return { value, expiresAt: Number(expires_at), ...used };
    },
    consume: ({ kind, id }, now) =>
      write(async (connection) => {
        const used = await connection
          .updateTable("cordon_short_lived")
          .set({ consumed_at: now })
          .where("kind", "=", kind)
          .where("id", "=", id)
          .where("consumed_at", "is", null)
          .where("expires_at", ">", now)
          .executeTakeFirst();
        return used.numUpdatedRows > 0n;
      }),
    delete: ({ kind, id }) =>
      write(async (connection) => {
        await connection.deleteFrom("cordon_short_lived").where("kind", "=", kind).where("id", "=", id).execute();
      }),
    deleteGroup: (kind, group) =>
      write(async (connection) => {
        await connection
          .deleteFrom("cordon_short_lived")
          .where("kind", "=", kind)
          .where("belongs_to", "=", group)
          .execute();
      }),
    sweep: (now) =>
      write(async (connection) => {
        const swept = await connection
          .deleteFrom("cordon_short_lived")
          .where("expires_at", "<=", now)
          .executeTakeFirst();
        return Number(swept.numDeletedRows);
      }),
  };
}

/** One change under the writers' lock: whole, or not at all. */
export async function underLock<T>(
  backend: Pick<Backend, "begin">,
  connection: Kysely<StateTables>,
  work: (connection: Kysely<StateTables>) => Promise<T>,
): Promise<T> {
  try {
    await backend.begin(connection);
    const result = await work(connection);
    await sql`commit`.execute(connection);
    return result;
  } catch (error) {
    await sql`rollback`.execute(connection).catch(() => undefined);
    throw error;
  }
}
