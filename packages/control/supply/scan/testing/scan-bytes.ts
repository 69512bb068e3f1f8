/** Scans bytes under a name, for tests. */
import { memorySource } from "../bytes/byte-source.ts";
import type { ScanLimits } from "../bytes/budget.ts";
import { scanSource } from "../scan-source.ts";
import type { FileReport } from "../verdict.ts";

export function scanBytes(bytes: Uint8Array, name = "model.pkl", limits: Partial<ScanLimits> = {}): FileReport {
  return scanSource(name, memorySource(bytes), { now: () => 0, limits });
}
