/** `cordon tunnel NAME`: a local port that leads to a component through the gateway, until it is told to stop. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemClocks } from "@cordon/agent/run/identity";
import { openClientEnd, type LocalEnd } from "@cordon/agent/tunnel/client-end";
import { isLoopbackHost, parseListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { stopSignal } from "../../stop-signal.ts";
import { identityOptions, identityUsage, openWorkloadIdentity } from "../../workload-identity.ts";

const usage = `Usage: cordon tunnel NAME [--listen 127.0.0.1:PORT | unix:PATH] [--as COMPONENT] [OPTIONS]
       cordon tunnel serve --listen HOST:PORT --to HOST:PORT|unix:PATH [--as COMPONENT] [OPTIONS]

Carries any TCP protocol to a component: NAME is one of \`tunnels\` in cordon.yaml, \`name\` or \`namespace/name\`. Each
connection is decided by policy when it is opened and again while it lives; what is carried is counted, not seen.

  --listen ADDRESS     where programs of this machine connect (default 127.0.0.1:0, a free port); loopback, or a socket
  --as COMPONENT       who this is; with an agent, a SPIFFE ID, where it knows this process as several
${identityUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [name, stray] = positionals;
  if (name === undefined || stray !== undefined) throw misuse("name one tunnel");
  const listen = localEnd(values.listen);
  const stopped = stopSignal();
  const say = (words: string): void => io.stderr(`cordon tunnel: ${words}\n`);
  await using opened = await openWorkloadIdentity(values, process.env, say);
  const { identity, gateway } = opened;
  const tunnel = name.includes("/") ? name : `default/${name}`;
  await using end = await openClientEnd({ identity, gateway, tunnel, clocks: systemClocks, listen, say });
  const where = "socketPath" in listen ? `unix:${listen.socketPath}` : `${listen.host}:${end.port}`;
  io.stdout(`${where} leads to ${tunnel}, as ${identity.current().id}\n`);
  await stopped;
  return 0;
}

function localEnd(text: string): LocalEnd {
  if (text.startsWith("unix:")) return { socketPath: resolve(text.slice("unix:".length)) };
  const parsed = parseListenAddress(text);
  if ("problem" in parsed) throw misuse(`--listen ${parsed.problem}`);
  if (!isLoopbackHost(parsed.ok.host))
    throw misuse("--listen is on loopback: whoever reaches this end speaks as this component");
  return parsed.ok;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...identityOptions,
        listen: { type: "string", default: "127.0.0.1:0" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
