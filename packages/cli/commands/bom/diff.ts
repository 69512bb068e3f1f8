/**
 * `cordon bom diff BEFORE AFTER`: what changed between two BOMs? In: two valid BOMs. Out: components and services that
 * came, went or changed; exit code 1 when any did.
 */
import { parseArgs } from "node:util";
import { diffBoms, diffMarkdown, type BomChange } from "@cordon/control/supply/bom/diff-bom";
import type { Io } from "../../io.ts";
import { readBom } from "../../supply/read-bom.ts";
import { findingLines, guarded, printable, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom diff BEFORE AFTER [--markdown | --json] [--sarif FILE]

Compares two CycloneDX BOMs: components and services by name, whatever their version; versions, digests, licences,
producers, endpoints and trust boundaries; vulnerabilities. Serial numbers and times do not count.

  --markdown           a table for a pull request
  --json               {"changes":[{"kind":"added|removed|changed","what","name","fields"}],"findings"}
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout): contents swapped under one version, changed licences

Exit code: 0 nothing changed, 1 something did, 2 no valid BOM, or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom diff", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        markdown: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [before, after, ...more] = positionals;
    if (before === undefined || after === undefined || more.length > 0) throw usage("name two BOMs");
    const diff = diffBoms(await readBom(before), await readBom(after));
    if (values.json) io.stdout(`${JSON.stringify(diff)}\n`);
    else if (values.markdown) io.stdout(diffMarkdown(diff));
    else if (values.sarif !== "-")
      io.stdout(
        [...diff.changes.map(describe), ...findingLines(diff.findings)].map((line) => `${line}\n`).join("") ||
          "no component changed\n",
      );
    await writeSarif(values.sarif, diff.findings, after, io);
    return diff.changes.length === 0 ? 0 : 1;
  });
}

const marks = { added: "+", removed: "-", changed: "~" } as const;

function describe({ kind, what, name, fields }: BomChange): string {
  const words = fields.map(({ field, from, to }) =>
    kind === "changed" ? `${field} ${from ?? "none"} -> ${to ?? "none"}` : `${field} ${to ?? from ?? ""}`,
  );
  return `${marks[kind]} ${what} ${printable(name)}${words.length === 0 ? "" : `  ${printable(words.join(", "))}`}`;
}
