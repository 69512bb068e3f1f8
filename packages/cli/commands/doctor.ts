/** `cordon doctor`: what is wrong on this machine, where, and what to do. Exit 0 nothing, 1 findings, 2 failure. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ExitCode } from "../command.ts";
import { diagnose, type Diagnosis } from "../doctor/doctor.ts";
import { thisMachine, type Machine } from "../doctor/estate.ts";
import type { Io } from "../io.ts";
import { printable } from "./ledger/entry-line.ts";

const usage = `cordon doctor [--config FILE] [--json]

Looks for what keeps Cordon from working, or lets others walk round it: runtime, configuration and policies, secrets,
folders, disk, store, keys, ports, clock, the running control plane, and every upstream. Works with and without a running
control plane; changes nothing. Upstreams are dialled directly, without identity or credential, to see whether they answer.

  --config FILE   the configuration (default: cordon.yaml, else the demo's)

Exit code: 0 nothing is wrong, 1 something is, 2 failure.
`;

export async function run(args: readonly string[], io: Io, machine: Machine = thisMachine): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const diagnosis = await diagnose(values.config ?? standardConfiguration(), machine);
  if (values.json) io.stdout(`${JSON.stringify({ ok: diagnosis.findings.length === 0, ...diagnosis }, null, 2)}\n`);
  else io.stdout(describe(diagnosis));
  return diagnosis.findings.length > 0 ? 1 : 0;
}

function standardConfiguration(): string {
  const demo = join(".cordon", "demo", "cordon.yaml");
  return !existsSync("cordon.yaml") && existsSync(demo) ? demo : "cordon.yaml";
}

function describe({ configuration, running, findings, notes, upstreams }: Diagnosis): string {
  const lines = [
    `${configuration}, ${running ? "with its control plane running" : "without a running control plane"}`,
    ...findings.flatMap(({ check, what, where, remedy }) => [
      "",
      `  ${check.toUpperCase().padEnd(14)}${what}`,
      `    where       ${where}`,
      `    do          ${remedy}`,
    ]),
    ...(upstreams.length === 0 ? [] : ["", "Reached without Cordon?"]),
    ...upstreams.map(({ name, bypass }) => `  ${bypass.verdict.padEnd(12)}  ${name}: ${bypass.words}`),
    ...(notes.length === 0 ? [] : ["", "Not looked at"]),
    ...notes.map(({ words }) => `  ${words}`),
    "",
    findings.length === 0
      ? "nothing is wrong"
      : `${findings.length} ${findings.length === 1 ? "thing is" : "things are"} wrong`,
  ];
  return `${lines.map(printable).join("\n")}\n`;
}
