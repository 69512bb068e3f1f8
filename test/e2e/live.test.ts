/** Decisions stay alive: what changes after a call was let in is acted on while it runs. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttps, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCordon } from "@cordon/cli/up/wire";
import type { X509Svid } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import { chatCall, closingClock, idOf, openEstate, policies, until, type Estate } from "./estate.ts";

interface Stream {
  text: string;
  ended: boolean;
  failed: boolean;
}

/** Opens a stream that the upstream never ends by itself. */
async function openStream(estate: Estate, svid: X509Svid): Promise<Stream> {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(svid).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const stream: Stream = { text: "", ended: false, failed: false };
  body.on("data", (chunk: Buffer) => (stream.text += chunk.toString()));
  body.on("error", () => (stream.ended = stream.failed = true));
  body.on("end", () => (stream.ended = true));
  await until(() => stream.text.includes("tick"), "the stream began");
  return stream;
}

test("a policy that is withdrawn cuts the streams that stood on it, and only those", async () => {
  await using estate = await openEstate();
  const withdrawn = await openStream(estate, await estate.svidFor("agent", "rival"));
  const kept = await openStream(estate, await estate.svidFor("agent", "assistant"));
  await writeFile(join(estate.folder, "policies.cedar"), policies.replace(/@id\("rival-infers"\).*\n/, ""));
  await estate.cordon.control.watch.reload();
  await until(() => withdrawn.ended, "the stream was cut");
  assert.equal(withdrawn.failed, true, "a cut stream never looks whole");
  assert.equal(kept.ended, false);
});

const inWindow = policies.replace(/(@id\("assistant-infers"\).*);/, '$1 when { context.windows.contains("shift") };');

test("a window that closes cuts the streams that stood on it, refuses what comes after, and no others", async (t) => {
  const { now, closes, window, skipAhead } = closingClock();
  await using estate = await openEstate({ now, policies: inWindow, more: window });
  const assistant = await estate.svidFor("agent", "assistant");
  const stood = await openStream(estate, assistant);
  const other = await openStream(estate, await estate.svidFor("agent", "rival"));
  skipAhead();
  await until(() => stood.ended, "the stream was cut");
  t.diagnostic(`from the window's end to the cut at the client: ${now() - closes} ms`);
  assert.equal(stood.failed, true, "a cut stream never looks whole");
  assert.ok(now() >= closes, "not before its time");
  assert.equal(other.ended, false);
  assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 403);
  const cut = (await estate.entries()).find((entry) => entry.kind === "outcome" && entry.end === "cut");
  assert.ok(cut?.kind === "outcome" && cut.why?.code === "no-permit");
});

test("a policy that names a window which there is not is refused at the start", async () => {
  await assert.rejects(openEstate({ policies: inWindow }), /namespace `default` has no window `shift`/);
});

test("a policy file that does not compile leaves the last good revision in force", async () => {
  await using estate = await openEstate();
  const assistant = await estate.svidFor("agent", "assistant");
  const { revision } = estate.cordon.control.snapshots.current();
  await writeFile(
    join(estate.folder, "policies.cedar"),
    "permit (principal, action, resource) when { resource.nonsense };",
  );
  await assert.rejects(estate.cordon.control.watch.reload(), /nonsense|@id/);
  assert.equal(estate.cordon.control.snapshots.current().revision, revision);
  assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
});

test("a component that leaves the registry loses its streams", async () => {
  await using estate = await openEstate();
  const stream = await openStream(estate, await estate.svidFor("agent", "rival"));
  const text = await readFile(estate.configuration, "utf8");
  await writeFile(estate.configuration, text.replace(/^.*name: rival.*\n/m, ""));
  await writeFile(join(estate.folder, "policies.cedar"), policies.replace(/@id\("rival-infers"\).*\n/, ""));
  await estate.cordon.control.watch.reload();
  await until(() => stream.ended, "the stream was cut");
});

