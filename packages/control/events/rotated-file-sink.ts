/**
 * Events in a file, one line of JSON each. In: events. Out: `path`, and what was there before as `path.1`, `path.2`, ...
 * A file that another program has moved away or removed (logrotate) is made anew.
 */
import { mkdir, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { EventSink } from "./event-sink.ts";

export interface RotatedFileOptions {
  readonly path: string;
  /** A file grows to this many bytes at most, except for an event that is longer alone. */
  readonly maxBytes: number;
  /** How many older files are kept. */
  readonly keep: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  bytes: number;
}

export function rotatedFileSink(options: RotatedFileOptions): EventSink {
  const { path, maxBytes, keep } = options;
  let file: OpenFile | undefined;

  const openFile = async (): Promise<OpenFile> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, "a", 0o600);
    const { ino, size } = await handle.stat();
    return { handle, inode: ino, bytes: size };
  };
  const close = async (): Promise<void> => {
    const closing = file;
    file = undefined;
    await closing?.handle.close();
  };
  const rotate = async (): Promise<void> => {
    await close();
    if (keep === 0) return await rm(path, { force: true });
    for (let at = keep - 1; at >= 1; at--) await renameIfThere(`${path}.${at}`, `${path}.${at + 1}`);
    await renameIfThere(path, `${path}.1`);
  };
  const append = async (lines: readonly Buffer[]): Promise<void> => {
    file ??= await openFile();
    const bytes = Buffer.concat(lines);
    await file.handle.appendFile(bytes);
    file.bytes += bytes.length;
  };

  return {
    name: `file:${path}`,
    async write(events) {
      if (file !== undefined && (await inodeOf(path)) !== file.inode) await close();
      let lines: Buffer[] = [];
      let bytes = 0;
      for (const { text } of events) {
        const line = Buffer.from(`${text}\n`);
        file ??= await openFile();
        if (file.bytes + bytes + line.length > maxBytes) {
          await append(lines);
          lines = [];
          bytes = 0;
          if (file.bytes > 0) await rotate();
        }
        lines.push(line);
        bytes += line.length;
      }
      await append(lines);
      return 0;
    },
    [Symbol.asyncDispose]: close,
  };
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
