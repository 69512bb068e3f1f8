/**
 * `cordon delegate WORKLOAD`: lets one workload act for whoever is signed in here. In: the workload, for how long, for what.
 * Out: a token that it sends along with its own identity; worth nothing to anybody else.
 */
import { parseArgs } from "node:util";
import { actions as known, type Action } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { delegationHeader, maxDelegationSeconds } from "@cordon/core/identity/delegation";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { delegationFrom, idOf } from "../login/delegate.ts";
import { loadLogin } from "../login/login-file.ts";

const usage = `Usage: cordon delegate WORKLOAD [OPTIONS]

Prints a token by which the workload acts for you: it sends it in the header \`${delegationHeader}\` beside its own identity,
and the gateway lets through what both of you may do. It is signed by the key of your login, names that one workload and
this gateway, and ends with your login. \`cordon run --me --as WORKLOAD\` does this for a command that you run yourself.

  WORKLOAD            NAMESPACE/KIND/NAME, such as default/agent/assistant, or a SPIFFE ID
  --minutes N         how long, up to ${maxDelegationSeconds / 60} (default 10)
  --action ACTION     nothing but this action; may be repeated
  --resource NAME     nothing but this resource, NAMESPACE/KIND/NAME; may be repeated
  --json              one JSON object: {"token", "header", "person", "workload", "expiresAt"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "10" },
      action: { type: "string", multiple: true },
      resource: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [workload, stray] = positionals;
  if (workload === undefined || stray !== undefined) throw new CordonError("USAGE", `name one workload\n\n${usage}`);
  if (!/^[1-9]\d?$/.test(values.minutes) || Number(values.minutes) * 60 > maxDelegationSeconds)
    throw new CordonError("USAGE", `--minutes is 1 to ${maxDelegationSeconds / 60}`);
  const login = await loadLogin(process.env);
  const actor = idOf(workload, login);
  const actions = values.action?.map(actionOf);
  const resources = values.resource?.map((name) => idOf(name, login));
  const { token, expiresAt } = delegationFrom(login, {
    ...{ actor, lifetimeSeconds: Number(values.minutes) * 60 },
    ...(actions === undefined ? {} : { actions }),
    ...(resources === undefined ? {} : { resources }),
  });
  const { person } = login.credential;
  if (values.json)
    io.stdout(
      `${JSON.stringify({ token, header: delegationHeader, person: person.id, workload: actor, expiresAt: new Date(expiresAt).toISOString() })}\n`,
    );
  else {
    io.stderr(
      `${actor} may act for ${person.namespace}/${person.name} until ${new Date(expiresAt).toISOString()}, by the header \`${delegationHeader}\`:\n`,
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
