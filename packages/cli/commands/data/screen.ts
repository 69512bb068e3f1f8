/**
 * `cordon data screen FILE`: has somebody been at this training data? In: a dataset and its label column. Out: doubted
 * labels, floods of near-duplicates, trigger patterns, outliers, with their rows; exit code 1 when something is suspicious.
 */
import { parseArgs } from "node:util";
import { maxTableBytes, readTable } from "@cordon/control/supply/data/read-table";
import {
  defaultFloodShare,
  defaultMaxDoubted,
  screenTable,
  type ScreenReport,
} from "@cordon/control/supply/data/screen";
import { atLeast } from "@cordon/control/supply/finding";
import type { Io } from "../../io.ts";
import { findingLines, guarded, printable, readInput, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";
import { severityOption } from "../bom/audit.ts";

const help = `Usage: cordon data screen FILE --label COLUMN [OPTIONS]

Screens a training dataset (CSV with a header, or JSON lines) for poison at the door: labels that the rest of the data
contradicts, floods of near-duplicates, rare patterns that decide a label by themselves, values far outside their column.
It raises suspicion, and proves neither poison nor its absence; clean-label poison is not found. Sign the dataset as well:
\`cordon model sign\` and \`verify\` take datasets.

  --label COLUMN       the column of the label; without it, labels and triggers are not screened
  --max-doubted SHARE  share of doubted labels that is a finding (default: ${defaultMaxDoubted})
  --flood-share SHARE  share of the rows from which a group of near-duplicates is a finding (default: ${defaultFloodShare})
  --fail-on SEVERITY   least severity that makes exit code 1 (default: medium)
  --json               findings with every row, as one JSON object
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 nothing suspicious, 1 findings, 2 the file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("data screen", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        label: { type: "string" },
        "max-doubted": { type: "string", default: String(defaultMaxDoubted) },
        "flood-share": { type: "string", default: String(defaultFloodShare) },
        "fail-on": { type: "string", default: "medium" },
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usage("name one dataset");
    const failOn = severityOption(values["fail-on"]);
    const report = screenTable(readTable(await readInput(file, maxTableBytes), file), {
      ...(values.label === undefined ? {} : { label: values.label }),
      maxDoubted: share("--max-doubted", values["max-doubted"]),
      floodShare: share("--flood-share", values["flood-share"]),
    });
    if (values.json) io.stdout(`${JSON.stringify({ file, ...report })}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(file, report).join("\n")}\n`);
    await writeSarif(
      values.sarif,
      report.findings.map((finding) => ({ ...finding, subject: file })),
      file,
      io,
    );
    return report.findings.some(({ severity }) => atLeast(severity, failOn)) ? 1 : 0;
  });
}

function share(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw usage(`${name} ${text}: a share above 0, at most 1, is expected`);
  return value;
}

function describe(file: string, report: ScreenReport): string[] {
  const { rows, labels, doubted, floods, triggers, outliers, findings } = report;
  return [
    `${printable(file)}: ${rows} rows, ${labels.length} labels; ${doubted.length} labels doubted, ${floods.length} floods, ${triggers.length} triggers, ${outliers.length} outliers`,
    ...findingLines(findings),
  ];
}
