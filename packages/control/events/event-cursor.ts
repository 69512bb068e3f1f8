/**
 * How far a sink has come in the ledger, on the disk, so that it goes on from there after a restart. In: a file. Out:
 * the next index, for the log of that name only: another log starts afresh.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

const cursorSchema = z.strictObject({ v: z.literal(1), origin: z.string(), next: z.int().nonnegative() });

/** The next index, or `undefined` where there is no cursor of this log yet, or none that can be read. */
export async function readEventCursor(file: string, origin: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const cursor = cursorSchema.parse(JSON.parse(text));
    return cursor.origin === origin ? cursor.next : undefined;
  } catch {
    return undefined; // a cursor is a convenience: a broken one is as good as none
  }
}

/** Replaces the cursor whole. Losing the newest one repeats events; each has its uid. */
export async function writeEventCursor(file: string, origin: string, next: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.tmp`, JSON.stringify({ v: 1, origin, next }), { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}
