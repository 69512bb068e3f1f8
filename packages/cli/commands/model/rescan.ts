/**
 * `cordon model rescan`: is what a component serves still what today's scanner lets pass? In: the component. Out: passed, or
 * withdrawn with the reason. The control plane scans the files that it watches; nothing is taken from this command's user.
 */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon model rescan --component NAME [OPTIONS]

The control plane scans the files that a component serves (its \`modelFiles\`), by the scanner's rules as they are now and by
what the admission's policy accepts. A model that fails is withdrawn at once. The control plane does the same by itself: after
an update that brought new rules, and every \`modelAdmission.rescanHours\`.

  --component NAME     its name, namespace/name, or a whole SPIFFE ID
${socketUsage}  --json               one JSON object: {"component", "modelDigest", "outcome", "words"}

Exit code: 0 it passes, 1 it was withdrawn, 2 nothing was scanned, or the command is wrong.
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const { component } = values;
  if (component === undefined) throw misuse("name a component (--component)");
  const answer = await controlClient(controlSocket(values, process.env)).rescanModel({ component });
  if (values.json) io.stdout(`${JSON.stringify(answer)}\n`);
  else io.stdout(`${answer.outcome}: ${answer.modelDigest} of ${answer.component}: ${answer.words}\n`);
  return answer.outcome === "passed" ? 0 : answer.outcome === "withdrawn" ? 1 : 2;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        component: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
