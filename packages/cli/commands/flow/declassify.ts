/** `cordon flow declassify`: what a session holds counts for less. In: whose session, for what, and why. Out: before and after. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { declassificationRequest } from "@cordon/core/contract/flow-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon flow declassify COMPONENT [--session NAME] [--user SPIFFE-ID] [--sensitivity LEVEL] [--integrity trusted] --reason TEXT [OPTIONS]

What a session has read counts for less from now on, because somebody has looked at it and answers for that. The act is in
the ledger, with its reason, before it holds.

  --session NAME       the session, where the component names its sessions (\`cordon flow list\`)
  --user SPIFFE-ID     the person whom it acts for
  --sensitivity LEVEL  public, internal, confidential
  --integrity trusted  what it read may be acted on
  --reason TEXT        why; the ledger keeps it
${socketUsage}  --json               one JSON object: {"before", "after"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...socketOptions,
      session: { type: "string" },
      user: { type: "string" },
      sensitivity: { type: "string" },
      integrity: { type: "string" },
      reason: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const { session, user, sensitivity, integrity, reason } = values;
  const given = Object.entries({ session, user, sensitivity, integrity, reason }).filter(
    ([, value]) => value !== undefined,
  );
  const [component, ...more] = positionals;
  const request = declassificationRequest.safeParse({ component, ...Object.fromEntries(given) });
  if (!request.success || more.length > 0)
    throw new CordonError("USAGE", `name one component, what it is to count for, and why (--reason)\n\n${usage}`);
  const { before, after } = await controlClient(controlSocket(values, process.env)).declassify(request.data);
  if (values.json) io.stdout(`${JSON.stringify({ before, after })}\n`);
  else
    io.stdout(
      `declassified: ${before.sensitivity}, ${before.integrity} counts as ${after.sensitivity}, ${after.integrity}\n`,
    );
  return 0;
}
