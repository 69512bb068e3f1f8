/** What a figure was taken on. Out: processor, Node, kernel, and how long the disk takes to make a write durable. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
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
