/**
 * The vulnerabilities that are known here. In: OSV exports that the operator brings (a zip an ecosystem, or folders of
 * records). Out: records by ecosystem and package, and what the database is: sources with their digests, when they were
 * imported, how new the newest record is. One SQLite file, or memory; nothing is fetched.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { normalName } from "./affected.ts";
import { parseOsvRecord, type OsvRecord } from "./osv-record.ts";
import { readRecordFiles } from "./read-records.ts";
import { ecosystemName } from "./version-order.ts";

export interface OsvSource {
  readonly path: string;
  /** SHA-256 of the zip, or over the names and contents of a folder's records; lower-case hex. */
  readonly digest: string;
  readonly importedAt: Instant;
  readonly records: number;
  /** Files that are no record: what they say is not known here. */
  readonly unread: number;
}

export interface OsvDatabaseInfo {
  readonly sources: readonly OsvSource[];
  readonly records: number;
  /** Ecosystems that any record is about, without a release. */
  readonly ecosystems: ReadonlySet<string>;
  /** `modified` of the newest record. */
  readonly newest: Instant | undefined;
}

export interface OsvDatabase extends Disposable {
  readonly info: OsvDatabaseInfo;
  /** Records that name this package, withdrawn ones included. */
  readonly recordsOf: (ecosystem: string, name: string) => readonly OsvRecord[];
}

const schema = `
  CREATE TABLE IF NOT EXISTS source (path TEXT, digest TEXT, imported_at INTEGER, records INTEGER, unread INTEGER);
  CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, modified INTEGER, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS about (ecosystem TEXT, name TEXT, id TEXT, PRIMARY KEY (ecosystem, name, id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS about_id ON about (id);
  CREATE TABLE IF NOT EXISTS format (version INTEGER);
`;
const formatVersion = 1;

/** Opens a database that {@link importOsv} made. @throws {CordonError} `SUPPLY_INPUT_INVALID`, `SUPPLY_INPUT_UNREADABLE` */
export async function openOsvDatabase(file: string): Promise<OsvDatabase> {
  await lstat(file).catch((cause: Error) => {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${file} cannot be read: ${cause.message}`, { cause });
  });
  try {
    return wrap(checked(new DatabaseSync(file, { readOnly: true })));
  } catch (cause) {
    throw new CordonError(
      "SUPPLY_INPUT_INVALID",
      `${file} is no vulnerability database; make it with \`cordon bom import-osv\``,
      { cause },
    );
  }
}

/**
 * Imports exports into a database, adding to what is there; a record replaces an older one of the same id.
 *
 * @param file where the database lies; `:memory:` keeps it for this process only
 * @param onRecord hears of each record
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID`; the database is unchanged then
 */
export async function importOsv(
  sources: readonly string[],
  file: string,
  now: Instant,
  onRecord?: () => void,
): Promise<OsvDatabase> {
  const database = new DatabaseSync(file);
  try {
    database.exec(schema);
    if (database.prepare("SELECT version FROM format").get() === undefined)
      database.prepare("INSERT INTO format VALUES (?)").run(formatVersion);
    checked(database);
    database.exec("BEGIN IMMEDIATE");
    for (const source of sources) await importOne(database, source, now, onRecord);
    database.exec("COMMIT");
    return wrap(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function importOne(
  database: DatabaseSync,
  source: string,
  now: Instant,
  onRecord: (() => void) | undefined,
): Promise<void> {
  const known = database.prepare("SELECT modified FROM record WHERE id = ?");
  const put = database.prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?)");
  const forget = database.prepare("DELETE FROM about WHERE id = ?");
  const name = database.prepare("INSERT OR IGNORE INTO about VALUES (?, ?, ?)");
  const digest = createHash("sha256");
  let records = 0;
  let unread = 0;
  for await (const { name: fileName, bytes } of readRecordFiles(source)) {
    digest.update(`${fileName.length}:${fileName}${bytes.length}:`).update(bytes);
    const record = tryRecord(bytes, fileName);
    if (record === undefined) {
      unread += 1;
      continue;
    }
    records += 1;
    onRecord?.();
    const modified = Date.parse(record.modified);
    const old = known.get(record.id);
    const before = old?.["modified"];
    if (typeof before === "number" && before > modified) continue;
    put.run(record.id, Number.isFinite(modified) ? modified : null, JSON.stringify(record));
    if (old !== undefined) forget.run(record.id);
    for (const { package: about } of record.affected ?? [])
      if (about !== undefined)
        name.run(ecosystemName(about.ecosystem), normalName(about.ecosystem, about.name), record.id);
  }
  if (records === 0)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${source} holds no OSV record (${unread} files are something else)`);
  const isZip = (await lstat(source)).isFile();
  database
    .prepare("INSERT INTO source VALUES (?, ?, ?, ?, ?)")
    .run(source, isZip ? await digestOf(source) : digest.digest("hex"), now, records, unread);
}

function tryRecord(bytes: Buffer, name: string): OsvRecord | undefined {
  try {
    return parseOsvRecord(bytes, name);
  } catch (error) {
    if (isCordonError(error, "SUPPLY_INPUT_INVALID")) return undefined;
    throw error;
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function checked(database: DatabaseSync): DatabaseSync {
  if (database.prepare("SELECT version FROM format").get()?.["version"] !== formatVersion)
    throw new CordonError("SUPPLY_INPUT_INVALID", "the vulnerability database has another format; import it again");
  return database;
}

function wrap(database: DatabaseSync): OsvDatabase {
  const find = database.prepare(
    "SELECT text FROM about JOIN record USING (id) WHERE ecosystem = ? AND name = ? ORDER BY id LIMIT 5000",
  );
  const count = database.prepare("SELECT COUNT(*) AS n, MAX(modified) AS newest FROM record").get() ?? {};
  const newest = count["newest"];
  const info: OsvDatabaseInfo = {
    sources: database
      .prepare("SELECT path, digest, imported_at, records, unread FROM source ORDER BY imported_at")
      .all()
      .map((row) => ({
        path: String(row["path"]),
        digest: String(row["digest"]),
        importedAt: Number(row["imported_at"]),
        records: Number(row["records"]),
        unread: Number(row["unread"]),
      })),
    records: Number(count["n"]),
    ecosystems: new Set(
      database
        .prepare("SELECT DISTINCT ecosystem FROM about")
        .all()
        .map((row) => String(row["ecosystem"])),
    ),
    newest: typeof newest === "number" ? newest : undefined,
  };
  return {
    info,
    recordsOf: (ecosystem, name) =>
      find
        .all(ecosystemName(ecosystem), normalName(ecosystem, name))
        // What was checked when it was imported.
        .map((row) => JSON.parse(String(row["text"])) as OsvRecord),
    [Symbol.dispose]: () => database.close(),
  };
}
