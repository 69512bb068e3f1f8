/**
 * MCP servers of standard input and output behind the gateway (`cordon mcp wrap`), and the protocol's own reference servers,
 * by both transports. Those come from the package cache into a temporary folder; without it their tests are skipped.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { controlClient } from "@cordon/agent/run/control-client";
import { openIdentity, systemClocks } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { wrapStdioServer } from "@cordon/agent/mcp/wrap";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { fetch as undiciFetch } from "undici";
import { configurationText, openEstate, type Estate } from "./estate.ts";
import { freePort, installed, startEverything } from "./mcp-servers.ts";

const policies = `
@id("assistant-uses-desk") permit (principal == Workload::"default/agent/assistant", action in [Action::"callTool", Action::"read"], resource == Component::"default/tool/desk")
unless { action == Action::"callTool" && ["write_file", "get-env", "leave"].contains(context.tool) };
`;

/** An estate with one route to an MCP server at this URL. */
function estateFor(url: string, authentication: string, allowed = policies, route = ""): Promise<Estate> {
  return openEstate({
    policies: allowed,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace("upstreams:", `upstreams:\n  - { name: desk, url: "${url}", authentication: ${authentication} }`)
        .replace(
          "routes:",
          `routes:\n  - { name: mcp, kind: mcp, path: /mcp, resource: desk, upstream: desk${route} }`,
        ),
  });
}

interface Wrapped extends AsyncDisposable {
  readonly estate: Estate;
  readonly port: number;
  readonly said: string[];
  readonly sessions: () => number;
}

async function wrapped(command: string, args: readonly string[], allowed = policies, route = ""): Promise<Wrapped> {
  const port = await freePort();
  const scope = new AsyncDisposableStack();
  const estate = scope.use(await estateFor(`https://127.0.0.1:${port}/`, "{ spiffe: desk }", allowed, route));
  const client = controlClient(estate.cordon.socketPath);
  const identity = scope.use(
    await openIdentity({ issue: issueThrough(client, "desk"), fetchBundle: () => fetchBundle(client) }),
  );
  const said: string[] = [];
  const { sessions } = scope.use(
    await wrapStdioServer({
      identity,
      gateway: parseSpiffeId(estate.cordon.gatewayId),
      listen: { host: "127.0.0.1", port },
      command: { command, args, env: { PATH: process.env["PATH"] ?? "" } },
      clocks: systemClocks,
      say: (words) => void said.push(words),
    }),
  );
  return { estate, port, said, sessions, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

async function clientOf(
  estate: Estate,
  name = "assistant",
  prepare: (client: Client) => void = () => undefined,
): Promise<Client> {
  const dispatcher = estate.agent(await estate.svidFor("agent", name));
  const capabilities = { elicitation: { form: {} } };
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" }, capabilities });
  prepare(client);
  const fetch = (url: string | URL, init?: RequestInit) => undiciFetch(url, { ...init, dispatcher } as never);
  await client.connect(new StreamableHTTPClientTransport(new URL(`${estate.cordon.gatewayUrl}/mcp`), { fetch }));
  return client;
}

const counter = join(import.meta.dirname, "stdio-server.child.ts");
const textOf = (result: unknown): string =>
  (result as { content: { text?: string }[] }).content.map(({ text }) => text ?? "").join("\n");

test("a server of standard input and output is used through the gateway, a run for each session", async () => {
  await using desk = await wrapped(process.execPath, [counter]);
  const [one, other] = [await clientOf(desk.estate), await clientOf(desk.estate)];
  assert.deepEqual(
    (await one.listTools()).tools.map(({ name }) => name),
    ["count", "ask", "leave"],
  );
  assert.match(
    textOf(await one.callTool({ name: "count", arguments: { by: 5 } })),
    /^5 PATH$/,
    "with no variable of ours",
  );
  assert.match(textOf(await one.callTool({ name: "count", arguments: {} })), /^6 /);
  assert.match(textOf(await other.callTool({ name: "count", arguments: {} })), /^1 /);
  await assert.rejects(one.callTool({ name: "leave", arguments: {} }), /policy/);
  assert.equal(desk.sessions(), 2);
  await (one.transport as StreamableHTTPClientTransport).terminateSession();
  assert.equal(desk.sessions(), 1, "a session that ends takes its server along");
  await Promise.all([one.close(), other.close()]);
  const decisions = (await desk.estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  assert.ok(decisions.some(({ effect, context }) => effect === "allow" && context.tool === "count"));
  assert.ok(decisions.some(({ effect, context }) => effect === "deny" && context.tool === "leave"));
});

test("nobody but the gateway is answered, whatever identity they have", async () => {
  await using desk = await wrapped(process.execPath, [counter]);
  const initialize = {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} }),
  };
  for (const svid of [
    undefined,
    await desk.estate.svidFor("agent", "assistant"),
    await desk.estate.svidFor("tool", "desk"),
  ])
    await assert.rejects(
      undiciFetch(`https://127.0.0.1:${desk.port}/`, { ...initialize, dispatcher: desk.estate.agent(svid) }),
    );
  assert.equal(desk.sessions(), 0, "no server was started for them");
});

