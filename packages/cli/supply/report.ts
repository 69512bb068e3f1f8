/**
 * How the supply chain commands speak. In: findings, a verdict line. Out: text for people, JSON or SARIF, all the same
 * way whatever the command.
 */
import { readFile, writeFile } from "node:fs/promises";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { SupplyFinding } from "@cordon/control/supply/finding";
import { htmlReport, type ReportFact } from "@cordon/control/supply/html-report";
import { sarifLog } from "@cordon/control/supply/sarif";
import manifest from "../package.json" with { type: "json" };
import type { Io } from "../io.ts";

const shownFindings = 200;

/** Findings, worst first, one a line; the rest is counted. */
export function findingLines(findings: readonly SupplyFinding[]): string[] {
  const order = ["critical", "high", "medium", "low", "info"];
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const lines = sorted.slice(0, shownFindings).map((finding) => {
    const atlas = finding.atlas.techniques.length > 0 ? `  [${finding.atlas.techniques.join(" ")}]` : "";
    return `  ${finding.severity.padEnd(8)} ${finding.rule.padEnd(28)} ${printable(finding.message)}${atlas}`;
  });
  const left = findings.length - lines.length;
  return left > 0 ? [...lines, `  and ${left} more: --json shows all`] : lines;
}

/** Writes SARIF where `--sarif FILE` asks for it; `-` is stdout. */
export async function writeSarif(
  file: string | undefined,
  findings: readonly SupplyFinding[],
  artefact: string,
  io: Io,
): Promise<void> {
  if (file === undefined) return;
  const text = `${JSON.stringify(sarifLog(findings, { artefact, toolVersion: manifest.version }), undefined, 2)}\n`;
  if (file === "-") io.stdout(text);
  else await writeOutput(file, text);
}

/** Writes a page for people where `--html FILE` asks for it. */
export async function writeHtml(
  file: string | undefined,
  title: string,
  verdict: string,
  facts: readonly ReportFact[],
  findings: readonly SupplyFinding[],
): Promise<void> {
  if (file !== undefined) await writeOutput(file, htmlReport(title, verdict, facts, findings));
}

/** Reads a file that the caller named, within `maxBytes`. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function readInput(file: string, maxBytes: number): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length > maxBytes)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is longer than ${maxBytes} bytes`);
  return bytes;
}

/** Writes a file that the caller named. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE` */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${file} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Runs a command's body; our own errors become one line and exit code 2, usage included. */
export async function guarded(name: string, io: Io, body: () => Promise<0 | 1 | 2>): Promise<0 | 1 | 2> {
  try {
    return await body();
  } catch (error) {
    if (!isCordonError(error)) throw error;
    io.stderr(`cordon ${name}: ${printable(error.message)}\n`);
    return 2;
  }
}

/** A stranger's text on a terminal: without control characters. */
export function printable(text: string): string {
  // Escape sequences and direction marks in a file name must not reach the terminal.
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** Bytes as people read them. */
export function bytesInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** Says every two seconds how many bytes were read; silent for what is quick. */
export function progress(words: string, io: Io): (bytes: number) => void {
  const started = performance.now();
  let total = 0;
  let last = started;
  return (bytes) => {
    total += bytes;
    const now = performance.now();
    if (now - last < 2000) return;
    last = now;
    const rate = total / ((now - started) / 1000);
    io.stderr(`${words}: ${bytesInWords(total)} read, ${bytesInWords(Math.round(rate))}/s\n`);
  };
}
