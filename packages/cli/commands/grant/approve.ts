/**
 * `cordon grant approve` and `deny`: where a word is given for or against a request. In: its id. Out: the page in the browser.
 * It takes a passkey over exactly that request, and passkeys live in the browser: the command line has nothing that could
 * stand in for one.
 */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { loadLogin } from "../../login/login-file.ts";
import { openPage } from "./open-page.ts";

const usage = `Usage: cordon grant approve ID
       cordon grant deny ID

Opens the request in the console, where your passkey signs your word for or against exactly what it asks.
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      "no-browser": { type: "boolean", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [id] = positionals;
  if (id === undefined) throw new CordonError("USAGE", `say which grant\n\n${usage}`);
  const { console } = await loadLogin(process.env);
  const url = `${console}/#/grants?${new URLSearchParams({ id }).toString()}`;
  openPage(url, io, values["no-browser"]);
  return 0;
}
