/**
 * Scans one file. In: its name, its bytes, a clock. Out: the report. Nothing in it is executed, and whatever it holds the
 * scan ends within its budget.
 */
import { defaultLimits, openBudget, type ScanLimits } from "./bytes/budget.ts";
import type { ByteSource } from "./bytes/byte-source.ts";
import { scanContent } from "./recognise.ts";
import { guarded, openScan } from "./scan.ts";
import type { FileReport } from "./verdict.ts";

export interface ScanOptions {
  /** Monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly limits?: Partial<ScanLimits>;
}

export function scanSource(path: string, source: ByteSource, { now, limits }: ScanOptions): FileReport {
  const budget = openBudget({ ...defaultLimits, ...limits }, now);
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const { scan, collected } = openScan(name, budget, scanContent);
  const format = guarded(scan, () => scanContent(source, scan)) ?? "unknown";
  const { findings, findingCount, verdict, requires, rawFiles } = collected();
  return { path, sizeBytes: source.size, format, verdict, findings, findingCount, requires, rawFiles };
}
