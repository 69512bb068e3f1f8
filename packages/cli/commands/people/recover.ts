/**
 * `cordon people recover NAME`: back in with a sealed recovery code, when every passkey is lost. In: the name, the code on standard
 * input. Out: an enrolment code. The code never stands in the arguments, where other processes would read it.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { originProblem } from "@cordon/core/contract/console-address";
import { recoveryRedeemed } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { askConsole } from "../../login/console-client.ts";

const usage = `Usage: cordon people recover NAME [--console ORIGIN] [--ca-file FILE] [--code-file FILE] [--json]

Uses one of the recovery codes that NAME sealed away: it gives a code to enrol a new passkey with, good once, for a day.
Enrolling takes every old passkey and session. It is loud, and in the ledger.

  --code-file FILE   where the sealed code is; default: standard input
  --console ORIGIN   default: http://localhost:8440
  --json             one JSON object: {"name", "code", "url"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      console: { type: "string", default: "http://localhost:8440" },
      "ca-file": { type: "string" },
      "code-file": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [name, stray] = positionals;
  if (name === undefined || stray !== undefined) throw new CordonError("USAGE", `say whom\n\n${usage}`);
  const problem = originProblem(values.console);
  if (problem !== undefined) throw new CordonError("USAGE", `--console ${problem}`);
  const ca = values["ca-file"] === undefined ? undefined : await readFile(values["ca-file"], "utf8");
  const sealed = (await readFile(values["code-file"] ?? "/dev/stdin", "utf8")).trim();
  if (sealed === "" || sealed.length > 200) throw new CordonError("USAGE", "give the sealed code, one line");
  const { code } = await askConsole(recoveryRedeemed, {
    ...{ console: values.console, ca, method: "POST", path: "/v1/recovery/redeem", body: { name, code: sealed } },
  });
  const url = `${values.console}/#/enrol`;
  io.stdout(
    values.json
      ? `${JSON.stringify({ name, code, url })}\n`
      : `open  ${url}\nname  ${name}\ncode  ${code}  (once, for a day)\n`,
  );
  return 0;
}
