/** `cordon grant list` and `cordon grant show`: grants, asked for, in force and over. In: a filter. Out: lines, or all of one. */
import { parseArgs } from "node:util";
import { grantsResponse, type GrantView } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { askConsole, signedCall } from "../../login/console-client.ts";
import { loadLogin } from "../../login/login-file.ts";
import { grantLine, grantText } from "./grant-line.ts";

const usage = `Usage: cordon grant list [--all] [--json]
       cordon grant show ID [--json]

Lists grants that wait or hold; --all those that are over as well.
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const grants = await fetchGrants();
  const [id] = positionals;
  if (id !== undefined) {
    const grant = grants.find((one) => one.id === id);
    if (grant === undefined) throw new CordonError("COMPONENT_UNKNOWN", `there is no grant ${id}`);
    io.stdout(values.json ? `${JSON.stringify(grant)}\n` : grantText(grant));
    return 0;
  }
  const shown = values.all ? grants : grants.filter(({ state }) => state === "requested" || state === "approved");
  io.stdout(
    values.json ? `${JSON.stringify({ grants: shown })}\n` : shown.map((one) => `${grantLine(one)}\n`).join(""),
  );
  return 0;
}

async function fetchGrants(): Promise<readonly GrantView[]> {
  const login = await loadLogin(process.env);
  return (await askConsole(grantsResponse, signedCall(login, { method: "GET", path: "/v1/grants" }))).grants;
}
