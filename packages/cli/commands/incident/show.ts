/** `cordon incident show ID`. In: an incident's id. Out: all of it; with --json also what a playbook is told (CACAO variables). */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { playbookVariables } from "@cordon/core/contract/incident-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { incidentLines } from "./incident-line.ts";

const usage = `Usage: cordon incident show ID [--json]

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
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
  const [id, stray] = positionals;
  if (id === undefined || stray !== undefined) throw new CordonError("USAGE", `name one incident\n\n${usage}`);
  const { incidents } = await controlClient(controlSocket(values, process.env)).incidents();
  const incident = incidents.find((one) => one.id === id);
  if (incident === undefined)
    throw new CordonError("COMPONENT_UNKNOWN", `there is no incident ${id}; \`cordon incident list\` shows them`);
  if (values.json) io.stdout(`${JSON.stringify({ incident, playbookVariables: playbookVariables(incident) })}\n`);
  else io.stdout(incidentLines(incident));
  return 0;
}
