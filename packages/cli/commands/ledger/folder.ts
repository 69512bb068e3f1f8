/**
 * What the ledger commands share: reading a folder, its key and its checkpoint from the disk. In: paths from the
 * command line. Out: a reader that never leaves the folder and never changes it, and the log's public key with a word on
 * where it came from.
 */
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { openCheckpoint, type Checkpoint } from "@cordon/core/ledger/checkpoint";
import { maxNoteBytes, parseVkey, type NoteVerifier } from "@cordon/core/ledger/note";
import type { LedgerReader } from "@cordon/core/ledger/reader";
import type { Io } from "../../io.ts";

/** Reads a ledger folder on the disk: a live one, or a copy. */
export function folderReader(folder: string): LedgerReader {
  return {
    read: async (path, maxBytes) => {
      try {
        return await readBounded(join(folder, path), maxBytes);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    list: async (path) => {
      try {
        const entries = await readdir(join(folder, path), { withFileTypes: true });
        return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
  };
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > maxBytes)
      throw new CordonError("LEDGER_CORRUPT", `${path} is ${size} bytes long; at most ${maxBytes} can be right`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export interface LedgerFolder {
  readonly folder: string;
  readonly reader: LedgerReader;
  readonly verifier: NoteVerifier;
  readonly vkey: string;
  /** The key came from the folder that it is to verify. */
  readonly keyFromFolder: boolean;
}

/**
 * Opens the one folder that a command is about.
 *
 * @param key a vkey, or a file that holds one; without it the folder's own `log.vkey` is taken
 * @throws {CordonError} `USAGE` where there is no such folder or key
 */
export async function openFolder(positionals: readonly string[], key: string | undefined): Promise<LedgerFolder> {
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new CordonError("USAGE", "name one ledger folder");
  if (!(await isFolder(folder))) throw new CordonError("USAGE", `there is no folder ${folder}`);
  const vkey = await readKey(folder, key);
  return { folder, reader: folderReader(folder), verifier: parseVkey(vkey), vkey, keyFromFolder: key === undefined };
}

async function readKey(folder: string, key: string | undefined): Promise<string> {
  // A vkey always holds plus signs and its base64 starts with the key's type: a file's name that looks so is unlikely.
  if (key !== undefined && /^[^\s+]+\+[0-9a-f]{8}\+A/.test(key)) return key;
  const path = key ?? join(folder, "log.vkey");
  try {
    return Buffer.from(await readBounded(path, maxNoteBytes))
      .toString("utf8")
      .trim();
  } catch (cause) {
    const words =
      key === undefined
        ? "the folder holds no readable log.vkey; give the log's public key with --key"
        : `no key could be read from ${path}`;
    throw new CordonError("USAGE", words, { cause });
  }
}

/**
 * The folder's checkpoint, its signature checked.
 *
 * @throws {CordonError} `CHECKPOINT_INVALID`
 */
export async function readCheckpoint({
  folder,
  reader,
  verifier,
}: LedgerFolder): Promise<{ checkpoint: Checkpoint; note: string }> {
  const bytes = await reader.read("checkpoint", maxNoteBytes);
  if (bytes === undefined)
    throw new CordonError("CHECKPOINT_INVALID", `${folder} holds no checkpoint: is it a ledger folder?`);
  const note = Buffer.from(bytes).toString("utf8");
  try {
    return { checkpoint: openCheckpoint(note, verifier), note };
  } catch (error) {
    const words = isCordonError(error) ? error.message : String(error);
    throw new CordonError("CHECKPOINT_INVALID", `the checkpoint in ${folder} cannot be trusted: ${words}`, {
      cause: error,
    });
  }
}

/**
 * The files that `--checkpoint PATH` means: the path itself, or every `*.checkpoint` of the folder that it names.
 *
 * @throws {CordonError} `USAGE` where a folder holds none: comparing with nothing must not look like comparing
 */
export async function keptFiles(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".checkpoint")).toSorted();
  if (names.length === 0) throw new CordonError("USAGE", `${path} holds no *.checkpoint file to compare with`);
  return names.map((name) => join(path, name));
}

/** A kept checkpoint or receipt, as text. */
export async function readKeptFile(path: string): Promise<string> {
  try {
    return Buffer.from(await readBounded(path, 2 * maxNoteBytes)).toString("utf8");
  } catch (cause) {
    throw new CordonError("USAGE", `${path} cannot be read`, { cause });
  }
}

/**
 * Runs a command's body; what it throws becomes words on stderr and exit code 2.
 *
 * @param usage printed where the words on the command line are wrong
 */
export async function reporting(io: Io, usage: string, body: () => Promise<0 | 1 | 2>): Promise<0 | 1 | 2> {
  try {
    return await body();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    io.stderr(`cordon: ${words}\n`);
    const isUsage =
      isCordonError(error, "USAGE") || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS") === true;
    if (isUsage) io.stderr(usage);
    return 2;
  }
}

/** A whole number from the command line. */
export function parseCount(name: string, text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text))
    throw new CordonError("USAGE", `--${name} takes a whole number, not \`${text}\``);
  return Number(text);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
