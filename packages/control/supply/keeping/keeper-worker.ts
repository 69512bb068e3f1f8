/**
 * Entry of the thread that does an admission keeper's heavy work, so that the gateway's event loop does not: matching packages
 * against the vulnerability database, scanning model files. In: one order. Out: one answer, then it ends.
 */
import { basename, relative } from "node:path";
import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { Instant } from "@cordon/core/instant";
import { isCordonError } from "@cordon/core/errors";
import { scanPaths } from "../scan/scan-paths.ts";
import type { FileReport } from "../scan/verdict.ts";
import { audit, type AuditReport } from "../vulnerabilities/audit.ts";
import { openOsvDatabase } from "../vulnerabilities/database.ts";
import type { PackageFound } from "../vulnerabilities/inputs/package-found.ts";

export type KeeperOrder =
  | {
      readonly kind: "audit";
      readonly database: string;
      readonly packages: readonly PackageFound[];
      readonly now: Instant;
      readonly maxAgeDays: number;
    }
  | { readonly kind: "scan"; readonly path: string };

export type KeeperAnswer =
  | { readonly kind: "audit"; readonly report: AuditReport }
  | { readonly kind: "scan"; readonly reports: readonly ScannedFile[] }
  | { readonly kind: "failed"; readonly words: string };

export type ScannedFile = Pick<FileReport, "path" | "format" | "verdict" | "findings">;

async function carryOut(order: KeeperOrder): Promise<KeeperAnswer> {
  if (order.kind === "audit") {
    using database = await openOsvDatabase(order.database);
    const { now, maxAgeDays } = order;
    const report = audit([{ packages: order.packages, unread: [] }], database, { now, maxAgeDays });
    // Most packages are clean, and nobody asks about them.
    return { kind: "audit", report: { ...report, packages: report.packages.filter(({ hits }) => hits.length > 0) } };
  }
  const alone = statSync(order.path).isFile();
  const reports = [...scanPaths([order.path], { now: () => performance.now() })]
    .map(({ path, format, verdict, findings }) => ({
      ...{ format, verdict, findings },
      path: alone ? basename(path) : relative(order.path, path),
    }))
    .filter(({ path }) => !notOfTheModel.test(path));
  return { kind: "scan", reports };
}

/** As the watcher of served files leaves them out: `agent/model-files/list-files.ts`. */
const notOfTheModel = /^(?:\.git(?:attributes|ignore|hub)?(?:\/|$)|model\.sig$)/;

const port = parentPort;
if (port !== null) {
  try {
    port.postMessage(await carryOut(workerData as KeeperOrder));
  } catch (error) {
    const words = isCordonError(error) ? error.message : String(error);
    port.postMessage({ kind: "failed", words } satisfies KeeperAnswer);
  }
}
