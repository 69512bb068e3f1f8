/** `cordon egress list`: what left, and what came in for it. In: nothing. Out: totals by principal and destination. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { EgressTotalsResponse } from "@cordon/core/contract/egress-api";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon egress list [OPTIONS]

What each principal has carried to and from each destination outside since the gateway's start, the most first: bytes out and
in (TLS among them), connections or requests, what was refused, and what of it counts for the destination's limit.

${socketUsage}  --json               one JSON object: {"totals"}
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
  const { totals } = await controlClient(controlSocket(values, process.env)).egressTotals();
  const sorted = totals.toSorted((a, b) => b.bytesOut + b.bytesIn - a.bytesOut - a.bytesIn);
  if (values.json) io.stdout(`${JSON.stringify({ totals: sorted })}\n`);
  else io.stdout(sorted.map(lineOf).join(""));
  return 0;
}

function lineOf(total: EgressTotalsResponse["totals"][number]): string {
  const { principal, namespace, destination, bytesOut, bytesIn, requests, refused, used } = total;
  const who = principal === "*" ? "others" : principal;
  const limit =
    used === undefined
      ? ""
      : `  (${used.bytesOut} out, ${used.bytesIn} in, ${used.requests} since ${new Date(used.since).toISOString()})`;
  return `${who}  ${namespace}/${destination}  ${bytesOut} out  ${bytesIn} in  ${requests} let through  ${refused} refused${limit}\n`;
}
