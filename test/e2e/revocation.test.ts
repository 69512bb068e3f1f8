/** Revocation at once: one SVID, one workload, one key, one authority, one token; live streams, handshakes, restarts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Dispatcher } from "undici";
import { run as revokeCommand } from "@cordon/cli/commands/identity/revoke";
import { startCordon } from "@cordon/cli/up/wire";
import { makeCsr } from "@cordon/core/identity/csr";
import { toPem } from "@cordon/core/identity/tls";
import type { X509Svid } from "@cordon/core/identity/svid";
import { chatCall, idOf, openEstate, until, upstreamKey, type Estate } from "./estate.ts";

interface Stream {
  text: string;
  ended: boolean;
}

async function openStream(
  estate: Estate,
  dispatcher: Dispatcher,
  headers: Record<string, string> = {},
): Promise<Stream> {
  ticking(estate);
  const { body } = await dispatcher.request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"model":"m","stream":true}',
  });
  const stream: Stream = { text: "", ended: false };
  body.on("data", (chunk: Buffer) => (stream.text += chunk.toString()));
  for (const event of ["error", "end"] as const) body.on(event, () => (stream.ended = true));
  await until(() => stream.text.includes("tick"), "the stream began");
  return stream;
}

function ticking(estate: Estate): void {
  estate.chat.answer = (seen, response) => {
    if (!seen.body.toString().includes('"stream":true')) return void response.end("{}");
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
}

/** `cordon identity revoke`, as an administrator types it. */
async function revoke(estate: Estate, ...args: readonly string[]): Promise<void> {
  const io = { stdout: () => undefined, stderr: () => undefined };
  const code = await revokeCommand([...args, "--reason", "stolen", "--socket", estate.cordon.socketPath], io);
  assert.equal(code, 0);
}

async function serves(estate: Estate, svid: X509Svid): Promise<boolean> {
  try {
    return (await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }))).status === 200;
  } catch {
    return false; // closed before an answer
  }
}

async function keep(estate: Estate, svid: X509Svid): Promise<string> {
  const folder = join(
    estate.folder,
    `stolen-${createHash("sha256")
      .update(svid.chain[0] ?? "")
      .digest("hex")
      .slice(0, 8)}`,
  );
  await mkdir(folder);
  await writeFile(join(folder, "svid.pem"), svid.chain.map(toPem).join(""));
  await writeFile(join(folder, "key.pem"), svid.key.export({ type: "pkcs8", format: "pem" }));
  return folder;
}

test("one SVID: its stream is cut and its handshake refused; another of the same component goes on", async () => {
  await using estate = await openEstate();
  const [stolen, own] = [await estate.svidFor("agent", "assistant"), await estate.svidFor("agent", "assistant")];
  const cut = await openStream(estate, estate.agent(stolen));
  const kept = await openStream(estate, estate.agent(own));
  await revoke(estate, "--certificate", join(await keep(estate, stolen), "svid.pem"));
  await until(() => cut.ended, "the stream was cut");
  assert.equal(kept.ended, false);
  assert.equal(await serves(estate, stolen), false);
  assert.equal(await serves(estate, own), true);
});

interface Thief {
  readonly events: { event: string; at?: number; got?: string; resumed?: boolean; with?: string }[];
  readonly left: Promise<unknown>;
}

