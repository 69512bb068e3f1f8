/**
 * Entry of the thread that reads registered documents and makes their fingerprints, so that nothing waits for it. In: names and
 * paths. Out: an index in shared memory, or words on what cannot be read. It keeps no text.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { createIndexBuilder, type FingerprintIndex } from "@cordon/core/inspection/fingerprints/index-builder";
import type { RegisteredFiles } from "./registered-files.ts";

export type FromIndexer = { readonly index: FingerprintIndex } | { readonly failed: string };

const mostBytes = 16 * 1024 * 1024;
const mostBytesInAll = 32 * 1024 * 1024;
const maxEntries = 2_000_000;
/** A document is put in by pieces, so that memory beside the index is bounded; runs that begin in one end in the next. */
const piece = 65_536;
const overlap = 4_096;
/** With fewer runs a document is never found: four of those around one another must be known. */
const leastEntries = 4;

const port = parentPort;
if (port !== null) {
  try {
    port.postMessage({ index: await indexOf(workerData as readonly RegisteredFiles[]) } satisfies FromIndexer);
  } catch (error) {
    port.postMessage({ failed: error instanceof Error ? error.message : String(error) } satisfies FromIndexer);
  }
}

async function indexOf(documents: readonly RegisteredFiles[]): Promise<FingerprintIndex> {
  const builder = createIndexBuilder({ maxEntries });
  let bytes = 0;
  for (const { name, paths } of documents) {
    let recognised = 0;
    for (const path of paths) {
      const text = await readText(name, path);
      bytes += text.length;
      if (bytes > mostBytesInAll)
        throw new Error(`${name}: with ${path} the documents hold more than ${mostBytesInAll} bytes; register fewer`);
      const words = decoded(name, path, text);
      const before = builder.entries;
      try {
        for (const each of pieces(words)) builder.add(name, each);
      } catch (cause) {
        throw new Error(`${name}: with ${path} there are more than ${maxEntries} runs of words; register fewer`, {
          cause,
        });
      }
      // What another document holds too adds nothing, and yet is found.
      recognised += builder.entries > before ? builder.entries - before : entriesOf(words);
    }
    if (recognised < leastEntries)
      throw new Error(`${name}: ${paths[0]} has too few words to be recognised; some twelve in a row are needed`);
  }
  const { lows, buckets, owners, ...rest } = builder.index();
  return { ...rest, lows: shared(lows), buckets: shared(buckets), owners: shared(owners) };
}

function* pieces(text: string): Generator<string> {
  for (let at = 0; at === 0 || at + overlap < text.length; at += piece) yield text.slice(at, at + piece + overlap);
}

function entriesOf(text: string): number {
  const alone = createIndexBuilder({ maxEntries });
  for (const each of pieces(text)) alone.add("alone", each);
  return alone.entries;
}

async function readText(name: string, path: string): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile()) throw Object.assign(new Error("not a plain file"), { code: "ENOTFILE" });
    const buffer = new Uint8Array(Math.min(status.size, mostBytes) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length <= Math.min(status.size, mostBytes)) return buffer.subarray(0, length);
  } catch (error) {
    throw new Error(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`, {
      cause: error,
    });
  }
  throw new Error(`${name}: ${path} is longer than ${mostBytes} bytes, or grows; split it`);
}

function decoded(name: string, path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${name}: ${path} is not UTF-8 text; register the text that it holds`);
  }
}

function shared<T extends Uint32Array | Uint16Array>(from: T): T {
  const Kind = from.constructor as new (buffer: SharedArrayBuffer) => T;
  const to = new Kind(new SharedArrayBuffer(from.byteLength));
  to.set(from);
  return to;
}
