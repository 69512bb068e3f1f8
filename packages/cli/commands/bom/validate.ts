/**
 * `cordon bom validate FILE...`: is this a valid CycloneDX BOM? In: files. Out: for each, valid, invalid with every
 * place, or unsupported; exit code 0 only when all are valid.
 */
import { parseArgs } from "node:util";
import { maxBomBytes, validateBom, type BomValidity } from "@cordon/control/supply/bom/validate-bom";
import { supplyFinding } from "@cordon/control/supply/finding";
import type { Io } from "../../io.ts";
import { guarded, printable, readInput, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon bom validate FILE... [--json] [--sarif FILE]

Validates CycloneDX BOMs (JSON, versions 1.2 to 1.7) strictly against the official schema of their version, offline. Names
written twice in one object are invalid too. XML, SPDX and newer versions are unsupported: nothing is said about them.

  --json               {"files":[{"file","verdict":"valid|invalid|unsupported","specVersion","errors"|"why"}]}
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 all valid, 1 some invalid or unsupported, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom validate", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    if (positionals.length === 0) throw usage("name at least one BOM");
    const files = [];
    for (const file of positionals) files.push({ file, ...(await validateBom(await readInput(file, maxBomBytes))) });
    if (values.json) io.stdout(`${JSON.stringify({ files })}\n`);
    else if (values.sarif !== "-") io.stdout(files.map(({ file, ...validity }) => describe(file, validity)).join(""));
    const findings = files.flatMap(({ file, ...validity }) =>
      reasons(validity).map((why) => supplyFinding(`bom/${validity.verdict}`, "high", why, { subject: file })),
    );
    await writeSarif(values.sarif, findings, positionals[0] ?? "", io);
    return findings.length === 0 ? 0 : 1;
  });
}

function reasons(validity: BomValidity): readonly string[] {
  if (validity.verdict === "valid") return [];
  return validity.verdict === "invalid" ? validity.errors : [validity.why];
}

function describe(file: string, validity: BomValidity): string {
  const version =
    "specVersion" in validity && validity.specVersion !== undefined ? ` (CycloneDX ${validity.specVersion})` : "";
  const lines = reasons(validity).map((why) => `  ${printable(why)}\n`);
  return `${validity.verdict.toUpperCase().padEnd(11)} ${printable(file)}${version}\n${lines.join("")}`;
}
