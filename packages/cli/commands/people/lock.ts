/** `cordon people lock` and `unlock`: shuts an account, or opens it again. In: a name and why. Out: it holds everywhere, at once. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon people lock NAME --reason WORDS [--unlock]

Locks an account: its sessions end, what runs is cut, no passkey of its signs anybody in. --unlock opens it again.

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...socketOptions,
      reason: { type: "string" },
      unlock: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [name] = positionals;
  if (name === undefined || values.reason === undefined) throw new CordonError("USAGE", `say whom and why\n\n${usage}`);
  const client = controlClient(controlSocket(values, process.env));
  await client.lockPerson({ name, reason: values.reason, locked: !values.unlock });
  io.stdout(`${name} is ${values.unlock ? "unlocked" : "locked"}\n`);
  return 0;
}
