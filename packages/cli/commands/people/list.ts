/** `cordon people list`, `lock` and `unlock`: who is enrolled, and whose account is shut. In: which control plane. Out: lines. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon people list [--json]

Lists who is enrolled: groups, passkeys (and how many of them may be copied to other devices), sessions.

${socketUsage}`;

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
  const { people } = await controlClient(controlSocket(values, process.env)).people();
  if (values.json) io.stdout(`${JSON.stringify({ people })}\n`);
  else
    for (const { namespace, name, groups, passkeys, synced, sessions, locked } of people)
      io.stdout(
        `${namespace}/${name}  ${groups.join(",") || "-"}  passkeys ${passkeys} (${synced} synced)  sessions ${sessions}` +
          `${locked === undefined ? "" : `  LOCKED: ${locked}`}\n`,
      );
  return 0;
}
