/**
 * `cordon bom scorecard RESULT...`: are the libraries kept as they should be? In: OpenSSF Scorecard results that were made
 * elsewhere, and a policy. Out: a verdict for each dependency and in total.
 */
import { parseArgs } from "node:util";
import { atLeast } from "@cordon/control/supply/finding";
import {
  defaultScorecardPolicy,
  judgeScorecard,
  parseScorecardPolicy,
  type ScorecardReport,
} from "@cordon/control/supply/scorecard/judge-scorecard";
import { maxScorecardBytes, parseScorecard } from "@cordon/control/supply/scorecard/result";
import type { Io } from "../../io.ts";
import { findingLines, guarded, printable, readInput, writeHtml, writeSarif } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";
import { severityOption } from "./audit.ts";

const help = `Usage: cordon bom scorecard RESULT... [--policy FILE] [--fail-on SEVERITY] [--json] [--sarif FILE]

Judges OpenSSF Scorecard results (JSON) by a policy: least scores of checks and in total, age, commit. A check that could
not decide has not passed; a dependency without a result, or with one of another commit, is unknown.

  --policy FILE        YAML: checks as in scorecard-action, minimumScore, maxAgeDays, and dependencies with their
                       repository and commit (default: six checks, total 5, 90 days; see docs/supply-chain.md)
  --fail-on SEVERITY   least severity that makes exit code 1 (default: medium)
  --json               the whole report as one JSON object
  --html FILE          a page for people, without scripts
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 fine, 1 findings, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("bom scorecard", io, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        policy: { type: "string" },
        "fail-on": { type: "string", default: "medium" },
        json: { type: "boolean", default: false },
        sarif: { type: "string" },
        html: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    if (positionals.length === 0) throw usage("name at least one result");
    const failOn = severityOption(values["fail-on"]);
    const policy =
      values.policy === undefined
        ? defaultScorecardPolicy
        : parseScorecardPolicy((await readInput(values.policy, 1024 * 1024)).toString(), values.policy);
    const results = [];
    for (const file of positionals) results.push(...parseScorecard(await readInput(file, maxScorecardBytes), file));
    const report = judgeScorecard(results, policy, Date.now());
    if (values.json) io.stdout(`${JSON.stringify(report)}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(report).join("\n")}\n`);
    await writeSarif(values.sarif, report.findings, positionals[0] ?? "", io);
    const bad = report.findings.some(({ severity }) => atLeast(severity, failOn));
    const facts = report.dependencies.map(({ name, verdict, score }) => ({ name, value: `${verdict} ${score ?? ""}` }));
    await writeHtml(values.html, "Scorecard", bad ? "findings" : "fine", facts, report.findings);
    return bad ? 1 : 0;
  });
}

function describe({ dependencies, findings, total }: ScorecardReport): string[] {
  const mean = total.mean === undefined ? "" : `, mean ${total.mean.toFixed(1)}, lowest ${total.lowest ?? ""}`;
  return [
    `${total.measured} measured, ${total.unknown} unknown${mean}`,
    ...dependencies.map(
      ({ name, verdict, score, commit }) =>
        `  ${verdict.padEnd(12)} ${String(score ?? "-").padEnd(5)} ${printable(name)}${commit === undefined ? "" : ` at ${commit.slice(0, 12)}`}`,
    ),
    ...findingLines(findings),
  ];
}
