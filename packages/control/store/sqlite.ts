/**
 * SQLite behind the store. In: a file path. Out: a backend with one connection that writes and one that reads, so that
 * readers never wait for a slow transaction (WAL).
 *
 * `node:sqlite` is synchronous: SQLite's own busy timeout would stop the whole process, and would never end when the
 * lock is held by another store in this very process. Waiting for the write lock is therefore done here, between tries.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, sql } from "kysely";
import type { Backend } from "./backend.ts";
import { Bell } from "./bell.ts";
import { migrate } from "./migrate.ts";
import { nodeSqliteDialect } from "./node-sqlite-dialect.ts";
import { requireHead } from "./rows.ts";
import { explainSqliteError, isBusy } from "./sqlite-errors.ts";
import type { StateTables } from "./tables.ts";

const lockWaitMilliseconds = 30_000;
/** For the instants in which SQLite itself locks readers out: recovery after a crash, and the switch to WAL. */
const busyTimeoutMilliseconds = 200;
const pollMilliseconds = 50;

/**
 * Opens or creates the database file (mode 0600) and brings its schema up to date.
 *
 * @throws {CordonError} `STORE_UNAVAILABLE`, `STORE_CORRUPT`
 */
export async function openSqlite(path: string): Promise<Backend> {
  const explain = (error: unknown) => explainSqliteError(error, path);
  const opened: DatabaseSync[] = [];
  try {
    createPrivately(path);
    const writing = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
    opened.push(writing);
    await makeDurable(writing);
    const writer = new Kysely<StateTables>({ dialect: nodeSqliteDialect(writing) });
    await writer.connection().execute((connection) => migrateUnderLock(connection, path));

    const reading = new DatabaseSync(path, { timeout: busyTimeoutMilliseconds });
    opened.push(reading);
    reading.exec("pragma query_only = on");
    const reader = new Kysely<StateTables>({ dialect: nodeSqliteDialect(reading) });
    const bell = new Bell();
    return {
      reader,
      writer,
      bell,
      explain,
      begin,
      // SQLite has one write lock, for records and revisions alike.
      beginRecords: async (connection) => void (await whenFree(() => sql`begin immediate`.execute(connection))),
      announce: async () => undefined,
      scrub,
      mayPass: isBusy,
      watch: watchDataVersion(reading, bell),
      close: async () => {
        for (const database of opened) database.close();
      },
    };
  } catch (error) {
    for (const database of opened) database.close();
    throw explain(error);
  }
}

/** SQLite gives its `-wal` and `-shm` files the database file's mode. The folder is synced so that the name survives. */
function createPrivately(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** FULL: the write-ahead log is on disk before a commit is acknowledged. */
async function makeDurable(database: DatabaseSync): Promise<void> {
  await whenFree(async () => {
    const mode = database.prepare("pragma journal_mode = wal").get()?.["journal_mode"];
    if (mode !== "wal") throw new Error(`the file system gives no write-ahead log (journal mode is ${String(mode)})`);
    database.exec("pragma synchronous = full");
    database.exec("pragma secure_delete = on"); // freed pages are zeroed: an erased key is gone from the file
  });
}

async function migrateUnderLock(connection: Kysely<StateTables>, path: string): Promise<void> {
  await whenFree(() => sql`begin immediate`.execute(connection));
  try {
    await migrate(connection, "sqlite", path);
    await sql`commit`.execute(connection);
  } catch (error) {
    await sql`rollback`.execute(connection).catch(() => undefined);
    throw error;
  }
}

/**
 * Moves the log's pages into the database and empties the log, so that erased values are in neither. A reader that is
 * still on the old pages keeps them until the next time.
 */
async function scrub(connection: Kysely<StateTables>): Promise<void> {
  await sql`pragma wal_checkpoint(truncate)`.execute(connection);
}

/** SQLite's write lock is the head lock: `begin immediate` takes it. */
async function begin(connection: Kysely<StateTables>) {
  await whenFree(() => sql`begin immediate`.execute(connection));
  const head = await connection.selectFrom("cordon_head").select("revision").where("id", "=", 1).executeTakeFirst();
  return requireHead(head?.revision);
}

/** Tries until the lock is free, for at most 30 s, pausing 1 to 20 ms between tries. */
async function whenFree<T>(attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + lockWaitMilliseconds;
  for (let pauseMilliseconds = 1; ; pauseMilliseconds = Math.min(20, pauseMilliseconds * 2)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error;
      await sleep(pauseMilliseconds * (0.5 + Math.random() / 2));
    }
  }
}

/** `data_version` changes when another connection committed, of this process or another. Polled while anyone follows. */
function watchDataVersion(database: DatabaseSync, bell: Bell): () => () => void {
  const statement = database.prepare("pragma data_version");
  let followers = 0;
  let poll: NodeJS.Timeout | undefined;
  let known: unknown;
  const look = (): void => {
    const version = database.isOpen ? readVersion(statement) : known;
    if (version === known) return;
    known = version;
    bell.ring();
  };
  return () => {
    followers += 1;
    poll ??= setInterval(look, pollMilliseconds);
    look();
    return () => {
      followers -= 1;
      if (followers > 0) return;
      clearInterval(poll);
      poll = undefined;
    };
  };
}

/** A failing look rings the bell: the follower's own read then says what is wrong. */
function readVersion(statement: ReturnType<DatabaseSync["prepare"]>): unknown {
  try {
    return statement.get()?.["data_version"];
  } catch {
    return Symbol("unreadable");
  }
}
