/** `cordon device retire NAME --reason TEXT`: a device counts no more. In: its name, why. Out: what stood on it is cut. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon device retire NAME --reason TEXT [--json] [--socket PATH | --state DIR]

Its key counts no more; what runs from it is decided again at once, without a device behind it.

${socketUsage}
Exit code: 0, or 2 for a failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        reason: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const [name, stray] = positionals;
    if (name === undefined || stray !== undefined || values.reason === undefined)
      throw new CordonError("USAGE", "name one device, and say why: --reason TEXT");
    const answer = await controlClient(controlSocket(values, process.env)).retireDevice({
      name,
      reason: values.reason,
    });
    io.stdout(values.json ? `${JSON.stringify(answer)}\n` : `${name} is retired from revision ${answer.revision} on\n`);
    return 0;
  });
}
