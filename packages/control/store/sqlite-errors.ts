/** SQLite's errors in words, with the remedy. Result codes: https://sqlite.org/rescode.html */
import { CordonError, isCordonError } from "@cordon/core/errors";

const busy = 5;
const locked = 6;
const readOnly = 8;
const inputOutput = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

/** True when another connection holds the lock; nothing was done. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(isCordonError(error) ? error.cause : error);
  return code === busy || code === locked;
}

/** The error as a `CordonError` that names the file and the remedy; one that is a `CordonError` already stays. */
export function explainSqliteError(error: unknown, path: string): CordonError {
  if (isCordonError(error)) return error;
  const unavailable = (message: string) => new CordonError("STORE_UNAVAILABLE", message, { cause: error });
  const damaged = (message: string) => new CordonError("STORE_CORRUPT", message, { cause: error });
  switch (primaryCode(error)) {
    case busy:
    case locked:
      return unavailable(
        `${path} has been locked by another writer for 30 seconds. Find the process that holds it (fuser ${path}) and end it.`,
      );
    case readOnly:
      return unavailable(
        `${path} cannot be written: give the user that runs Cordon write access to the file and its folder.`,
      );
    case full:
      return unavailable(`The disk that holds ${path} is full: free some space. Nothing was changed.`);
    case inputOutput:
      return unavailable(`Reading or writing ${path} failed: check the disk and the system log.`);
    case cannotOpen:
      return unavailable(`${path} cannot be opened: check that its folder exists and is readable and writable.`);
    case notADatabase:
      return damaged(`${path} is not a SQLite database: name another file in store.url, or restore a backup.`);
    case corrupt:
      return damaged(`${path} is damaged: stop Cordon, keep the file, and restore a backup.`);
    default:
      return explainFileError(error, path) ?? unavailable(`${path} cannot be used: ${messageOf(error)}.`);
  }
}

/** Errors of the file system, from creating the file. */
function explainFileError(error: unknown, path: string): CordonError | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const remedies: Partial<Record<string, string>> = {
    ENOENT: "its folder does not exist: create it, or change store.url",
    ENOTDIR: "its folder is a file: change store.url",
    EISDIR: "it is a folder: name a file in store.url",
    EACCES: "access is denied: give the user that runs Cordon access to the file and its folder",
    EPERM: "access is denied: give the user that runs Cordon access to the file and its folder",
    EROFS: "the file system is read-only: change store.url",
    ENOSPC: "the disk is full: free some space",
  };
  const remedy = typeof code === "string" ? remedies[code] : undefined;
  if (remedy === undefined) return undefined;
  return new CordonError("STORE_UNAVAILABLE", `${path} cannot be opened: ${remedy}.`, { cause: error });
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
