/**
 * PostgreSQL behind the store. In: where the database is. Out: a backend over a pool of connections, and a listener
 * that rings when another process committed.
 *
 * The head row's lock, taken first in every transaction, makes transactions serial across processes. PostgreSQL makes a
 * transaction visible before it lets its row locks go, so the next one to get the lock sees all of the one before.
 */
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Backend } from "./backend.ts";
import { Bell } from "./bell.ts";
import { migrate } from "./migrate.ts";
import { explainPostgresError, mayPass } from "./postgres-errors.ts";
import { channel, type ListenTimings, watchNotifications } from "./postgres-listener.ts";
import { requireHead } from "./rows.ts";
import type { PostgresLocation } from "./store-url.ts";
import type { StateTables } from "./tables.ts";

const connectTimeoutMilliseconds = 5000;
const poolSize = 10;

/**
 * Connects and brings the schema up to date.
 *
 * @throws {CordonError} `STORE_UNAVAILABLE`, `STORE_CORRUPT`
 */
export async function openPostgres(location: PostgresLocation, timings?: ListenTimings): Promise<Backend> {
  const explain = (error: unknown) => explainPostgresError(error, location.display);
  try {
    const config: pg.ClientConfig = {
      connectionString: location.connectionString,
      connectionTimeoutMillis: connectTimeoutMilliseconds,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    };
    const pool = openPool(config);
    const database = new Kysely<StateTables>({ dialect: new PostgresDialect({ pool }) });
    try {
      await database.connection().execute((connection) => migrateUnderLock(connection, location.display));
    } catch (error) {
      await pool.end();
      throw error;
    }
    const bell = new Bell();
    const listener = watchNotifications(config, bell, timings);
    return {
      reader: database,
      writer: database,
      bell,
      explain,
      begin,
      beginRecords,
      announce,
      scrub,
      mayPass,
      watch: listener.watch,
      close: async () => {
        await listener.close();
        await pool.end();
      },
    };
  } catch (error) {
    throw explain(error);
  }
}

/**
 * An `error` event without a listener would end the process. A lost connection that is idle leaves the pool; one in use
 * fails its next query, which is where the loss is dealt with.
 */
function openPool(config: pg.ClientConfig): pg.Pool {
  // Set up by the pool, not by Kysely's hook, which never gives back a connection whose setting up fails.
  // The pool waits for the promise, though its types do not say so.
  const onConnect: (client: pg.ClientBase) => unknown = (client) => client.query(sessionSettings);
  const pool = new pg.Pool({ ...config, max: poolSize, onConnect });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => void client.on("error", () => undefined));
  return pool;
}

/**
 * Bounds how long a stuck writer can hold up others, and does not let the server's default take durability away:
 * with `synchronous_commit` off, an acknowledged revocation could be lost in a crash.
 */
const sessionSettings = `select
  set_config('lock_timeout', '30s', false),
  set_config('idle_in_transaction_session_timeout', '60s', false),
  set_config('synchronous_commit', case current_setting('synchronous_commit')
    when 'off' then 'on' else current_setting('synchronous_commit') end, false)`;

async function migrateUnderLock(connection: Kysely<StateTables>, display: string): Promise<void> {
  await beginReadCommitted(connection);
  try {
    await checkDatabase(connection, display);
    await sql`select pg_advisory_xact_lock(hashtextextended('cordon-state:' || current_schema(), 0))`.execute(
      connection,
    );
    await migrate(connection, "postgres", display);
    await sql`commit`.execute(connection);
  } catch (error) {
    await sql`rollback`.execute(connection).catch(() => undefined);
    throw error;
  }
}

async function checkDatabase(connection: Kysely<StateTables>, display: string): Promise<void> {
  const { rows } = await sql<{ encoding: string; schema: string | null }>`select
    current_setting('server_encoding') as encoding, current_schema() as schema`.execute(connection);
  const [found] = rows;
  if (found?.encoding !== "UTF8") {
    throw new CordonError(
      "STORE_UNAVAILABLE",
      `The database ${display} is encoded in ${found?.encoding}; create one in UTF8: createdb --encoding UTF8 --template template0.`,
    );
  }
  if (found.schema === null) {
    throw new CordonError(
      "STORE_UNAVAILABLE",
      `The database ${display} has no schema on the user's search_path: create it, or correct options=-csearch_path=... in store.url.`,
    );
  }
}

async function begin(connection: Kysely<StateTables>): Promise<Revision> {
  await beginReadCommitted(connection);
  const head = await connection
    .selectFrom("cordon_head")
    .select("revision")
    .where("id", "=", 1)
    .forUpdate()
    .executeTakeFirst();
  return requireHead(head?.revision);
}

/** A lock of the room's own, so that a batch of records holds up no revision. */
async function beginRecords(connection: Kysely<StateTables>, room: string): Promise<void> {
  await beginReadCommitted(connection);
  const name = `cordon-record:${room}:`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name} || current_schema(), 0))`.execute(connection);
}

/** Read committed, whatever the server's default: statements after the lock must see what the lock's last holder wrote. */
async function beginReadCommitted(connection: Kysely<StateTables>): Promise<void> {
  await sql`begin isolation level read committed read write`.execute(connection);
}

/** The old row versions stay in the table's pages until a vacuum. Archived write-ahead logs and backups keep theirs. */
async function scrub(connection: Kysely<StateTables>): Promise<void> {
  await sql`vacuum cordon_change`.execute(connection);
  await sql`vacuum cordon_object`.execute(connection);
}

/** PostgreSQL delivers it when, and only if, the transaction commits. */
async function announce(connection: Kysely<StateTables>): Promise<void> {
  await sql`select pg_notify(${channel}, '')`.execute(connection);
}
