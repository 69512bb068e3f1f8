/**
 * The file layer under the ledger: the few operations whose order decides what a crash leaves behind. In: paths
 * relative to the ledger's folder. Out: bytes, durability. Synchronous, because the ledger has a thread of its own, and
 * an interface, so that a test can record the operations, lose power between any two, or leave one out.
 */
import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { lockHolder } from "@cordon/core/contract/lock-holder";
import { CordonError } from "@cordon/core/errors";

/** An open file that only grows. */
export interface GrowingFile {
  /** Adds all of `bytes` at the end, or throws. Not durable before {@link datasync}. */
  append(bytes: Uint8Array): void;
  /** Makes the file's content durable; not its name. */
  datasync(): void;
  close(): void;
}

export interface LedgerFiles {
  /** A new, empty file. Its name is not durable before {@link syncFolder} on its folder. */
  create(path: string): GrowingFile;
  /** Gives `from` the name `to`, replacing what was there. Not durable before {@link syncFolder} on the folder of `to`. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes one folder, unless it is there. Its name is not durable before {@link syncFolder} on the folder above. */
  makeFolder(path: string): void;
  /** Makes the names in a folder durable. `""` is the ledger's own folder. */
  syncFolder(path: string): void;
  /** The whole file, or `undefined` where there is none. */
  read(path: string): Uint8Array | undefined;
  /** The names in a folder, those of folders ending in `/`; empty where there is none. */
  list(path: string): string[];
  /** Keeps other writers out until the returned function is called or the process ends, however it ends. */
  lock(): () => void;
}

/** The real file layer, on a folder that it makes where needed (readable by its owner alone). */
export function nodeFiles(folder: string): LedgerFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = (path: string) => join(folder, path);
  return {
    create: (path) => growingFile(openSync(at(path), "w", 0o600)),
    rename: (from, to) => renameSync(at(from), at(to)),
    remove: (path) => rmSync(at(path), { force: true, recursive: true }),
    makeFolder: (path) => makeFolderAt(at(path)),
    syncFolder: (path) => syncFolderAt(at(path)),
    read: (path) => unlessMissing(() => readFileSync(at(path)), undefined),
    list: (path) =>
      unlessMissing(() => readdirSync(at(path), { withFileTypes: true }), []).map((entry) =>
        entry.isDirectory() ? `${entry.name}/` : entry.name,
      ),
    lock: () => lockFile(at("lock"), folder),
  };
}

function growingFile(fd: number): GrowingFile {
  return {
    append: (bytes) => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    },
    datasync: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

function syncFolderAt(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Takes the lock that says "one writer". It is the kernel's own file lock, which SQLite takes on an empty file: it goes
 * away with the process, so a kill -9 leaves nothing stale behind, and there is no pid to be wrong about. (Such a lock
 * is also lost when its own process opens and closes the file otherwise: nothing in Cordon reads `lock`.)
 */
function lockFile(path: string, folder: string): () => void {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    // SQLITE_BUSY: whatever else keeps the lock from being taken is no other writer.
    const busy = (cause as { readonly errcode?: number }).errcode === 5;
    throw new CordonError(
      "LEDGER_UNAVAILABLE",
      busy
        ? `${holderOf(path)} is writing the ledger in ${folder}: stop it, or give this writer a folder of its own`
        : `the lock of the ledger in ${folder} cannot be taken: ${message}`,
      { cause },
    );
  }
  return () => database.close();
}

/** Asked of the kernel, without opening the file. */
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

function unlessMissing<T, U>(read: () => T, otherwise: U): T | U {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

function makeFolderAt(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