test("an isolated component is refused and its streams cut; a rerouted model answers from elsewhere", async () => {
  await using estate = await openEstate();
  const assistant = await estate.svidFor("agent", "assistant");
  const stream = await openStream(estate, await estate.svidFor("agent", "rival"));
  const { store } = estate.cordon.control;
  const put = (kind: string, name: string, value: unknown) =>
    store.transact("test", Date.now(), (transaction) =>
      transaction.put({ kind, namespace: "default" as never, name }, value, "api"),
    );
  await put("isolation", "rival", {
    component: idOf("agent", "rival"),
    reason: "exfiltration suspected",
    since: Date.now(),
  });
  await until(() => stream.ended, "the isolated component's stream was cut");
  const refused = await estate.call(
    await estate.svidFor("agent", "rival"),
    "/v1/chat/completions",
    chatCall({ model: "m" }),
  );
  assert.match(refused.text, /isolated: exfiltration suspected/);
  await put("reroute", "chat", { from: idOf("endpoint", "chat"), to: idOf("endpoint", "spare") });
  await until(() => estate.cordon.control.snapshots.current().overlays.rerouted.size === 1, "the reroute is in force");
  estate.spare.answer = (_seen, response) => response.end('{"from":"spare"}');
  const rerouted = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(rerouted.text, '{"from":"spare"}');
  assert.equal(JSON.parse(estate.spare.seen[0]?.body.toString() ?? "{}").model, "spare-1");
});

test("a gateway whose control plane falls silent denies, and cuts what runs, once its knowledge is too old", async () => {
  await using estate = await openEstate({ stalenessSeconds: 1 });
  const assistant = await estate.svidFor("agent", "assistant");
  const stream = await openStream(estate, assistant);
  await new Promise((resolve) => setTimeout(resolve, 1300));
  assert.equal(stream.ended, false, "while the store confirms, nothing goes stale");
  await estate.cordon.control.snapshots[Symbol.asyncDispose]();
  await until(() => stream.ended, "the stream was cut");
  const refused = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(refused.status, 403);
  assert.match(refused.text, /control plane last confirmed/);
});

test("a closing gateway lets work finish within its grace, then cuts the rest and records it", async () => {
  await using estate = await openEstate({ drainSeconds: 1 });
  const assistant = await estate.svidFor("agent", "assistant");
  const endless = await openStream(estate, assistant);
  let finish = (): void => undefined;
  estate.chat.answer = (_seen, response) => {
    finish = () => void response.end("whole");
  };
  const short = estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  await until(() => estate.chat.seen.length === 2, "the short call is at the upstream");
  const entries = estate.entries();
  finish();
  assert.equal((await short).text, "whole");
  const ends = (await entries).flatMap((entry) => (entry.kind === "outcome" ? [entry.end] : []));
  assert.deepEqual(ends.toSorted(), ["complete", "cut"]);
  assert.equal(endless.ended, true);
});

test("a bearer token works only for a component that may use one, only for this gateway, and says so in the ledger", async () => {
  await using estate = await openEstate({ bearer: true });
  const { authority } = estate.cordon.control;
  const withToken = async (name: string, audience: string) => {
    const { token } = await authority.issueJwtSvid({
      id: `spiffe://test.example/ns/default/agent/${name}` as never,
      audience,
    });
    return await estate.call(undefined, "/v1/chat/completions", {
      ...chatCall({ model: "m" }),
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    });
  };
  assert.equal((await withToken("notebook", estate.cordon.gatewayId)).status, 200);
  assert.match(
    (await withToken("assistant", estate.cordon.gatewayId)).text,
    /may not authenticate with a bearer token/,
  );
  assert.equal((await withToken("notebook", "spiffe://test.example/ns/default/service/other")).status, 401);
  assert.equal((await estate.call(undefined, "/v1/chat/completions", chatCall({ model: "m" }))).status, 401);
  const forged = await estate.call(undefined, "/v1/models", { headers: { authorization: "Bearer aaaa.bbbb.cccc" } });
  assert.equal(forged.status, 401);
  const entries = await estate.entries();
  assert.ok(
    entries.some(
      (entry) => entry.kind === "decision" && entry.credential.assurance === "jwt-svid" && entry.effect === "allow",
    ),
  );
});

