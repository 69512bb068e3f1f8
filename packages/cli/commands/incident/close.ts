/** `cordon incident close ID`. In: an incident and why it is over. Out: it weighs on nothing more, at once. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { incidentLine } from "./incident-line.ts";

const usage = `Usage: cordon incident close ID --reason WORDS [--json]

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...socketOptions,
      reason: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [id, stray] = positionals;
  const { reason } = values;
  if (id === undefined || stray !== undefined || reason === undefined)
    throw new CordonError("USAGE", `say which incident, and why it is over\n\n${usage}`);
  const incident = await controlClient(controlSocket(values, process.env)).closeIncident({ id, reason });
  io.stdout(values.json ? `${JSON.stringify({ incident })}\n` : incidentLine(incident));
  return 0;
}
