/**
 * One Cordon a state folder. In: the folder. Out: a lock, held until it is disposed or the process ends, however it ends. It is
 * taken before anything is read or written there: a second start by mistake must not apply its configuration, seal keys anew
 * or forget what the first one has seen, only to find the ledger taken.
 *
 * It is the kernel's own file lock, as SQLite takes it on an empty file: a kill -9 leaves nothing stale behind. Nothing else may
 * open the file, or the lock is lost.
 */
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { lockHolder } from "@cordon/core/contract/lock-holder";
import { CordonError } from "@cordon/core/errors";
import { explainSqliteError, isBusy } from "./sqlite-errors.ts";

/** @throws {CordonError} `STORE_UNAVAILABLE`, with the process that holds it */
export function lockStateFolder(folder: string): Disposable {
  const path = join(folder, "lock");
  let database: DatabaseSync | undefined;
  try {
    // Readable by this user alone; opened for the last time but by SQLite.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, "a", 0o600));
    database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    if (!isBusy(cause)) throw explainSqliteError(cause, path);
    throw new CordonError(
      "STORE_UNAVAILABLE",
      `${holderOf(path)} runs Cordon with the state folder ${folder} already: stop it, or give this one a \`state\` of its own`,
      { cause },
    );
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

function holderOf(path: string): string {
  try {
    const { dev: device, ino: inode } = statSync(path);
    const pid = lockHolder(readFileSync("/proc/locks", "utf8"), { device, inode });
    if (pid !== undefined) return `process ${pid}`;
  } catch {
    // no such list on this system
  }
  return "another process";
}
