/** `cordon console pair`: a one-time code for one more browser. In: which control plane. Out: the code and where to type it. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon console pair [OPTIONS]

Prints a code that pairs one browser with the web console: good once, for ten minutes, void after five wrong tries.
A code printed before is void.

${socketUsage}  --json               one JSON object: {"code", "expiresAt", "url"}
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
  const pairing = await controlClient(controlSocket(values, process.env)).newPairingCode();
  if (values.json) io.stdout(`${JSON.stringify(pairing)}\n`);
  else {
    const until = new Date(pairing.expiresAt).toISOString().slice(11, 19);
    io.stdout(`open  ${pairing.url}\ncode  ${pairing.code}  (once, until ${until} UTC)\n`);
  }
  return 0;
}