function thief(context: TestContext, folder: string, port: number): Thief {
  const program = fileURLToPath(new URL("./thief.child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, folder, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => child.kill());
  const events: Thief["events"] = [];
  createInterface({ input: child.stdout }).on("line", (line) =>
    events.push(JSON.parse(line) as Thief["events"][number]),
  );
  return { events, left: new Promise((resolve) => child.once("exit", resolve)) };
}

test("a stolen key in another process is useless after its revocation: no stream, handshake, session or new SVID", async (context) => {
  await using estate = await openEstate();
  const victim = await estate.svidFor("agent", "assistant");
  const folder = await keep(estate, victim);
  ticking(estate);
  const { events, left } = thief(context, folder, estate.cordon.gateway.port);
  await until(() => events.some(({ event }) => event === "streaming"), "the stolen key works, until it is revoked");
  estate.chat.seen.length = 0;
  const asked = Date.now();
  await revoke(estate, "--key", join(folder, "key.pem"));
  await until(() => events.some(({ event }) => event === "cut"), "the thief's stream was cut");
  const tookMs = (events.find(({ event }) => event === "cut")?.at ?? 0) - asked;
  context.diagnostic(`from the command to the cut in the other process: ${tookMs} ms`);
  assert.ok(tookMs < 5_000, `${tookMs} ms`);
  await left;
  const again = events.filter(({ event }) => event === "again");
  assert.ok(again.length >= 1);
  for (const { got, resumed } of again) {
    assert.equal(got, "", "not a byte");
    assert.equal(resumed, false, "no session is resumed");
  }
  assert.equal(estate.chat.seen.length, 0, "nothing reached the upstream");
  const { authority } = estate.cordon.control;
  const csr = await makeCsr(victim.key);
  await assert.rejects(authority.issueX509Svid({ id: victim.id, key: { csr } }), /revoked/);
  assert.equal(
    await serves(estate, await estate.svidFor("agent", "assistant")),
    true,
    "the victim goes on with a new key",
  );
});

test("an authority: everything it issued falls, the gateway takes a new certificate, new SVIDs work", async () => {
  await using estate = await openEstate();
  const before = await estate.svidFor("agent", "assistant");
  const stream = await openStream(estate, estate.agent(before));
  const { authority } = estate.cordon.control;
  const issuer = (await authority.authorities()).issuers.find(({ state }) => state === "active");
  const rotated = new Promise((resolve) => estate.cordon.identity.onRotate(resolve));
  await revoke(estate, "--authority", issuer?.keyFingerprint ?? "");
  await until(() => stream.ended, "the stream was cut");
  await rotated;
  assert.equal(await serves(estate, before), false);
  assert.equal(await serves(estate, await estate.svidFor("agent", "assistant")), true);
});

test("the root itself: the same, and the bundle is another", async () => {
  await using estate = await openEstate();
  const before = await estate.svidFor("agent", "assistant");
  const stream = await openStream(estate, estate.agent(before));
  const { authority } = estate.cordon.control;
  const { sequence } = authority.bundle();
  const root = (await authority.authorities()).x509.find(({ state }) => state === "active");
  await revoke(estate, "--authority", root?.keyFingerprint ?? "");
  await until(() => stream.ended, "the stream was cut");
  await until(() => authority.bundle().sequence > sequence, "a new root is published");
  assert.equal(await serves(estate, await estate.svidFor("agent", "assistant")), true);
});

async function bearerStreams(estate: Estate) {
  const { authority } = estate.cordon.control;
  const issue = () => authority.issueJwtSvid({ id: idOf("agent", "notebook"), audience: estate.cordon.gatewayId });
  const [one, two] = [await issue(), await issue()];
  const streams: Stream[] = [];
  for (const { token } of [one, two])
    streams.push(await openStream(estate, estate.agent(undefined), { authorization: `Bearer ${token}` }));
  return { tokens: [one.token, two.token], streams };
}

test("one token: the live stream that it opened is cut, another token's goes on", async () => {
  await using estate = await openEstate({ bearer: true });
  const { tokens, streams } = await bearerStreams(estate);
  assert.notEqual(tokens[0], tokens[1]);
  const file = join(estate.folder, "token");
  await writeFile(file, `${tokens[0]}\n`);
  await revoke(estate, "--certificate", file);
  await until(() => streams[0]?.ended === true, "the stream was cut");
  assert.equal(streams[1]?.ended, false);
});

test("a token key that leaves the bundle takes the live streams of its tokens with it", async () => {
  await using estate = await openEstate({ bearer: true });
  const { tokens, streams } = await bearerStreams(estate);
  const { authority } = estate.cordon.control;
  const key = (await authority.authorities()).jwt.find(({ state }) => state === "active");
  await authority.taint(key?.id ?? "", { early: true });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(
    streams.map(({ ended }) => ended),
    [false, false],
    "tainted: they still stand",
  );
  await authority.retire(key?.id ?? "");
  await until(() => streams.every(({ ended }) => ended), "the streams were cut");
  const { body, statusCode } = await estate.agent(undefined).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${tokens[1]}` },
    body: '{"model":"m"}',
  });
  assert.equal(statusCode, 401);
  assert.match(await body.text(), /does not publish/);
  const outcomes = (await estate.entries()).filter((entry) => entry.kind === "outcome" && entry.end === "cut");
  assert.ok(outcomes.some((entry) => entry.kind === "outcome" && /no longer published/.test(entry.why?.words ?? "")));
});

test("a revocation survives a restart, until it is lifted", async () => {
  await using estate = await openEstate();
  const rival = await estate.svidFor("agent", "rival");
  assert.equal(await serves(estate, rival), true);
  await revoke(estate, "rival");
  await estate.cordon[Symbol.asyncDispose]();
  const again = await startCordon({
    path: estate.configuration,
    env: { TEST_UPSTREAM_KEY: upstreamKey },
    version: "test",
    log: () => undefined,
  });
  const restarted = { ...estate, cordon: again };
  const call = async () => {
    try {
      const request = { origin: again.gatewayUrl, path: "/v1/chat/completions", ...chatCall({ model: "m" }) };
      const { statusCode, body } = await estate.agent(rival).request(request as Dispatcher.RequestOptions);
      await body.dump();
      return statusCode;
    } catch {
      return 0;
    }
  };
  try {
    assert.equal(await call(), 0, "the handshake is refused");
    await assert.rejects(
      again.control.authority.issueX509Svid({ id: rival.id, key: { csr: await makeCsr(rival.key) } }),
      /revoked/,
    );
    await revoke(restarted, "rival", "--lift");
    await until(() => again.control.snapshots.current().revocations.workloads.size === 0, "it was lifted");
    assert.equal(await call(), 200);
  } finally {
    await again[Symbol.asyncDispose]();
  }
});
