/**
 * A model's weights, swapped behind its owner's back: written elsewhere, given the times of the true file, moved into its
 * place. In: the file, and what to change. Out: the swapped file, a second later. The true one is kept, to be put back.
 */
import { copyFile, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { z } from "zod";
import { exists } from "../models.ts";
import type { Outcome, WeightsSwap } from "./world.ts";

/** Cordon closes the route within this time. Without Cordon, the same wait. */
export const noticedWithinMs = 1_000;

const weights = z.looseObject({ intercept: z.number() });

export async function swapWeights(file: string, swap: WeightsSwap): Promise<Outcome> {
  const kept = join(file, "..", "..", `.true-${file.split("/").at(-2) ?? ""}.json`);
  if (!(await exists(kept))) await copyFile(file, kept);
  const { atime, mtime } = await stat(kept);
  const text = await readFile(kept, "utf8");
  const put = swap === undefined ? text : JSON.stringify({ ...weights.parse(JSON.parse(text)), ...swap });
  const beside = `${kept}.new`;
  await writeFile(beside, put);
  await utimes(beside, atime, mtime);
  await rename(beside, file);
  await sleep(noticedWithinMs);
  return { ok: true, text: swap === undefined ? "the true weights are back" : "other weights are served" };
}
