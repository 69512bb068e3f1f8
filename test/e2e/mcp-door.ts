/**
 * A way through the gateway for programs that know nothing of mutual TLS. In: an estate, and where its MCP server is. Out: an
 * address of plain HTTP on the loopback that leads to the gateway with the assistant's identity.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { request as undiciRequest } from "undici";
import { configurationText, openEstate, type Estate } from "./estate.ts";

/** Forwards to the gateway with an identity: the suite knows nothing of mutual TLS. */
export async function openDoor(estate: Estate, t: TestContext): Promise<string> {
  const dispatcher = estate.agent(await estate.svidFor("agent", "assistant"));
  const server = createHttpServer((incoming, outgoing) => {
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    undiciRequest(`${estate.cordon.gatewayUrl}${incoming.url ?? ""}`, {
      ...{ dispatcher, headers: headers as Record<string, string> },
      method: incoming.method as "POST",
      body: incoming.method === "GET" ? null : incoming,
    }).then(
      ({ statusCode, headers: answered, body }) => {
        outgoing.writeHead(statusCode, answered as Record<string, string>);
        outgoing.flushHeaders();
        body.on("error", () => outgoing.destroy()); // its client has left
        body.pipe(outgoing);
        outgoing.once("close", () => body.destroy());
      },
      () => outgoing.destroy(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

/** An estate that stands before the server at this port: everything is permitted, and may be asked. */
export async function openThrough(port: number): Promise<Estate> {
  return openEstate({
    policies: `@id("all") permit (principal, action, resource);`,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${port}/mcp", authentication: loopback }`,
        )
        .replace(
          "routes:",
          "routes:\n  - { name: mcp, kind: mcp, path: /mcp, resource: desk, upstream: desk, asks: [sampling, elicitation, roots] }",
        ),
  });
}
