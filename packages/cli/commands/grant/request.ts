/** `cordon grant request`: asks for a permission for a while. In: what, on what, why, how long. Out: the request, or the grant. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { grantView } from "@cordon/core/contract/people-api";
import { actions, type Action } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { askConsole, signedCall } from "../../login/console-client.ts";
import { loadLogin } from "../../login/login-file.ts";
import { openPage } from "./open-page.ts";
import { grantText } from "./grant-line.ts";

const usage = `Usage: cordon grant request ACTION[,ACTION] RESOURCE[,RESOURCE] --reason WORDS [OPTIONS]

Asks for a grant. A rule in the configuration says whether it holds at once, or who must approve it; it may be narrowed.
There is no extending: what is to last longer is asked for anew.

  --reason WORDS    why; whoever approves reads it, and the ledger keeps it
  --minutes N       how long (default 60)
  --for COMPONENT   for a workload that you answer for, instead of for yourself
  --call DIGEST     for one call, by the digest that its refusal named; with
  --arguments FILE  the call's exact arguments, for whoever approves to read: {"name", "arguments"} of an MCP tool call,
                    {"address", "body", "method"} of any other; with "for" and "client", where the refusal names them
  --break-glass     in an emergency, without approval: opens the request in the console, where your passkey signs it
  --no-browser      prints the address of that page only
  --json            one JSON object
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reason: { type: "string" },
      minutes: { type: "string", default: "60" },
      for: { type: "string" },
      call: { type: "string" },
      arguments: { type: "string" },
      "break-glass": { type: "boolean", default: false },
      "no-browser": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [asked, resources, ...more] = positionals;
  if (asked === undefined || resources === undefined || more.length > 0 || values.reason === undefined)
    throw new CordonError("USAGE", `say which actions, which resources and why\n\n${usage}`);
  if (!/^[1-9]\d{0,4}$/.test(values.minutes)) throw new CordonError("USAGE", "--minutes takes a number");
  const body = {
    actions: asked.split(",").map(actionOf),
    resources: resources.split(","),
    reason: values.reason,
    minutes: Number(values.minutes),
    ...(values.for === undefined ? {} : { principal: values.for }),
    ...(values.call === undefined ? {} : { call: values.call }),
    ...(values.arguments === undefined ? {} : { callArguments: await readFile(values.arguments, "utf8") }),
  };
  const login = await loadLogin(process.env);
  if (values["break-glass"]) {
    const { actions: wanted, resources: on, reason, minutes } = body;
    const ask = Buffer.from(JSON.stringify({ actions: wanted, resources: on, reason, minutes })).toString("base64url");
    openPage(`${login.console}/#/grants?${new URLSearchParams({ ask }).toString()}`, io, values["no-browser"]);
    return 0;
  }
  const grant = await askConsole(grantView, signedCall(login, { method: "POST", path: "/v1/grants", body }));
  io.stdout(values.json ? `${JSON.stringify(grant)}\n` : grantText(grant));
  if (!values.json && grant.state === "requested")
    io.stderr(`It waits for approval: ${login.console}/#/grants?id=${grant.id}\n`);
  return 0;
}

function actionOf(text: string): Action {
  const found = actions.find((action) => action === text);
  if (found === undefined) throw new CordonError("USAGE", `\`${text}\` is no action; one of ${actions.join(", ")}`);
  return found;
}
