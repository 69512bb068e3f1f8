/** `cordon incident open`. In: what happened, whom or what it names, how grave it is. Out: it is open, and weighs at once. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { riskTiers, type RiskTier } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { incidentLine } from "./incident-line.ts";

const usage = `Usage: cordon incident open --severity ${riskTiers.join("|")} --subject WHO... --reason WORDS [--json]

While it is open, it weighs on every decision that concerns who or what it names, live ones included: what that comes to
is policy's to say (\`context.risk.incident\`, \`context.risk.tier\`; see \`cordon risk what-if ... incident=high\`).

  --severity LEVEL   how grave it is
  --subject WHO      a component (namespace/name), a person (namespace/user/name) or a SPIFFE id; repeat it for more
  --reason WORDS     what happened

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...socketOptions,
      severity: { type: "string" },
      subject: { type: "string", multiple: true, default: [] },
      reason: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const { severity, subject: subjects, reason } = values;
  if (!isTier(severity) || subjects.length === 0 || reason === undefined)
    throw new CordonError("USAGE", `say how grave, whom, and why\n\n${usage}`);
  const client = controlClient(controlSocket(values, process.env));
  const incident = await client.openIncident({ severity, subjects, reason });
  io.stdout(values.json ? `${JSON.stringify({ incident })}\n` : incidentLine(incident));
  return 0;
}

function isTier(text: string | undefined): text is RiskTier {
  return (riskTiers as readonly (string | undefined)[]).includes(text);
}
