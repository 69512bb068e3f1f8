/** Working records over a SQL database. In: a backend. Out: {@link WorkingRecords}, the same behaviour for both databases. */
import { setTimeout as sleep } from "node:timers/promises";
import { CordonError } from "@cordon/core/errors";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from "kysely";
import type { Backend } from "./backend.ts";
import { checkKey, checkWhole, encodeValue } from "./store-limits.ts";
import type { StateTables, StoredInteger } from "./tables.ts";
import type { RecordKey, RecordTransaction, WorkingRecord, WorkingRecords } from "./working-records.ts";

type Selecting = SelectQueryBuilder<StateTables, "cordon_record", Selectable<StateTables["cordon_record"]>>;

const attempts = 3;
const rowsPerStatement = 200;

export class DatabaseRecords implements WorkingRecords {
  readonly #backend: Backend;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  transact<T>(room: string, work: (transaction: RecordTransaction) => Promise<T>): Promise<T> {
    // One at a time in this process: waiting writers would otherwise use up PostgreSQL's connections.
    const outcome = this.#last.then(() => this.#withRetry(room, work));
    this.#last = outcome.catch(() => undefined);
    return outcome;
  }

  read(
    room: string,
    owner: string,
    names: readonly string[] | undefined,
    limit: number,
  ): Promise<readonly WorkingRecord[]> {
    checkWhole("a limit of records", limit, 1);
    if (names?.length === 0) return Promise.resolve([]);
    return this.#select((records) => {
      const of = records.where("room", "=", room).where("owner", "=", owner);
      return (names === undefined ? of : of.where("name", "in", names)).orderBy("name").limit(limit);
    });
  }

  changedSince(room: string, stamp: number, limit: number): Promise<readonly WorkingRecord[]> {
    checkWhole("a stamp", stamp, 0);
    checkWhole("a limit of records", limit, 1);
    return this.#select((records) =>
      records.where("room", "=", room).where("stamp", ">", stamp).orderBy("stamp").limit(limit),
    );
  }

  async #select(which: (records: Selecting) => Selecting): Promise<readonly WorkingRecord[]> {
    for (let attempt = 1; ; attempt += 1) {
      this.#checkOpen();
      try {
        const rows = await which(this.#backend.reader.selectFrom("cordon_record").selectAll()).execute();
        return rows.map(toRecord);
      } catch (error) {
        if (attempt === attempts || !this.#backend.mayPass(error)) throw this.#backend.explain(error);
        await sleep(10 * 2 ** attempt);
      }
    }
  }

  /** Waits for the transaction in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #withRetry<T>(room: string, work: (transaction: RecordTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      this.#checkOpen();
      const failed: { own?: unknown } = {};
      try {
        return await this.#backend.writer
          .connection()
          .execute((connection) => this.#once(connection, room, work, failed));
      } catch (error) {
        if ("own" in failed) throw failed.own;
        if (attempt === attempts || !this.#backend.mayPass(error)) throw this.#backend.explain(error);
        await sleep(10 * 2 ** attempt);
      }
    }
  }

  async #once<T>(
    connection: Kysely<StateTables>,
    room: string,
    work: (transaction: RecordTransaction) => Promise<T>,
    failed: { own?: unknown },
  ): Promise<T> {
    const opened = { yes: true };
    const broken: unknown[] = [];
    try {
      await this.#backend.beginRecords(connection, room);
      const transaction = transactionOn(connection, room, opened, broken);
      const result = await work(transaction).catch((error: unknown) => {
        // What the database said is for the retry to judge; what `work` threw of its own is the caller's.
        if (broken.length === 0) failed.own = error;
        throw broken[0] ?? error;
      });
      opened.yes = false;
      if (broken.length > 0) throw broken[0];
      await sql`commit`.execute(connection);
      return result;
    } catch (error) {
      opened.yes = false;
      await sql`rollback`.execute(connection).catch(() => undefined);
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new CordonError("STORE_UNAVAILABLE", "The state store has been closed.");
  }
}

function transactionOn(
  connection: Kysely<StateTables>,
  room: string,
  opened: { readonly yes: boolean },
  broken: unknown[],
): RecordTransaction {
  const query = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!opened.yes)
      throw new CordonError("STORE_REQUEST_INVALID", "A transaction of records was used after it had ended.");
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CordonError)) broken.push(error);
      throw error;
    }
  };
  const of = (owner: string) =>
    connection.selectFrom("cordon_record").where("room", "=", room).where("owner", "=", owner);
  return {
    get: ({ owner, name }) =>
      query(async () => {
        const row = await of(owner).selectAll().where("name", "=", name).executeTakeFirst();
        return row && toRecord(row).value;
      }),
    list: (owner, limit) =>
      query(async () => (await of(owner).selectAll().orderBy("name").limit(limit).execute()).map(toRecord)),
    count: (owner) =>
      query(async () => {
        const row = await of(owner)
          .select((each) => each.fn.countAll<StoredInteger>().as("many"))
          .executeTakeFirst();
        return Number(row?.many ?? 0);
      }),
    put: (records) =>
      query(async () => {
        if (records.length === 0) return;
        const { rows: given } = await sql<{ stamp: StoredInteger }>`
          insert into cordon_record_room (room, stamp) values (${room}, ${records.length})
          on conflict (room) do update set stamp = cordon_record_room.stamp + excluded.stamp
          returning stamp`.execute(connection);
        let stamp = Number(given[0]?.stamp) - records.length;
        const rows = records.map(({ owner, name, value }) => {
          const key = { kind: room, namespace: owner as Namespace, name };
          checkKey(key);
          return { room, owner, name, stamp: (stamp += 1), value: encodeValue(key, value) };
        });
        for (let from = 0; from < rows.length; from += rowsPerStatement)
          await connection
            .insertInto("cordon_record")
            .values(rows.slice(from, from + rowsPerStatement))
            .onConflict((conflict) =>
              conflict.columns(["room", "owner", "name"]).doUpdateSet((row) => ({
                stamp: row.ref("excluded.stamp"),
                value: row.ref("excluded.value"),
              })),
            )
            .execute();
      }),
    delete: (owner, names) =>
      query(async () => {
        for (let from = 0; from < names.length; from += rowsPerStatement)
          await connection
            .deleteFrom("cordon_record")
            .where("room", "=", room)
            .where("owner", "=", owner)
            .where("name", "in", names.slice(from, from + rowsPerStatement))
            .execute();
      }),
    clear: (owner) =>
      query(async () => {
        await connection.deleteFrom("cordon_record").where("room", "=", room).where("owner", "=", owner).execute();
      }),
  };
}

function toRecord({
  owner,
  name,
  stamp,
  value,
}: RecordKey & { readonly stamp: StoredInteger; readonly value: string }): WorkingRecord {
  try {
    return { owner, name, stamp: Number(stamp), value: JSON.parse(value) as unknown };
  } catch (cause) {
    throw new CordonError("STORE_CORRUPT", `the record ${owner}/${name} is not JSON: restore a backup`, { cause });
  }
}
