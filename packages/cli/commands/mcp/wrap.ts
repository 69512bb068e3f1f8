/** `cordon mcp wrap -- CMD`: an MCP server of standard input and output, reachable through the gateway alone. */
import { parseArgs } from "node:util";
import { wrapStdioServer } from "@cordon/agent/mcp/wrap";
import { systemClocks } from "@cordon/agent/run/identity";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { stopSignal } from "../../stop-signal.ts";
import { identityOptions, identityUsage, openWorkloadIdentity } from "../../workload-identity.ts";

const usage = `Usage: cordon mcp wrap --listen HOST:PORT [--as COMPONENT] [--env NAME]... [OPTIONS] -- CMD [ARG]...

Runs an MCP server that speaks over standard input and output, one run for each session, and answers the gateway alone, by
its SVID: policy, pins and the ledger of a route of kind \`mcp\` stand before it. Its upstream in cordon.yaml:

  - { name: files, url: "https://HOST:PORT/", authentication: { spiffe: COMPONENT } }

  --listen HOST:PORT   where the gateway reaches it
  --as COMPONENT       the component that the server is
  --env NAME           passes a variable of the environment on; without it the server gets PATH, HOME and LANG
${identityUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const dashes = args.indexOf("--");
  const values = parse(dashes < 0 ? args : args.slice(0, dashes));
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [command, ...rest] = dashes < 0 ? [] : args.slice(dashes + 1);
  if (command === undefined) throw misuse("name the server's command after `--`");
  if (values.listen === undefined) throw misuse("say where (--listen)");
  const listen = parseListenAddress(values.listen);
  if ("problem" in listen) throw misuse(`--listen ${listen.problem}`);
  const stopped = stopSignal();
  const say = (words: string): void => io.stderr(`cordon mcp wrap: ${words}\n`);
  await using opened = await openWorkloadIdentity(values, process.env, say);
  const { identity, gateway } = opened;
  const env = environment(["PATH", "HOME", "LANG", ...(values.env ?? [])]);
  const server = { command, args: rest, env };
  await using wrapped = await wrapStdioServer({
    ...{ identity, gateway: gateway.id, listen: listen.ok, command: server, clocks: systemClocks, say },
  });
  io.stdout(`${listen.ok.host}:${wrapped.port} answers ${gateway.id} for ${command}, as ${identity.current().id}\n`);
  await stopped;
  return 0;
}

/** Nothing of ours is the server's unless somebody says so. */
function environment(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...identityOptions,
        listen: { type: "string" },
        env: { type: "string", multiple: true },
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
