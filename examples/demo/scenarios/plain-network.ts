/**
 * The network as it is without Cordon: every path leads to its service, for anybody. In: where the services listen. Out: a
 * URL. It stands in for nothing but wires: no identity, no decision, no record.
 */
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { servicePlans } from "../estate.ts";
import type { DemoService } from "../start.ts";

export interface PlainNetwork extends AsyncDisposable {
  readonly url: string;
}

export async function openPlainNetwork(services: readonly DemoService[]): Promise<PlainNetwork> {
  const server = createServer((incoming, response) => {
    const target = leadsTo(services, incoming.url ?? "/");
    if (target === undefined) return void response.writeHead(404).end("There is nothing here.");
    const { method = "GET", headers } = incoming;
    const outgoing = httpRequest(target, { method, headers: { ...headers, host: target.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function leadsTo(services: readonly DemoService[], target: string): URL | undefined {
  for (const { component, paths } of servicePlans)
    for (const [prefix, base] of Object.entries(paths)) {
      const rest = target.slice(prefix.length);
      if (!target.startsWith(prefix) || !/^(?:$|[/?])/.test(rest)) continue;
      const service = services.find((each) => each.component === component);
      return service === undefined ? undefined : new URL(service.url + base + rest);
    }
  return undefined;
}
