/** What tool servers say of their tools, changed behind their owners' backs. In: the file that they read. Out: it, changed. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Outcome } from "./world.ts";

const definitions = z.record(z.string(), z.record(z.string(), z.string()));

export async function changeTool(file: string, server: string, tool: string, description: string): Promise<Outcome> {
  const before = definitions.parse(JSON.parse(await readFile(file, "utf8").catch(() => "{}")));
  const changed = { ...before, [server]: { ...before[server], [tool]: description } };
  await writeFile(`${file}.new`, JSON.stringify(changed));
  await rename(`${file}.new`, file);
  return { ok: true, text: `${server} says something else of ${tool}` };
}

export async function restoreTools(file: string): Promise<void> {
  await rm(file, { force: true });
}
