/**
 * `cordon model withdraw`: the model that a component states serves no more. In: the component, and why. Out: the revision
 * from which it holds.
 */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon model withdraw --component NAME --reason TEXT [OPTIONS]

Withdraws every admission of the model that a component states, at once: streams from it are cut, requests go to the
route's fallback or are refused, and no SVID is issued for a component that states it. It survives a restart. The same
model serves again only after it was admitted anew.

  --component NAME     its name, namespace/name, or a whole SPIFFE ID
  --reason TEXT        why; the ledger keeps the change, and refusals say it
${socketUsage}  --json               one JSON object: {"revision", "id", "modelDigest"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const { component, reason } = values;
  if (component === undefined) throw misuse("name a component (--component)");
  if (reason === undefined || reason.trim() === "") throw misuse("say why (--reason)");
  const withdrawn = await controlClient(controlSocket(values, process.env)).withdrawModel({ component, reason });
  const { modelDigest, id, revision } = withdrawn;
  if (values.json) io.stdout(`${JSON.stringify(withdrawn)}\n`);
  else io.stdout(`withdrawn: ${modelDigest} of ${id}, from revision ${revision}\n`);
  return 0;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        component: { type: "string" },
        reason: { type: "string" },
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
