/** `cordon tunnel serve`: the server's end of a tunnel, before a server that knows nothing of identities. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemClocks } from "@cordon/agent/run/identity";
import { openServerEnd, type ServerAddress } from "@cordon/agent/tunnel/server-end";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { parseDialAddress } from "@cordon/core/contract/tunnels-schema";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { stopSignal } from "../../stop-signal.ts";
import { identityOptions, identityUsage, openWorkloadIdentity } from "../../workload-identity.ts";

const usage = `Usage: cordon tunnel serve --listen HOST:PORT --to HOST:PORT|unix:PATH [--as COMPONENT] [OPTIONS]

Stands before a server and lets in the gateway alone, by its SVID. Bind the server itself to loopback or a unix socket, so
that nobody walks round.

  --listen HOST:PORT   the tunnel's \`address\` in cordon.yaml
  --to ADDRESS         the server
  --as COMPONENT       the tunnel's \`resource\`
${identityUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  if (values.listen === undefined || values.to === undefined) throw misuse("say where (--listen) and to what (--to)");
  const listen = parseListenAddress(values.listen);
  if ("problem" in listen) throw misuse(`--listen ${listen.problem}`);
  const server = serverAddress(values.to);
  const stopped = stopSignal();
  const say = (words: string): void => io.stderr(`cordon tunnel serve: ${words}\n`);
  await using opened = await openWorkloadIdentity(values, process.env, say);
  const { identity, gateway } = opened;
  const options = { identity, gateway: gateway.id, listen: listen.ok, server, clocks: systemClocks, say };
  await using end = await openServerEnd(options);
  io.stdout(`${listen.ok.host}:${end.port} lets ${gateway.id} through to ${values.to}, as ${identity.current().id}\n`);
  await stopped;
  return 0;
}

function serverAddress(text: string): ServerAddress {
  if (text.startsWith("unix:")) return { socketPath: resolve(text.slice("unix:".length)) };
  const parsed = parseDialAddress(text);
  if (parsed === undefined) throw misuse("--to is HOST:PORT or unix:PATH");
  return parsed;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...identityOptions,
        listen: { type: "string" },
        to: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
