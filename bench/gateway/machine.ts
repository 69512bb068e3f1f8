/** What a figure was taken on. Out: processor, Node, kernel, and how long the file system takes for what a ledger asks of it. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { percentile } from "./statistics.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
}

export function machine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** The median of 200 appends of 4 KiB, each followed by fdatasync, in the folder where the ledger lay. */
export function syncMicros(folder: string): number {
  const file = openSync(join(folder, "sync-probe"), "w", 0o600);
  const block = Buffer.alloc(4096, 1);
  const took: number[] = [];
  for (let i = 0; i < 200; i++) {
    const startedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    took.push((performance.now() - startedAt) * 1000);
  }
  closeSync(file);
  return percentile(took, 50);
}

/**
 * The median of 100 new files in a folder beside the ledger's, which makes a hundred a second under load. A dozen on most
 * file systems; hundreds on an ext4 without a journal on which much was deleted in the last minutes: it passes over each
 * file number that was free for less, one by one.
 */
export function createMicros(folder: string): number {
  const beside = join(folder, "create-probe");
  mkdirSync(beside);
  const took: number[] = [];
  for (let i = 0; i < 100; i++) {
    const startedAt = performance.now();
    const file = openSync(join(beside, String(i)), "w", 0o600);
    took.push((performance.now() - startedAt) * 1000);
    closeSync(file);
  }
  rmSync(beside, { recursive: true });
  return percentile(took, 50);
}
