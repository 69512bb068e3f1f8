/**
 * `cordon mcp pins`: the pins of the tools that an MCP server offers now, to be looked at and pasted into the configuration.
 * In: the server's URL; or a configuration and one of its routes, beside the Cordon that runs it. Out: YAML or JSON.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { loadConfiguration } from "@cordon/control/registry/load-configuration";
import { loadOfflineSnapshot } from "@cordon/control/registry/offline-snapshot";
import { isLoopbackHost, parseUpstreamUrl } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import { readToolDefinition } from "@cordon/core/mcp/tool-definition";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { McpRoute, Snapshot, Upstream } from "@cordon/core/policy/snapshot";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { listTools } from "../../mcp/list-tools.ts";
import { openSender, type Sender } from "../../mcp/send.ts";
import { printable } from "../../supply/report.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon mcp pins URL [--json]
       cordon mcp pins CONFIG ROUTE [--json] [--socket PATH | --state DIR]

Prints the pins of the tools that an MCP server offers now, for \`pins\` of its route. Read the definitions before you
paste them: a pin says that they were found good. With CONFIG and ROUTE the server is asked as the gateway would ask it; where
that takes the gateway's identity, the running control plane issues it.

  --json               the pins alone, as one JSON object
${socketUsage}
Exit code: 0, 1 where a tool cannot be pinned (it holds text that no reader sees, or has no usable name), 2 for a failure.
`;

/** Runs the command. */
export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const [target, routeName, ...more] = positionals;
    if (target === undefined || more.length > 0) throw new CordonError("USAGE", "name a URL, or CONFIG and ROUTE");
    await using sender =
      routeName === undefined ? senderToUrl(target, process.env) : await senderToRoute(target, routeName, values);
    const pins: Record<string, string> = {};
    const descriptions: string[] = [];
    let refused = 0;
    for (const tool of await listTools(sender.send)) {
      const definition = readToolDefinition(tool);
      if (definition !== undefined && definition.hidden === undefined) {
        pins[definition.name] = definition.digest;
        const { description } = tool as { readonly description?: unknown };
        descriptions.push(typeof description === "string" ? description : "");
        continue;
      }
      refused += 1;
      const why = definition === undefined ? "a tool has no usable name" : `it holds text that no reader sees`;
      const named = definition === undefined ? "" : `${printable(definition.name)} (${definition.hidden ?? ""}): `;
      io.stderr(`not pinned: ${named}${why}\n`);
    }
    io.stdout(values.json ? `${JSON.stringify(pins)}\n` : yamlOf(pins, descriptions));
    return refused > 0 ? 1 : 0;
  });
}

function yamlOf(pins: Readonly<Record<string, string>>, descriptions: readonly string[]): string {
  const lines = Object.entries(pins).flatMap(([name, digest], at) => [
    `  # ${printable(descriptions[at] ?? "").slice(0, 200)}`,
    `  ${JSON.stringify(name)}: ${digest}`,
  ]);
  return `${["pins:", ...lines].join("\n")}\n`;
}

const noIdentity: IdentitySource = {
  current() {
    throw new CordonError("IDENTITY_REQUIRED", "this server is asked without an identity");
  },
  onRotate: () => () => undefined,
};

function senderToUrl(address: string, env: NodeJS.ProcessEnv): Sender {
  const parsed = parseUpstreamUrl(address);
  if ("problem" in parsed) throw new CordonError("USAGE", `${printable(address)} ${parsed.problem}`);
  const plain = parsed.ok.protocol === "http:";
  if (plain && !isLoopbackHost(parsed.ok.hostname))
    throw new CordonError("USAGE", "`http:` is only for servers on this machine's loopback; use `https:`");
  const upstream: Upstream = {
    namespace: "default" as Namespace,
    name: parsed.ok.host,
    url: address,
    external: true,
    authentication: { kind: plain ? "loopback" : "webpki" },
    timeouts: { connectMs: 5_000, firstByteMs: 30_000, idleMs: 30_000 },
  };
  return openSender(upstream, noIdentity, {} as Snapshot, env); // no peer is looked up in it
}

async function senderToRoute(
  path: string,
  routeName: string,
  values: { readonly socket?: string | undefined; readonly state?: string | undefined },
): Promise<Sender> {
  const { snapshot } = await loadOfflineSnapshot(path);
  const qualified = routeName.includes("/") ? routeName : `default/${routeName}`;
  const route = snapshot.routes.find(
    (each): each is McpRoute => each.kind === "mcp" && `${each.namespace}/${each.name}` === qualified,
  );
  if (route === undefined)
    throw new CordonError("USAGE", `there is no route \`${qualified}\` of kind \`mcp\` in ${path}`);
  const { upstream } = route;
  if (upstream.authentication.kind !== "spiffe") return openSender(upstream, noIdentity, snapshot, process.env);
  const { configuration, folder } = await loadConfiguration(path);
  const told = values.socket !== undefined || values.state !== undefined;
  const client = controlClient(
    controlSocket(told ? values : { state: resolve(folder, configuration.state) }, process.env),
  );
  const { svid } = await issueThrough(client, configuration.gateway.component)();
  const bundle = await fetchBundle(client);
  const trusting = { ...snapshot, bundles: new Map([[bundle.trustDomain, bundle]]) };
  return openSender(upstream, { current: () => svid, onRotate: () => () => undefined }, trusting, process.env);
}
