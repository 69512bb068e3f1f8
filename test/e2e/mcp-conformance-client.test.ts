/**
 * The conformance suite's client scenarios, once straight and once through the gateway: here the suite is the server, and the
 * client is the protocol's own SDK (`mcp-suite-client.child.ts`). What the gateway would change, swallow or add between the
 * two is what the suite would see. Scenarios of OAuth are between a client and an authorization server, and left out.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { request as undiciRequest } from "undici";
import { openDoor, openThrough } from "./mcp-door.ts";
import { installed } from "./mcp-servers.ts";

const scenarios: Readonly<Record<string, readonly string[]>> = {
  "2025-11-25": [
    ...["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"],
    "json-schema-2020-12-preservation",
  ],
  "2026-07-28": [
    ...["tools_call", "request-metadata", "sep-2322-client-request-state", "http-standard-headers"],
    ...["http-custom-headers", "http-invalid-tool-headers", "json-schema-ref-no-deref"],
  ],
};

/** Passes on as it is to wherever it was last told: the suite opens a server of its own for each scenario. */
async function openRelay(t: TestContext): Promise<{ readonly port: number; target: string }> {
  const relay = { port: 0, target: "" };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { host: _host, connection: _connection, "transfer-encoding": _chunked, ...headers } = incoming.headers;
    const {
      statusCode,
      headers: answered,
      body,
    } = await undiciRequest(relay.target, {
      ...{ method: incoming.method as "POST", headers: headers as Record<string, string> },
      body: incoming.method === "POST" ? incoming : null,
    });
    outgoing.writeHead(statusCode, answered as Record<string, string>).flushHeaders();
    body.on("error", () => outgoing.destroy());
    outgoing.once("close", () => body.destroy());
    body.pipe(outgoing);
  };
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  relay.port = (server.address() as AddressInfo).port;
  return relay;
}

/** Where a client says which server it means, and then finds it behind the gateway. */
async function openLeading(t: TestContext, door: string, relay: { target: string }): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      relay.target = Buffer.concat(chunks).toString();
      outgoing.end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  return JSON.stringify({ door, lead: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const child = join(import.meta.dirname, "mcp-suite-client.child.ts");

/** The suite's count for one scenario. */
function scenario(main: string, version: string, name: string, door?: string): Promise<string> {
  const args = ["client", "--command", `${process.execPath} ${child}`, "--scenario", name, "--spec-version", version];
  const env = { ...process.env, ...(door === undefined ? {} : { MCP_DOOR: door }) };
  return new Promise((resolve, reject) =>
    execFile(process.execPath, [main, ...args], { timeout: 60_000, env, maxBuffer: 1 << 26 }, (error, out, err) => {
      const count = /Passed: (\d+)\/(\d+), (\d+) failed, (\d+) warnings/.exec(out + err)?.[0];
      if (count === undefined) reject(error ?? new Error(`it printed no count:\n${out}`));
      else resolve(`${name}: ${count}`);
    }),
  );
}

for (const [version, names] of Object.entries(scenarios))
  test(
    `the client scenarios of ${version} end alike through the gateway and straight`,
    { timeout: 320_000 },
    async (t) => {
      const conformance = await installed(t, "conformance");
      if (conformance === undefined) return;
      const relay = await openRelay(t);
      await using estate = await openThrough(relay.port);
      const door = await openLeading(t, await openDoor(estate, t), relay);
      const passed = (count: string): boolean => count.includes(", 0 failed, 0 warnings");
      const [direct, through]: [string[], string[]] = [[], []];
      for (const name of names) {
        direct.push(await scenario(conformance, version, name));
        through.push(await scenario(conformance, version, name, door));
      }
      t.diagnostic(
        `conformance 0.2.0-alpha.12, client, ${version}: direct ${direct.filter(passed).length} of ${names.length}, ` +
          `through the gateway ${through.filter(passed).length} of ${names.length}`,
      );
      assert.deepEqual(through, direct);
      assert.ok(direct.every(passed), direct.join("\n"));
    },
  );
