/**
 * The ports that Cordon would listen on. In: the configuration. Out: a finding for each that is taken, or cannot be had.
 * Looked at only while no control plane runs: then they are its own. Listens for an instant, and closes.
 */
import { createServer } from "node:net";
import { parseListenAddress } from "@cordon/core/contract/addresses";
import type { Estate } from "./estate.ts";
import { findings, nothingFound, type Examined, type Finding } from "./finding.ts";

export async function checkPorts({ configuration, running }: Estate): Promise<Examined> {
  if (running !== undefined) return nothingFound;
  const { gateway, operations, console, agents } = configuration;
  const listening: [string, string][] = [
    ["gateway.listen", gateway.listen],
    ...(operations === undefined ? [] : ([["operations.listen", operations.listen]] as [string, string][])),
    ...(agents === undefined ? [] : ([["agents.listen", agents.listen]] as [string, string][])),
    ...(console.enabled ? ([["console.listen", console.listen]] as [string, string][]) : []),
  ];
  const problems: (Finding | undefined)[] = [];
  const seen = new Map<string, string>();
  for (const [field, address] of listening) {
    const other = address.endsWith(":0") ? undefined : seen.get(address);
    if (other === undefined) problems.push(await listenProblem(field, address));
    else
      problems.push({
        check: "ports",
        what: `\`${other}\` already has ${address}`,
        where: field,
        remedy: `give \`${field}\` another port`,
      });
    seen.set(address, field);
  }
  return findings(...problems);
}

async function listenProblem(field: string, address: string): Promise<Finding | undefined> {
  const parsed = parseListenAddress(address);
  if ("problem" in parsed) return undefined; // the configuration's own finding
  const code = await tryListening(parsed.ok);
  if (code === undefined) return undefined;
  const [what, remedy] = words(code, field);
  return { check: "ports", what, where: `${field}: ${address}`, remedy };
}

function words(code: string, field: string): [string, string] {
  if (code === "EADDRINUSE")
    return [
      "another program has the port",
      `stop that program (\`ss -ltnp\` names it), or set \`${field}\` to another port`,
    ];
  if (code === "EACCES") return ["this user may not listen there", `choose a port from 1024 on for \`${field}\``];
  if (code === "EADDRNOTAVAIL")
    return ["this machine does not have the address", `set \`${field}\` to an address of this machine`];
  return [`it cannot be listened on (${code})`, `set \`${field}\` to another address`];
}

function tryListening({ host, port }: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
