/** `cordon ledger verify`: is this folder the history that was signed, and the one that others hold checkpoints of? */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { isCordonError } from "@cordon/core/errors";
import { parseKept, type Kept } from "@cordon/core/ledger/kept";
import type { NoteVerifier } from "@cordon/core/ledger/note";
import { verifyFolder, type LedgerReport } from "@cordon/core/ledger/verify-folder";
import type { Io } from "../../io.ts";
import { printable } from "./entry-line.ts";
import { keptFiles, openFolder, readKeptFile, reporting, type LedgerFolder } from "./folder.ts";

const usage = `usage: cordon ledger verify FOLDER --key VKEY|FILE [--checkpoint FILE|FOLDER]... [--json]

Works offline, on a live folder or a copy, with the log's public key alone.
  --key          the log's public key, from where you trust it (without it: FOLDER/log.vkey, which proves less)
  --checkpoint   a checkpoint or receipt kept outside the folder, or a folder of them (*.checkpoint); may be repeated
Exit code: 0 verified, 1 findings, 2 could not verify.
`;

/** How often a long verification says how far it is. */
const progressEntries = 256 * 2_000;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string" },
        checkpoint: { type: "string", multiple: true, default: [] },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const ledger = await openFolder(positionals, values.key);
    const files = (await Promise.all(values.checkpoint.map(keptFiles))).flat();
    const kept = await Promise.all(files.map((path) => readKept(path, ledger.verifier)));
    const report = await verifyFolder(ledger.reader, ledger.verifier, kept, (entries, size) => {
      if (entries % progressEntries === 0) io.stderr(`verified ${group(entries)} of ${group(size)} entries\n`);
    });
    io.stdout(values.json ? `${JSON.stringify(jsonOf(report, ledger))}\n` : textOf(report, ledger));
    return report.findingCount === 0 ? 0 : 1;
  });
}

async function readKept(path: string, verifier: NoteVerifier): Promise<Kept> {
  const text = await readKeptFile(path);
  try {
    return parseKept(basename(path), text, verifier);
  } catch (error) {
    const words = isCordonError(error) ? error.message : String(error);
    throw new Error(`${path} cannot be compared with this log: ${words}`, { cause: error });
  }
}

function jsonOf(report: LedgerReport, { folder, vkey, keyFromFolder }: LedgerFolder): unknown {
  const { checkpoint } = report;
  return {
    ...report,
    verdict: verdictOf(report),
    folder,
    key: { vkey, source: keyFromFolder ? "folder" : "given" },
    checkpoint: checkpoint && { ...checkpoint, root: Buffer.from(checkpoint.root).toString("base64") },
  };
}

/** Open interactions are no finding while a writer may still end them, but a log that has some is not called clean. */
function verdictOf(report: LedgerReport): "clean" | "open" | "failed" {
  if (report.findingCount > 0) return "failed";
  return report.openCount > 0 ? "open" : "clean";
}

function textOf(report: LedgerReport, ledger: LedgerFolder): string {
  const lines = [...headLines(report, ledger), "", ...verdictLines(report), ...keptLines(report)];
  if (report.notices.length > 0) lines.push("", "Also:", ...report.notices.map((words) => `  - ${words}`));
  lines.push("", ...remedyLines(report, ledger));
  return `${lines.map(printable).join("\n")}\n`;
}

function headLines(report: LedgerReport, { folder, vkey, keyFromFolder }: LedgerFolder): string[] {
  return [
    `Ledger      ${report.origin} in ${folder}`,
    `Public key  ${vkey}`,
    keyFromFolder ? "            taken from the folder itself (log.vkey): see the end" : "            given by you",
  ];
}

function verdictLines(report: LedgerReport): string[] {
  const { checkpoint, entries, firstAt, lastAt, kinds } = report;
  if (report.findingCount > 0) {
    const findings = report.findings.map((finding) => `  ${finding.code}  ${finding.words}`);
    const left = report.findingCount - findings.length;
    return [
      `NOT VERIFIED: ${report.findingCount} ${report.findingCount === 1 ? "finding" : "findings"}`,
      ...findings,
      ...(left > 0 ? [`  and ${left} more`] : []),
    ];
  }
  const span =
    firstAt === undefined || lastAt === undefined
      ? ""
      : `, ${new Date(firstAt).toISOString()} to ${new Date(lastAt).toISOString()}`;
  const counts = Object.entries(kinds).map(([kind, count]) => `${group(count)} ${kind}`);
  const lines = [
    `VERIFIED: ${group(entries)} entries${span}`,
    `  Every entry and tile was hashed again; the root is the one signed over ${group(checkpoint?.size ?? 0)} entries.`,
    `  ${counts.join(", ")}`,
  ];
  if (report.openCount > 0) {
    const some = report.open.slice(0, 5).map(({ id, index }) => `${id} (entry ${index})`);
    const more = report.openCount > some.length ? `, and ${report.openCount - some.length} more` : "";
    lines.push(`OPEN: ${report.openCount} allowed interactions have no outcome yet: ${some.join(", ")}${more}`);
  }
  return lines;
}

function keptLines(report: LedgerReport): string[] {
  return report.kept.map(
    ({ name, size, agrees }) =>
      `  ${agrees ? "agrees with" : "DISAGREES with"} ${name} (signed over ${group(size)} entries)`,
  );
}

function remedyLines(report: LedgerReport, { keyFromFolder, folder }: LedgerFolder): string[] {
  if (report.findingCount > 0)
    return [
      "What now: keep the folder and the kept checkpoints as they are, copy both somewhere read-only, and treat the",
      "machine that holds the log key as suspect until the findings are explained.",
    ];
  const limits: string[] = [];
  if (keyFromFolder)
    limits.push(
      "The key came from the folder: this shows that the folder agrees with itself, not whose it is. Who can change the",
      `folder can change that file too. Keep the key above elsewhere and run: cordon ledger verify ${folder} --key VKEY`,
    );
  if (report.kept.length === 0)
    limits.push(
      "No kept checkpoint was given: a history rewritten and signed again with the real log key would pass.",
      "Compare with one that left the machine: --checkpoint FILE",
    );
  return limits.length === 0 ? ["The key and the kept checkpoints came from outside the folder."] : limits;
}

function group(n: number): string {
  return n.toLocaleString("en-US");
}
