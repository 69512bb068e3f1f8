/**
 * `cordon delegate WORKLOAD`: lets one workload act for whoever is signed in here. In: the workload, for how long, for what.
 * Out: a token that it sends along with its own identity; worth nothing to anybody else.
 */
import { parseArgs } from "node:util";
import { delegationEnded } from "@cordon/core/contract/people-api";
import { actions as known, type Action } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { delegationHeader, maxDelegationSeconds } from "@cordon/core/identity/delegation";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { askConsole, signedCall } from "../login/console-client.ts";
import { delegationFrom, idOf } from "../login/delegate.ts";
import { loadLogin } from "../login/login-file.ts";

const usage = `Usage: cordon delegate WORKLOAD [OPTIONS]
       cordon delegate --end ID

Prints a token by which the workload acts for you: it sends it in the header \`${delegationHeader}\` beside its own identity,
and the gateway lets through what both of you may do. It is signed by the key of your login, names that one workload and
this gateway, and ends with your login. \`cordon run --me --as WORKLOAD\` does this for a command that you run yourself.

  WORKLOAD            NAMESPACE/KIND/NAME, such as default/agent/assistant, or a SPIFFE ID
  --minutes N         how long, up to ${maxDelegationSeconds / 60} (default 10)
  --action ACTION     nothing but this action; may be repeated
  --resource NAME     nothing but this resource, NAMESPACE/KIND/NAME; may be repeated
  --end ID            ends the delegation of this id at once, everywhere; what runs on it is cut
  --json              one JSON object: {"id", "token", "header", "person", "workload", "expiresAt"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "10" },
      action: { type: "string", multiple: true },
      resource: { type: "string", multiple: true },
      end: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [workload, stray] = positionals;
  if (values.end !== undefined) {
    if (workload !== undefined) throw new CordonError("USAGE", `--end takes an id and nothing else\n\n${usage}`);
    const call = { method: "POST", path: "/v1/delegations/end", body: { id: values.end } } as const;
    await askConsole(delegationEnded, signedCall(await loadLogin(process.env), call));
    io.stdout(values.json ? `${JSON.stringify({ ended: values.end })}\n` : `ended: delegation ${values.end}\n`);
    return 0;
  }
  if (workload === undefined || stray !== undefined) throw new CordonError("USAGE", `name one workload\n\n${usage}`);
  if (!/^[1-9]\d?$/.test(values.minutes) || Number(values.minutes) * 60 > maxDelegationSeconds)
    throw new CordonError("USAGE", `--minutes is 1 to ${maxDelegationSeconds / 60}`);
  const login = await loadLogin(process.env);
  const actor = idOf(workload, login);
  const actions = values.action?.map(actionOf);
  const resources = values.resource?.map((name) => idOf(name, login));
  const { id, token, expiresAt } = delegationFrom(login, {
    ...{ actor, lifetimeSeconds: Number(values.minutes) * 60 },
    ...(actions === undefined ? {} : { actions }),
    ...(resources === undefined ? {} : { resources }),
  });
  const { person } = login.credential;
  if (values.json)
    io.stdout(
      `${JSON.stringify({ id, token, header: delegationHeader, person: person.id, workload: actor, expiresAt: new Date(expiresAt).toISOString() })}\n`,
    );
  else {
    io.stderr(
      `${actor} may act for ${person.namespace}/${person.name} until ${new Date(expiresAt).toISOString()}, by the header \`${delegationHeader}\`; \`cordon delegate --end ${id}\` ends it:\n`,
    );
    io.stdout(`${token}\n`);
  }
  return 0;
}

function actionOf(text: string): Action {
  const action = known.find((one) => one === text);
  if (action === undefined) throw new CordonError("USAGE", `\`${text}\` is no action; one of ${known.join(", ")}`);
  return action;
}
