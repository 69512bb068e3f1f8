/**
 * Files of an OSV export, one after another. In: a zip (OSV's `all.zip`) or a folder. Out: each JSON or YAML file's name
 * and bytes, under bounds on count and size; nothing is written, so names in the archive can lead nowhere.
 */
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { CordonError } from "@cordon/core/errors";
import { maxRecordBytes } from "./osv-record.ts";

export const maxRecords = 2_000_000;
const maxTotalBytes = 16 * 1024 ** 3;
const maxDepth = 16;

export interface RecordFile {
  readonly name: string;
  readonly bytes: Buffer;
}

const isRecord = (name: string): boolean => /\.(?:json|ya?ml)$/i.test(name);

/** Reads a zip or folder. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function* readRecordFiles(source: string): AsyncGenerator<RecordFile> {
  const found = await lstat(source).catch((cause: Error) => {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${source} cannot be read: ${cause.message}`, { cause });
  });
  const files = found.isDirectory() ? readFolder(source, 0) : readZip(source);
  let count = 0;
  let total = 0;
  for await (const file of files) {
    count += 1;
    total += file.bytes.length;
    if (count > maxRecords || total > maxTotalBytes)
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `${source} holds more than ${maxRecords} records or ${maxTotalBytes} bytes`,
      );
    yield file;
  }
}

async function* readFolder(folder: string, depth: number): AsyncGenerator<RecordFile> {
  if (depth > maxDepth) throw new CordonError("SUPPLY_INPUT_INVALID", `${folder}: more than ${maxDepth} folders deep`);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* readFolder(path, depth + 1);
    else if (entry.isFile() && isRecord(entry.name)) yield { name: path, bytes: await readFile(path) };
  }
}

async function* readZip(path: string): AsyncGenerator<RecordFile> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { lazyEntries: true, validateEntrySizes: true, strictFileNames: true });
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${path} is no zip and no folder: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    for await (const entry of zip.eachEntry()) {
      if (!isRecord(entry.fileName)) continue;
      yield { name: entry.fileName, bytes: await readEntry(zip, entry, path) };
    }
  } catch (cause) {
    if (cause instanceof CordonError) throw cause;
    throw new CordonError("SUPPLY_INPUT_INVALID", `${path} is a broken zip: ${(cause as Error).message}`, { cause });
  } finally {
    zip.close();
  }
}

async function readEntry(zip: ZipFile, entry: Entry, path: string): Promise<Buffer> {
  // The header's size is checked by the reader while it inflates; a bomb cannot hide behind a small one.
  if (entry.uncompressedSize > maxRecordBytes)
    throw new CordonError(
      "SUPPLY_INPUT_INVALID",
      `${path}: ${JSON.stringify(entry.fileName)} is longer than ${maxRecordBytes} bytes`,
    );
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
