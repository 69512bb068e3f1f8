/**
 * The protocol's conformance suite, once straight at a server and once through the gateway, for each version of the protocol
 * that the suite knows: what it finds must be the same, check for check. The server is made for the suite
 * (`mcp-whole-server.ts`), so nothing is excused: straight at it every scenario passes.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { request as undiciRequest } from "undici";
import { configurationText, openEstate, type Estate } from "./estate.ts";
import { installed } from "./mcp-servers.ts";
import { startWholeServer } from "./mcp-whole-server.ts";

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

/**
 * Extensions (tasks, skills) are no part of a version. DNS rebinding is met before there is a server: the gateway answers
 * nobody without an identity, and what speaks plain HTTP on the loopback for a program (`cordon run`) refuses foreign hosts
 * (`packages/agent/run/caller.ts`).
 */
const leftOut = /^[✓✗] (?:tasks-|sep-2640-|dns-rebinding-protection)/;

/** The suite's verdict on a server, a line a scenario. */
function suite(main: string, url: string, choice: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      [main, "server", "--url", url, ...choice],
      { timeout: 150_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        const lines = stdout.split("\n").filter((line) => /^[✓✗] .*: \d+ passed, \d+ failed/.test(line));
        if (lines.length === 0) reject(error ?? new Error(`it printed no summary:\n${stdout}`));
        else resolve(lines.filter((line) => !leftOut.test(line)).toSorted());
      },
    ),
  );
}

const versions: readonly (readonly [string, readonly string[], least: number])[] = [
  ["2025-06-18", ["--suite", "all", "--spec-version", "2025-06-18"], 27],
  ["2025-11-25", ["--requirements", "2025-11-25"], 32],
  ["2026-07-28", ["--requirements", "2026-07-28"], 39],
];

/** The suite plays the client: everything is permitted to it, and may be asked of it. */
async function openThrough(port: number): Promise<Estate> {
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

for (const [version, choice, least] of versions)
  test(
    `the conformance suite of ${version} finds the same through the gateway as direct`,
    { timeout: 320_000 },
    async (t) => {
      const conformance = await installed(t, "conformance");
      if (conformance === undefined) return;
      await using server = await startWholeServer();
      const direct = await suite(conformance, `http://127.0.0.1:${server.port}/mcp`, choice);
      await using estate = await openThrough(server.port);
      const through = await suite(conformance, await openDoor(estate, t), choice);
      const passed = (lines: readonly string[]) => lines.filter((line) => line.startsWith("✓")).length;
      t.diagnostic(
        `conformance 0.2.0-alpha.12, ${version}: direct ${passed(direct)} of ${direct.length}, ` +
          `through the gateway ${passed(through)} of ${through.length}`,
      );
      assert.deepEqual(through, direct);
      assert.ok(direct.length >= least, `${direct.length} scenarios`);
      assert.equal(passed(direct), direct.length, direct.join("\n"));
    },
  );
