/**
 * Looks at a state store without changing it, for `cordon doctor`. In: `store.url`. Out: what was found, in words.
 * Nothing is created or migrated, and no lock is taken.
 */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type CordonError, isCordonError } from "@cordon/core/errors";
import pg from "pg";
import { migrations } from "./migrations/all.ts";
import { explainPostgresError } from "./postgres-errors.ts";
import { explainSqliteError } from "./sqlite-errors.ts";
import { type PostgresLocation, readStoreUrl } from "./store-url.ts";

export interface StateStoreProbe {
  readonly adapter: "sqlite" | "postgres";
  /** Where, safe to print. */
  readonly location: string;
  /** Why it cannot be used; absent when it can. */
  readonly problem?: CordonError;
  /** What deserves attention though it works. */
  readonly warnings: readonly string[];
  /** Absent when nothing has been stored there yet. */
  readonly schemaVersion?: number;
  readonly programSchemaVersion: number;
}

type Findings = Pick<StateStoreProbe, "schemaVersion" | "warnings">;

/** @throws {CordonError} `CONFIG_INVALID` for a URL that names no store; all else is in the result */
export async function probeStateStore(url: string): Promise<StateStoreProbe> {
  const place = readStoreUrl(url);
  const { adapter } = place;
  const location = place.adapter === "sqlite" ? place.path : place.display;
  const about = { adapter, location, programSchemaVersion: migrations.length };
  try {
    const findings = place.adapter === "sqlite" ? probeSqlite(place.path) : await probePostgres(place);
    return { ...about, ...findings, warnings: [...findings.warnings, ...newerSchema(findings.schemaVersion)] };
  } catch (error) {
    const problem = adapter === "sqlite" ? explainSqliteError(error, location) : explainPostgresError(error, location);
    if (isCordonError(problem)) return { ...about, warnings: [], problem };
    throw error;
  }
}

function probeSqlite(path: string): Findings {
  if (!existsSync(path)) return { warnings: [] };
  const warnings: string[] = [];
  if ((statSync(path).mode & 0o077) !== 0) warnings.push(`${path} can be read by other users: chmod 600 ${path}.`);
  const database = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  try {
    const check = database.prepare("pragma quick_check(1)").get()?.["quick_check"];
    if (check !== "ok")
      warnings.push(`${path} is damaged (${String(check)}): stop Cordon, keep the file, and restore a backup.`);
    const known = database.prepare("select 1 from sqlite_schema where name = 'cordon_migration'").get() !== undefined;
    if (!known) return { warnings };
    const version = database.prepare("select max(number) as version from cordon_migration").get()?.["version"];
    return { warnings, schemaVersion: Number(version ?? 0) };
  } finally {
    database.close();
  }
}

async function probePostgres(place: PostgresLocation): Promise<Findings> {
  const client = new pg.Client({ connectionString: place.connectionString, connectionTimeoutMillis: 5000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ fsync: string; standby: boolean; known: boolean }>(`select
      current_setting('fsync') as fsync, pg_is_in_recovery() as standby, to_regclass('cordon_migration') is not null as known`);
    const [found] = rows;
    const warnings: string[] = [];
    if (found?.fsync === "off")
      warnings.push(`${place.display} runs with fsync = off: a power loss loses or breaks the state.`);
    if (found?.standby === true) warnings.push(`${place.display} is a standby: name the primary in store.url.`);
    if (found?.known !== true) return { warnings };
    const version = await client.query<{ version: number | null }>(
      "select max(number) as version from cordon_migration",
    );
    return { warnings, schemaVersion: version.rows[0]?.version ?? 0 };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function newerSchema(found: number | undefined): readonly string[] {
  if (found === undefined || found <= migrations.length) return [];
  return [`It was written by a newer Cordon: its schema is version ${found}, this program knows ${migrations.length}.`];
}
