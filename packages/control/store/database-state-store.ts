/**
 * The state store over a SQL database. In: a backend (SQLite or PostgreSQL). Out: the `StateStore` interface, the same
 * behaviour for both.
 *
 * A transaction takes the head lock before `work` runs and keeps it until it commits. Transactions are therefore
 * serial across all processes: what `work` read still stands when it commits, and commit order is revision order.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import { type Kysely, sql } from "kysely";
import type { Backend } from "./backend.ts";
import { DatabaseRecords } from "./database-records.ts";
import { followLog } from "./feed.ts";
import { type ObjectRow, requireHead, toChange, toObject } from "./rows.ts";
import type { Change, ObjectKey, StateStore, StateTransaction, StoredObject } from "./state-store.ts";
import { shortLivedRecords, underLock, type ShortLivedRecords } from "./short-lived-records.ts";
import { checkAuthorship, checkKey, checkWhole } from "./store-limits.ts";
import type { StateTables } from "./tables.ts";
import { BufferedTransaction } from "./transaction.ts";
import { writeRevision } from "./write-revision.ts";

type Work<T> = (transaction: StateTransaction) => Promise<T>;
type Outcome<T> = { readonly revision: Revision; readonly result: T };

const attempts = 3;

export interface FeedTrouble {
  /** Told each time a follower cannot reach the database; it goes on trying. */
  readonly onFeedTrouble?: (problem: CordonError) => void;
}

export class DatabaseStateStore implements StateStore {
  readonly #backend: Backend;
  readonly records: DatabaseRecords;
  readonly #onFeedTrouble: (problem: CordonError) => void;
  readonly #closing = new AbortController();
  readonly #insideWork = new AsyncLocalStorage<{ running: boolean }>();
  #lastTransaction: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;
  readonly shortLived: ShortLivedRecords;

  constructor(backend: Backend, options: FeedTrouble = {}) {
    this.#backend = backend;
    this.records = new DatabaseRecords(backend);
    this.shortLived = shortLivedRecords(
      (query) => this.#read(query),
      (change) => this.#writeShortLived(change),
    );
    this.#onFeedTrouble = options.onFeedTrouble ?? (() => undefined);
  }

  /** See {@link StateStore.transact}. `work` runs again, up to three times, when the database gave up before commit. */
  async transact<T>(actor: string, at: Instant, work: Work<T>): Promise<Outcome<T>> {
    this.#checkOpen();
    checkAuthorship(actor, at);
    if (this.#insideWork.getStore()?.running === true) {
      throw new CordonError(
        "STORE_REQUEST_INVALID",
        "transact() was called inside the work of another transact() of the same store, which would wait for itself. Use the transaction that work was given.",
      );
    }
    // One at a time in this process: waiting writers would otherwise use up PostgreSQL's connections.
    const outcome = this.#lastTransaction.then(() => this.#transactWithRetry(actor, at, work));
    this.#lastTransaction = outcome.catch(() => undefined);
    return outcome;
  }

