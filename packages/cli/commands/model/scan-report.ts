/** What `cordon model scan` says. In: reports of files. Out: text for people, or the JSON shape that other programs read. */
import { verdicts, worst, type FileReport, type Verdict } from "@cordon/control/supply/scan/verdict";
import manifest from "../../package.json" with { type: "json" };

export interface JsonReport {
  readonly version: 1;
  readonly scanner: { readonly name: "cordon"; readonly version: string };
  /** The worst of all files. */
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly files: readonly FileReport[];
}

export function jsonReport(files: readonly FileReport[]): JsonReport {
  return {
    version: 1,
    scanner: { name: "cordon", version: manifest.version },
    verdict: worst(files.map((file) => file.verdict)),
    counts: count(files),
    files,
  };
}

function count(files: readonly FileReport[]): Record<Verdict, number> {
  const counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const { verdict } of files) counts[verdict]++;
  return counts;
}

const shown = 10;

export function summarise(files: readonly FileReport[]): string {
  const lines = files.flatMap((file) => [
    `${file.verdict.padEnd(14)}  ${file.format.padEnd(14)}  ${printable(file.path)}`,
    ...file.findings.slice(0, shown).map((finding) => {
      const at = finding.offset === undefined ? "" : ` at ${finding.offset}`;
      const place = `${finding.member === undefined ? "" : ` in ${printable(finding.member)}`}${at}`;
      return `    ${finding.verdict}: ${printable(finding.words)}${place} [${finding.rule}, ${finding.atlas}]`;
    }),
    ...(file.findingCount > shown ? [`    and ${file.findingCount - shown} more; --json has them`] : []),
  ]);
  const counts = count(files);
  const parts = verdicts.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`);
  return `${lines.join("\n")}\n\n${files.length} ${files.length === 1 ? "file" : "files"}: ${parts.join(", ") || "none"}\n`;
}

function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u00b7");
}

/** What stands above the findings on the page for people. */
export function reportFacts(files: readonly FileReport[]): { readonly name: string; readonly value: string }[] {
  return files.map(({ path, format, verdict }) => ({ name: path, value: `${verdict} (${format})` }));
}
