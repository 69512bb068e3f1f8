/**
 * Checkpoints that leave the state folder. In: notes. Out: in a folder elsewhere (another disk, a mount of another
 * machine), the latest checkpoint of each log as `<origin>.checkpoint`, and the first of each hour beside it. Whoever
 * rewrites a ledger folder must also rewrite these, wherever they are.
 */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Instant } from "@cordon/core/instant";

export interface FileSink {
  readonly folder: string;
  /** Writes a checkpoint, durably. While one write is under way only the newest waits: a slow disk holds nothing up. */
  publish(note: string): void;
  /** The latest checkpoint in the folder, or `undefined` where there is none yet. */
  latest(): Promise<string | undefined>;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

/**
 * @param report called after each write with what went wrong, or `undefined`
 */
export function fileSink(
  folder: string,
  origin: string,
  now: () => Instant,
  report: (failure: string | undefined) => void,
): FileSink {
  const name = origin.replaceAll("/", "_");
  const latestPath = join(folder, `${name}.checkpoint`);
  let waiting: string | undefined;
  let working: Promise<void> | undefined;
  let hourWritten = "";

  const work = async (): Promise<void> => {
    while (waiting !== undefined) {
      const note = waiting;
      waiting = undefined;
      try {
        const hour = new Date(now()).toISOString().slice(0, 13);
        await mkdir(folder, { recursive: true });
        await replaceFile(latestPath, note);
        if (hour !== hourWritten) await keepFirst(join(folder, `${name}.${hour}.checkpoint`), note);
        hourWritten = hour;
        report(undefined);
      } catch (error) {
        report(error instanceof Error ? error.message : String(error));
      }
    }
    working = undefined;
  };

  return {
    folder,
    publish: (note) => {
      waiting = note;
      working ??= work();
    },
    latest: async () => {
      try {
        return await readFile(latestPath, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    settled: async () => working,
  };
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeDurably(temporary, text, "w");
  await rename(temporary, path);
}

async function keepFirst(path: string, text: string): Promise<void> {
  try {
    await writeDurably(path, text, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

async function writeDurably(path: string, text: string, flags: string): Promise<void> {
  const file = await open(path, flags, 0o644);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}
