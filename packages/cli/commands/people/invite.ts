/** `cordon people invite`: a code with which somebody enrols, or enrols anew. In: a name. Out: the code and where to use it. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon people invite NAME [--group GROUP]... [OPTIONS]

Prints a code with which NAME makes their first passkey in the console: good once, for a day, void after five wrong tries.
For somebody who is enrolled it is the way back in: using it takes all their old passkeys and sessions.

  --group GROUP         a group that they are in; repeat it for more
  --display-name WORDS  what people see (default: NAME)
  --json                one JSON object: {"name", "code", "expiresAt", "url"}
${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...socketOptions,
      group: { type: "string", multiple: true, default: [] },
      "display-name": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new CordonError("USAGE", `say whom\n\n${usage}`);
  const client = controlClient(controlSocket(values, process.env));
  const invited = await client.invitePerson({
    name,
    displayName: values["display-name"] ?? name,
    groups: values.group,
  });
  if (values.json) io.stdout(`${JSON.stringify(invited)}\n`);
  else
    io.stdout(
      `open  ${invited.url}/#/enrol\nname  ${invited.name}\ncode  ${invited.code}  (once, until ${new Date(invited.expiresAt).toISOString()})\n`,
    );
  return 0;
}
