/** `cordon grant revoke`: ends a grant, or withdraws a request. In: its id and why. Out: it is over, and what stood on it is cut. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { askConsole, signedCall } from "../../login/console-client.ts";
import { loadLogin } from "../../login/login-file.ts";

const usage = `Usage: cordon grant revoke ID --reason WORDS

Ends a grant at once: its own people, its approvers and administrators may. A request of yours that waits is withdrawn.
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { reason: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [id] = positionals;
  if (id === undefined || values.reason === undefined)
    throw new CordonError("USAGE", `say which grant and why\n\n${usage}`);
  const login = await loadLogin(process.env);
  const body = { id, words: values.reason };
  await askConsole(
    z.object({ id: z.string() }),
    signedCall(login, { method: "POST", path: "/v1/grants/revoke", body }),
  );
  io.stdout(`${id} is over\n`);
  return 0;
}
