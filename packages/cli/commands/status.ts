/** `cordon status`: what a running Cordon enforces, in which revision, and what it does not see. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { problemsOf } from "../up/problems.ts";
import { controlSocket, socketOptions, socketUsage } from "../control-socket.ts";

const usage = `cordon status [--state DIR | --socket PATH] [--json]

Asks the running control plane what is in force. Exit code 1 when something is not as it should be.

${socketUsage}`;

interface Status {
  readonly version: string;
  readonly trustDomain: string;
  readonly revision: number;
  readonly snapshotAgeMs: number;
  readonly stalenessLimitMs: number;
  readonly gateway: { readonly url: string; readonly id: string; readonly live: number };
  readonly keysSealedBy: string;
  readonly policies: { readonly count: number };
  readonly components: number;
  readonly routes: readonly {
    readonly path: string;
    readonly kind: string;
    readonly mode: "enforce" | "observe";
    readonly wouldDeny: number;
    readonly controls: readonly string[];
    readonly unseen: readonly string[];
  }[];
  readonly isolated: readonly string[];
  readonly revoked: { readonly workloads: readonly string[] };
  readonly ledger: {
    readonly size: number;
    readonly state: string;
    readonly why?: string;
    readonly failingSinks: readonly { readonly folder: string; readonly why: string }[];
  };
}

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...socketOptions,
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const status = (await controlClient(controlSocket(values, process.env)).status()) as unknown as Status;
  const problems = problemsOf(status);
  if (values.json) io.stdout(`${JSON.stringify({ ...status, problems }, null, 2)}\n`);
  else io.stdout(describe(status, problems));
  return problems.length > 0 ? 1 : 0;
}

function modeWords({ mode, wouldDeny }: Status["routes"][number]): string {
  if (mode === "enforce") return "enforce";
  const calls = wouldDeny === 1 ? "1 call" : `${wouldDeny} calls`;
  return `OBSERVE: policy refuses nothing here; ${calls} would have been denied since the start`;
}

function describe(status: Status, problems: readonly string[]): string {
  const lines = [
    `Cordon ${status.version} in ${status.trustDomain}, revision ${status.revision}`,
    `  gateway   ${status.gateway.url} as ${status.gateway.id}, ${status.gateway.live} interactions under way`,
    `  policies  ${status.policies.count}; ${status.components} components`,
    `  ledger    ${status.ledger.size} entries, ${status.ledger.state}`,
    `  keys      sealed by ${status.keysSealedBy}${status.keysSealedBy === "file" ? " only" : ""}`,
    "",
    ...status.routes.flatMap((route) => [
      `  ${route.path}  (${route.kind})`,
      `    mode      ${modeWords(route)}`,
      `    in force  ${route.controls.join(", ")}`,
      `    not seen  ${route.unseen.join(", ") || "nothing"}`,
    ]),
  ];
  if (status.isolated.length > 0) lines.push("", `  isolated  ${status.isolated.join(", ")}`);
  if (status.revoked.workloads.length > 0) lines.push("", `  revoked   ${status.revoked.workloads.join(", ")}`);
  if (problems.length > 0) lines.push("", ...problems.map((problem) => `  problem   ${problem}`));
  return `${lines.join("\n")}\n`;
}