test("an upstream that is not who it must be is sent nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-e2e-"));
  const seen: string[] = [];
  let server: Server | undefined;
  try {
    const port = await freePort();
    await writeFile(
      join(folder, "cordon.yaml"),
      `
version: 1
trustDomain: test.example
gateway: { listen: "127.0.0.1:0", drainSeconds: 0 }
console: { listen: "127.0.0.1:0" }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
  - { name: impostor, kind: endpoint, boundary: model }
upstreams: [{ name: chat, url: "https://127.0.0.1:${port}", authentication: { spiffe: chat } }]
routes: [{ name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }]
policies: [{ text: '@id("a") permit (principal == Workload::"default/agent/assistant", action, resource == Component::"default/endpoint/chat");' }]
`,
    );
    await using cordon = await startCordon({
      path: join(folder, "cordon.yaml"),
      env: {},
      version: "test",
      log: () => undefined,
    });
    const { createPublicKey, generateKeyPairSync } = await import("node:crypto");
    const svidOf = async (kind: string, name: string): Promise<X509Svid> => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const id = `spiffe://test.example/ns/default/${kind}/${name}` as never;
      const issued = await cordon.control.authority.issueX509Svid({
        id,
        key: { publicKey: createPublicKey(privateKey) },
      });
      return { ...issued, key: privateKey };
    };
    const serveAs = async (svid: X509Svid): Promise<void> => {
      server?.closeAllConnections();
      if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
      server = createHttps(serverTlsOptions(svid), (request, response) => {
        seen.push(request.url ?? "");
        response.end('{"ok":true}');
      });
      await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
    };
    const { Agent, request } = await import("undici");
    const { clientTlsOptions } = await import("@cordon/core/identity/tls");
    const assistant = await svidOf("agent", "assistant");
    const ask = async () => {
      const dispatcher = new Agent({ connect: clientTlsOptions(assistant) as never });
      const answer = await request(`${cordon.gatewayUrl}/v1/chat/completions`, {
        dispatcher,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"model":"m"}',
      });
      const text = await answer.body.text();
      await dispatcher.destroy();
      return { status: answer.statusCode, text };
    };
    await serveAs(await svidOf("endpoint", "impostor"));
    const refused = await ask();
    assert.equal(refused.status, 502);
    assert.match(refused.text, /answered as .*impostor, but must be .*chat; nothing was sent/);
    assert.deepEqual(seen, []);
    await serveAs(await svidOf("endpoint", "chat"));
    assert.equal((await ask()).text, '{"ok":true}');
  } finally {
    server?.closeAllConnections();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test("limits hold: a body over the route's limit and an upstream that stalls", async () => {
  await using estate = await openEstate({ maxBodyBytes: 2048, firstByteMs: 300, idleMs: 300 });
  const assistant = await estate.svidFor("agent", "assistant");
  const trainer = await estate.svidFor("pipeline", "trainer");
  const large = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m", x: "y".repeat(3000) }));
  assert.deepEqual([large.status, large.json()["error"].code], [413, "REQUEST_TOO_LARGE"]);
  assert.equal(estate.chat.seen.length, 0);
  const upload = await estate
    .call(trainer, "/training-data/x", { method: "PUT", body: Buffer.alloc(5000) })
    .catch(() => ({ status: 413 }));
  assert.equal(upload.status, 413);
  assert.equal(estate.data.seen.length, 0, "a body over the limit is never whole at the upstream");
  estate.chat.answer = () => undefined;
  const stalled = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.deepEqual([stalled.status, stalled.json()["error"].code], [504, "UPSTREAM_TIMEOUT"]);
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
  };
  await assert.rejects(
    estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m", stream: true })),
    "a stalled stream is ended, and not as if it were whole",
  );
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
