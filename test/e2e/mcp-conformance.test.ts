/**
 * The protocol's conformance suite, once straight at a server and once through the gateway: what it finds must be the same. The
 * server is `server-everything`, which is not made for the suite and lacks some of what it asks for; those scenarios fail
 * alike on both ways, and the counts say so.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { request as undiciRequest } from "undici";
import { configurationText, openEstate, type Estate } from "./estate.ts";
import { installed, startEverything } from "./mcp-servers.ts";

/** Forwards to the gateway with an identity: the suite knows nothing of mutual TLS. */
async function openDoor(estate: Estate, t: TestContext): Promise<string> {
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

/** The suite's verdict on a server, a line a scenario. */
function suite(main: string, url: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) =>
    execFile(process.execPath, [main, "server", "--url", url], { timeout: 120_000 }, (error, stdout) => {
      const lines = stdout.split("\n").filter((line) => /^[✓✗] .*: \d+ passed, \d+ failed/.test(line));
      if (lines.length > 0) resolve(lines);
      else reject(error ?? new Error(`it printed no summary:\n${stdout}`));
    }),
  );
}

/** The gateway itself refuses what a browser on a foreign page sends, before any route: not the server's answer. */
const gatewaysOwn = "dns-rebinding-protection";

test("the conformance suite finds the same through the gateway as direct", { timeout: 300_000 }, async (t) => {
  const conformance = await installed(t, "conformance");
  const main = conformance === undefined ? undefined : await installed(t, "server-everything");
  if (conformance === undefined || main === undefined) return;
  const port = await startEverything(t, main);
  const direct = await suite(conformance, `http://127.0.0.1:${port}/mcp`);
  await using estate = await openEstate({
    policies: `@id("all") permit (principal, action, resource);`,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${port}/mcp", authentication: loopback }`,
        )
        .replace("routes:", "routes:\n  - { name: mcp, kind: mcp, path: /mcp, resource: desk, upstream: desk }"),
  });
  const through = await suite(conformance, await openDoor(estate, t));
  const theirs = (lines: readonly string[]) => lines.filter((line) => !line.includes(gatewaysOwn));
  const passed = (lines: readonly string[]) => lines.filter((line) => line.startsWith("✓")).length;
  t.diagnostic(
    `conformance 0.1.16, scenarios passed: direct ${passed(direct)}, through the gateway ${passed(through)}, of ${direct.length}`,
  );
  assert.ok(passed(direct) >= 10);
  assert.deepEqual(theirs(through), theirs(direct));
});