test("what a wrapped server asks of its client is decided as anywhere, and the server hears of it", async () => {
  const heard: string[] = [];
  const hear = (client: Client): void =>
    client.setRequestHandler("elicitation/create", ({ params }) => {
      heard.push(JSON.stringify(params));
      return { action: "accept" as const, content: { name: "Mei" } };
    });
  const elicit = `@id("asked") permit (principal == Workload::"default/agent/assistant", action == Action::"elicit", resource == Component::"default/tool/desk");`;
  const ask = async (client: Client, field: string): Promise<unknown> =>
    JSON.parse(textOf(await client.callTool({ name: "ask", arguments: { field } })));
  {
    await using desk = await wrapped(process.execPath, [counter], policies + elicit, ", asks: [elicitation]");
    const client = await clientOf(desk.estate, "assistant", hear);
    assert.deepEqual(await ask(client, "name"), { action: "accept", content: { name: "Mei" } });
    assert.equal(((await ask(client, "password")) as unknown[])[0], -32602);
    assert.equal(heard.length, 1);
    await client.close();
  }
  await using silent = await wrapped(process.execPath, [counter], policies + elicit);
  const client = await clientOf(silent.estate, "assistant", hear);
  assert.equal(((await ask(client, "name")) as unknown[])[0], -32601, "its route declares nothing");
  assert.equal(heard.length, 1);
  await client.close();
  const decisions = (await silent.estate.entries()).filter(
    (entry): entry is DecisionEntry => entry.kind === "decision",
  );
  assert.deepEqual(
    decisions.filter(({ action }) => action === "elicit").map(({ effect, reasons }) => [effect, reasons[0]?.policy]),
    [["deny", "mcp-asks"]],
  );
});

test("a server that ends takes its session with it, and says so", async () => {
  await using desk = await wrapped(process.execPath, [counter], policies.replace(', "leave"', ""));
  const client = await clientOf(desk.estate);
  await assert.rejects(client.callTool({ name: "leave", arguments: {} }));
  assert.equal(desk.sessions(), 0);
  assert.ok(desk.said.some((words) => words.includes("ended with code 3")));
  await assert.rejects(client.callTool({ name: "count", arguments: {} }), /no such session|404/);
});

test("server-filesystem over standard input and output: reads what it may, writes nothing", async (t) => {
  const main = await installed(t, "server-filesystem");
  if (main === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), "cordon-files-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "note.txt"), "what stands in the note");
  await using desk = await wrapped(process.execPath, [main, folder]);
  const client = await clientOf(desk.estate);
  const { tools } = await client.listTools();
  assert.ok(tools.length > 5);
  const read = await client.callTool({ name: "read_text_file", arguments: { path: join(folder, "note.txt") } });
  assert.match(textOf(read), /what stands in the note/);
  await assert.rejects(
    client.callTool({ name: "write_file", arguments: { path: join(folder, "new.txt"), content: "x" } }),
    /policy/,
  );
  await client.close();
});

/** What two clients of one server see alike. */
async function everything(client: Client): Promise<void> {
  const { tools } = await client.listTools();
  assert.ok(tools.some(({ name }) => name === "echo"));
  assert.match(textOf(await client.callTool({ name: "echo", arguments: { message: "hello there" } })), /hello there/);
  assert.ok((await client.listPrompts()).prompts.length > 0);
  const { resources } = await client.listResources();
  const [first] = resources;
  assert.ok(first !== undefined);
  assert.ok((await client.readResource({ uri: first.uri })).contents.length > 0);
  await assert.rejects(client.callTool({ name: "get-env", arguments: {} }), /policy/);
}

test("server-everything over standard input and output", async (t) => {
  const main = await installed(t, "server-everything");
  if (main === undefined) return;
  await using desk = await wrapped(process.execPath, [main, "stdio"]);
  const client = await clientOf(desk.estate);
  await everything(client);
  await client.close();
});

test("server-everything over Streamable HTTP", async (t) => {
  const main = await installed(t, "server-everything");
  if (main === undefined) return;
  const port = await startEverything(t, main);
  await using estate = await estateFor(`http://127.0.0.1:${port}/mcp`, "loopback");
  const client = await clientOf(estate);
  await everything(client);
  await client.close();
});