  async get(key: ObjectKey): Promise<StoredObject | undefined> {
    checkKey(key);
    const row = await this.#read((reader) =>
      reader
        .selectFrom("cordon_object")
        .selectAll()
        .where("kind", "=", key.kind)
        .where("namespace", "=", key.namespace)
        .where("name", "=", key.name)
        .executeTakeFirst(),
    );
    return row && toObject(row);
  }

  async list(kind: string): Promise<readonly StoredObject[]> {
    const rows = await this.#read((reader) =>
      reader
        .selectFrom("cordon_object")
        .selectAll()
        .where("kind", "=", kind)
        .orderBy("namespace")
        .orderBy("name")
        .execute(),
    );
    return rows.map(toObject);
  }

  /** Objects come sorted by kind, namespace and name. One statement, hence one instant in both databases. */
  async snapshot(): Promise<{ readonly revision: Revision; readonly objects: readonly StoredObject[] }> {
    const rows = await this.#read((reader) =>
      reader
        .selectFrom("cordon_head as head")
        .leftJoin("cordon_object as object", (join) => join.onTrue())
        .select("head.revision as head")
        .selectAll("object")
        .where("head.id", "=", 1)
        .orderBy("object.kind")
        .orderBy("object.namespace")
        .orderBy("object.name")
        .execute(),
    );
    const objects = rows.filter((row): row is typeof row & ObjectRow => row.kind !== null).map(toObject);
    return { revision: requireHead(rows[0]?.head), objects };
  }

  async changesSince(revision: Revision, limit: number): Promise<readonly Change[]> {
    checkWhole("a revision", revision, 0);
    checkWhole("a limit of revisions", limit, 1);
    // Revisions are gap-free, so the next `limit` revisions are the next `limit` numbers.
    const last = Math.min(revision + limit, Number.MAX_SAFE_INTEGER);
    const rows = await this.#read((reader) =>
      reader
        .selectFrom("cordon_change")
        .selectAll()
        .where("revision", ">", revision)
        .where("revision", "<=", last)
        .orderBy("revision")
        .orderBy("ordinal")
        .execute(),
    );
    return rows.map(toChange);
  }

  /** Ends quietly when `signal` aborts; throws `STORE_UNAVAILABLE` when the store is closed under it. */
  async *follow(revision: Revision, signal: AbortSignal): AsyncGenerator<readonly Change[], void, undefined> {
    checkWhole("a revision", revision, 0);
    this.#checkOpen();
    const ending = AbortSignal.any([signal, this.#closing.signal]);
    const backend = this.#backend;
    const unwatch = backend.watch();
    try {
      yield* followLog(
        {
          bell: backend.bell,
          head: () => this.#head(),
          changesSince: (after, limit) => this.changesSince(after, limit),
          mayPass: backend.mayPass,
          trouble: (error) => this.#onFeedTrouble(backend.explain(error)),
        },
        revision,
        ending,
      );
    } finally {
      unwatch();
    }
    if (!signal.aborted) this.#checkOpen();
  }

  /** Ends followers, waits for the transaction in progress, and closes the database. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#lastTransaction;
    await this.records.close();
    await this.#backend.close();
  }

  async #head(): Promise<Revision> {
    const row = await this.#read((reader) =>
      reader.selectFrom("cordon_head").select("revision").where("id", "=", 1).executeTakeFirst(),
    );
    return requireHead(row?.revision);
  }

  async #read<T>(query: (reader: Kysely<StateTables>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      this.#checkOpen();
      try {
        return await query(this.#backend.reader);
      } catch (error) {
        if (attempt === attempts || !this.#backend.mayPass(error)) throw this.#backend.explain(error);
        await backOff(attempt);
      }
    }
  }

  /** In turn with transactions, for they use the same connection; a change that may have happened is not made again. */
  #writeShortLived<T>(change: (connection: Kysely<StateTables>) => Promise<T>): Promise<T> {
    this.#checkOpen();
    const outcome = this.#lastTransaction.then(() =>
      this.#backend.writer
        .connection()
        .execute((connection) => underLock(this.#backend, connection, change))
        .catch((error: unknown) => {
          throw this.#backend.explain(error);
        }),
    );
    this.#lastTransaction = outcome.catch(() => undefined);
    return outcome;
  }

  async #transactWithRetry<T>(actor: string, at: Instant, work: Work<T>): Promise<Outcome<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#backend.writer
          .connection()
          .execute((connection) => this.#transactOnce(connection, actor, at, work));
      } catch (error) {
        if (error instanceof WorkFailure) throw error.reason;
        if (attempt === attempts || !this.#backend.mayPass(error)) throw this.#backend.explain(error);
        await backOff(attempt);
      }
    }
  }

  async #transactOnce<T>(
    connection: Kysely<StateTables>,
    actor: string,
    at: Instant,
    work: Work<T>,
  ): Promise<Outcome<T>> {
    let outcome: Outcome<T>;
    let erased = false;
    try {
      const head = await this.#backend.begin(connection);
      const next = (head + 1) as Revision;
      const transaction = new BufferedTransaction(connection, next, this.#backend.explain);
      const result = await this.#runWork(work, transaction);
      const changes = await transaction.end();
      if (changes.length === 0) {
        await rollback(connection);
        return { revision: head, result };
      }
      const { erasures } = transaction;
      await writeRevision(connection, { revision: next, at, actor, changes, erasures });
      erased = erasures.length > 0;
      await this.#backend.announce(connection);
      outcome = { revision: next, result };
    } catch (error) {
      await rollback(connection);
      throw error;
    }
    await this.#commit(connection, outcome.revision);
    if (erased) await this.#backend.scrub(connection);
    return outcome;
  }

  /** Marks what `work` throws of its own, so that it is never mistaken for the database's failure and retried. */
  async #runWork<T>(work: Work<T>, transaction: BufferedTransaction): Promise<T> {
    const context = { running: true };
    try {
      return await this.#insideWork.run(context, () => work(transaction));
    } catch (error) {
      transaction.abandon();
      throw transaction.failure === undefined ? new WorkFailure(error) : transaction.failure;
    } finally {
      context.running = false;
    }
  }

  /** A commit whose answer was lost is not retried: it may have happened. */
  async #commit(connection: Kysely<StateTables>, revision: Revision): Promise<void> {
    try {
      await sql`commit`.execute(connection);
    } catch (error) {
      await rollback(connection);
      const { message } = this.#backend.explain(error);
      throw new CordonError(
        "STORE_UNAVAILABLE",
        `The database failed while committing revision ${revision}; whether it stands is not known: read before trying again. ${message}`,
        { cause: error },
      );
    }
    this.#backend.bell.ring();
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new CordonError("STORE_UNAVAILABLE", "The state store has been closed.");
  }
}

/** Carries what `work` threw past the retry. */
class WorkFailure extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("work failed");
    this.reason = reason;
  }
}

/** 20 ms, then 40 ms, less up to half so that rivals part. */
async function backOff(attempt: number): Promise<void> {
  await sleep(10 * 2 ** attempt * (0.5 + Math.random() / 2));
}

/** A failing rollback means that the connection or transaction is gone already, and with it the changes. */
async function rollback(connection: Kysely<StateTables>): Promise<void> {
  await sql`rollback`.execute(connection).catch(() => undefined);
}
