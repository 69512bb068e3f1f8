/** `cordon flow list`: sessions, and what each has read. In: nothing. Out: labels, and the requests that brought them. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { FlowSessionsResponse } from "@cordon/core/contract/flow-api";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon flow list [OPTIONS]

Sessions that the gateway follows, the latest first: how sensitive what each has read is, whether it can be trusted, and the
ledger entries of the requests that made it so.

${socketUsage}  --json               one JSON object: {"sessions"}
`;

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
  const answer = await controlClient(controlSocket(values, process.env)).flowSessions();
  if (values.json) io.stdout(`${JSON.stringify(answer)}\n`);
  else io.stdout(answer.sessions.map(lineOf).join(""));
  return 0;
}

type Session = FlowSessionsResponse["sessions"][number];

function lineOf({ principal, user, name, sensitivity, integrity, sensitive, untrusted, last }: Session): string {
  const session = name === "" ? "" : `  session ${name}`;
  const person = user === "" ? "" : `  for ${user}`;
  const steps = [stepOf("sensitive", sensitive), stepOf("untrusted", untrusted)]
    .filter((step) => step !== "")
    .join("; ");
  return `${principal}${person}${session}  ${sensitivity}, ${integrity}  ${new Date(last).toISOString()}${steps === "" ? "" : `\n    ${steps}`}\n`;
}

function stepOf(what: string, step: Session["sensitive"]): string {
  if (step === undefined) return "";
  const tool = step.tool === undefined ? "" : ` (${step.tool})`;
  return `${what} by ${step.resource}${tool}, ${step.index === undefined ? `request ${step.id}` : `entry ${step.index}`}`;
}
