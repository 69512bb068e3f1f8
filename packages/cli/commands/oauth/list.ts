/** `cordon oauth list`: which programs may act for people, and for whom they act now. In: which control plane. Out: lines. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon oauth list [--json]

Lists the programs that may act for people (\`oauth.clients\` in cordon.yaml): their client id, where answers to them go, and
who lets each act now, at which resource, within which scopes, until when.

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
  const listed = await controlClient(controlSocket(values, process.env)).oauthClients();
  if (values.json) {
    io.stdout(`${JSON.stringify(listed)}\n`);
    return 0;
  }
  io.stdout(
    listed.issuer === undefined
      ? "no authorization server: set `oauth` in cordon.yaml\n"
      : `authorization server ${listed.issuer}\n`,
  );
  for (const { id, displayName, bearer, disabled, redirectUris, sessions } of listed.clients) {
    const state = disabled === undefined ? "" : `  DISABLED: ${disabled}`;
    io.stdout(`${id}  ${displayName}  ${bearer ? "bearer" : "dpop"}  ${redirectUris.join(" ")}${state}\n`);
    for (const { user, resource, scopes, ends, grant } of sessions) {
      const until = `until ${new Date(ends).toISOString()}${grant === undefined ? "" : ` with ${grant}`}`;
      io.stdout(`  ${user}  ${resource}  ${scopes.join(",")}  ${until}\n`);
    }
  }
  return 0;
}
