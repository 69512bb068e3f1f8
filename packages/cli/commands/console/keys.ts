/** `cordon console keys`: the browsers that are paired. In: which control plane. Out: a table, or JSON. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ConsoleKeyResponse } from "@cordon/core/contract/local-api";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon console keys [OPTIONS]

Lists the browsers that are paired with the web console, newest first.

${socketUsage}  --json               one JSON object: {"keys": [{"id", "label", "createdAt", "expiresAt"}]}
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
  const { keys } = await controlClient(controlSocket(values, process.env)).consoleKeys();
  io.stdout(values.json ? `${JSON.stringify({ keys })}\n` : describe(keys));
  return 0;
}

function describe(keys: readonly ConsoleKeyResponse[]): string {
  if (keys.length === 0) return "No browser is paired. `cordon console pair` prints a code for one.\n";
  const minutes = (instant: number): string => new Date(instant).toISOString().slice(0, 16).replace("T", " ");
  const lines = keys.map(
    ({ id, label, createdAt, expiresAt }) => `${id}  ${minutes(createdAt)}  ${minutes(expiresAt)}  ${label}`,
  );
  return `${["KEY                   PAIRED (UTC)      ENDS (UTC)        BROWSER", ...lines].join("\n")}\n`;
}
