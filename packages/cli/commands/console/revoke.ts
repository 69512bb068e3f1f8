/** `cordon console revoke`: unpairs a browser at once. In: its key's id. Out: the revision from which it holds. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon console revoke KEYID [OPTIONS]

Unpairs a browser: its requests are refused from now on, and its live view ends. \`cordon console keys\` lists the ids.

${socketUsage}  --json               one JSON object: {"revision", "key"}
`;

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
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw new CordonError("USAGE", `name one key\n\n${usage}`);
  const { revision, key } = await controlClient(controlSocket(values, process.env)).revokeConsoleKey(id);
  if (values.json) io.stdout(`${JSON.stringify({ revision, key })}\n`);
  else io.stdout(`unpaired: ${key.id} (${key.label}), from revision ${revision}\n`);
  return 0;
}
