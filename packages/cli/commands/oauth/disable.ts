/** `cordon oauth disable`: a program acts for nobody any more, or again. In: its client id and why. Out: it holds everywhere, at once. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon oauth disable CLIENT-ID --reason WORDS [--enable]

The program acts for nobody any more: its tokens are dead, what runs on them is cut, and nobody is asked for it. It stays so
whatever cordon.yaml says, until --enable.

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...socketOptions,
      reason: { type: "string" },
      enable: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [id] = positionals;
  if (id === undefined || values.reason === undefined)
    throw new CordonError("USAGE", `say which program and why\n\n${usage}`);
  const client = controlClient(controlSocket(values, process.env));
  const { ended } = await client.orderOauthClient({ id, reason: values.reason, disabled: !values.enable });
  io.stdout(values.enable ? `${id} may act again\n` : `${id} is disabled; sessions that ended: ${ended}\n`);
  return 0;
}
