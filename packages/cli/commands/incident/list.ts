/** `cordon incident list`: what is open, and what was closed within ninety days. In: which control plane. Out: a line each. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { incidentLine } from "./incident-line.ts";

const usage = `Usage: cordon incident list [--open] [--json]

  --open   only those that are open

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...socketOptions,
      open: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const all = (await controlClient(controlSocket(values, process.env)).incidents()).incidents;
  const incidents = values.open ? all.filter(({ status }) => status === "open") : all;
  io.stdout(values.json ? `${JSON.stringify({ incidents })}\n` : incidents.map(incidentLine).join(""));
  return 0;
}
