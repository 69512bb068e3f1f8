/** Attacks on the gateway by bytes: what a client with an identity can send, beyond what an HTTP library would. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { request as undiciRequest } from "undici";
import { controlClient } from "@cordon/agent/run/control-client";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { chatCall, idOf, openEstate, until, type Estate } from "./estate.ts";

let estate: Estate;
let assistant: X509Svid;
let rival: X509Svid;
let trainer: X509Svid;
const crashes: unknown[] = [];
const crashed = (error: unknown): void => void crashes.push(error);

before(async () => {
  process.on("uncaughtException", crashed).on("unhandledRejection", crashed);
  estate = await openEstate({ idleMs: 400, maxBodyBytes: 1_000_000 });
  assistant = await estate.svidFor("agent", "assistant");
  rival = await estate.svidFor("agent", "rival");
  trainer = await estate.svidFor("pipeline", "trainer");
});
after(async () => {
  await estate[Symbol.asyncDispose]();
  process.off("uncaughtException", crashed).off("unhandledRejection", crashed);
});
afterEach(() => {
  estate.chat.seen.length = 0;
  estate.data.seen.length = 0;
  estate.chat.answer = (_seen, response) => response.end("{}");
  estate.data.answer = (_seen, response) => response.end("rows");
  assert.deepEqual(crashes, [], "nothing escapes into the process");
});

interface Wire {
  readonly socket: TLSSocket;
  received: string;
  closed: boolean;
}

/** A TLS connection to the gateway, to write any bytes on. */
async function wire(svid: X509Svid): Promise<Wire> {
  const socket = connect({
    ...clientTlsOptions(svid),
    host: "127.0.0.1",
    port: Number(new URL(estate.cordon.gatewayUrl).port),
    ALPNProtocols: ["http/1.1"],
  });
  const opened: Wire = { socket, received: "", closed: false };
  socket.on("data", (chunk) => (opened.received += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => (opened.closed = true));
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  return opened;
}

function post(path: string, body: string, headers: readonly string[] = []): string {
  return [
    `POST ${path} HTTP/1.1`,
    "host: x",
    "content-type: application/json",
    `content-length: ${body.length}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}

test("a header beyond the two hundredth is judged like any other", async () => {
  const many = Array.from({ length: 230 }, (_, at) => `a${at}: 1`);
  const sent = await wire(assistant);
  sent.socket.write(post("/v1/chat/completions", '{"model":"m"}', [...many, "content-encoding: gzip"]));
  await until(() => sent.received.includes("\r\n\r\n"), "an answer");
  sent.socket.destroy();
  assert.match(sent.received, /^HTTP\/1\.1 4/);
  assert.equal(estate.chat.seen.length, 0);
});

test("pipelined requests do not run beside one another, and end with their client", async () => {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write(`data: ${"x".repeat(65_536)}\n\n`), 5);
    response.on("close", () => clearInterval(timer));
  };
  const sent = await wire(assistant);
  const one = post("/v1/chat/completions", '{"model":"m","stream":true}');
  sent.socket.write(one + one + one);
  await until(() => estate.chat.seen.length >= 1, "the first is forwarded");
  await new Promise((resolve) => setTimeout(resolve, 200));
  sent.socket.destroy();
  await until(() => estate.cordon.gateway.liveCount() === 0, "nothing stays live");
  assert.equal(estate.chat.seen.length, 1);
});

test("a name in another case cannot carry what the exact name may not", async () => {
  for (const extra of [
    '"Previous_Response_Id":"resp_of_another"',
    '"input":[{"role":"user","content":[{"type":"input_file","File_Id":"file-of-another"}]}]',
    '"Stream":true',
    '"Conver\\u017fation":"conv_1"',
  ]) {
    const got = await estate.call(assistant, "/v1/responses", chatCall(`{"model":"m",${extra}}`));
    assert.equal(got.status, 400, extra);
  }
  assert.equal(estate.chat.seen.length, 0);
});

test("what another principal's call left at the upstream cannot be named in any of its forms", async () => {
  for (const body of [
    '{"model":"m","messages":[{"role":"assistant","audio":{"id":"audio_of_another"}}]}',
    '{"model":"m","input":[{"type":"image_generation_call","id":"ig_of_another"}]}',
    '{"model":"m","input":"x","request_id":"resp_of_another"}',
  ]) {
    const path = body.includes("messages") ? "/v1/chat/completions" : "/v1/responses";
    const got = await estate.call(rival, path, chatCall(body));
    assert.ok(got.status === 404 || got.status === 400, `${got.status} ${body}`);
  }
  assert.equal(estate.chat.seen.length, 0);
});

test("headers by which a server takes another method, path or caller never cross, in either spelling", async () => {
  const names = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-prefix",
    "x-forwarded-user",
    "x_forwarded_for",
    "x_api_key",
    "openai_organization",
    "cordon_request_id",
    "remote-user",
    "x-remote-user",
  ];
  const headers = Object.fromEntries(names.map((name) => [name, "DELETE"]));
  assert.equal((await estate.call(trainer, "/training-data/rows", { headers })).status, 200);
  const crossed = names.filter((name) => name in (estate.data.seen[0]?.headers ?? {}));
  assert.deepEqual(crossed, []);
});

test("a path that some servers climb with is refused", async () => {
  for (const path of ["/training-data/..;/secret", "/training-data/a/..;x=1/b", "/training-data/.;/a"]) {
    const sent = await wire(trainer);
    sent.socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(() => sent.received.includes("\r\n\r\n"), "an answer");
    sent.socket.destroy();
    assert.match(sent.received, /^HTTP\/1\.1 400/, path);
  }
  assert.equal(estate.data.seen.length, 0);
});

test("a second charset is refused, whichever of the two a server would take", async () => {
  const got = await estate.call(assistant, "/v1/chat/completions", {
    ...chatCall({ model: "m" }),
    headers: { "content-type": "application/json; charset=utf-8; charset=utf-16" },
  });
  assert.equal(got.status, 415);
});

test("a model's name that decodes to nothing is the caller's mistake, not the gateway's failure", async () => {
  assert.equal((await estate.call(assistant, "/v1/models/%ff")).status, 400);
  assert.equal((await estate.call(assistant, "/anthropic/v1/models/%ff")).status, 400);
});

test("an upload that stops is ended: it holds neither its connection nor the upstream's", async () => {
  const sent = await wire(trainer);
  sent.socket.write("PUT /training-data/x HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nfirst");
  await until(() => estate.cordon.gateway.liveCount() === 1, "it is under way");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(estate.cordon.gateway.liveCount(), 0);
  sent.socket.destroy();
});

test("a client that stops reading is ended: it holds neither its connection nor the upstream's", async () => {
  estate.data.answer = (_seen, response) => response.end(Buffer.alloc(64 * 1024 * 1024));
  const sent = await wire(trainer);
  sent.socket.pause();
  sent.socket.write("GET /training-data/x HTTP/1.1\r\nhost: x\r\n\r\n");
  await until(() => estate.cordon.gateway.liveCount() === 1, "it is under way");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(estate.cordon.gateway.liveCount(), 0);
  sent.socket.destroy();
});

test("a client that leaves in the middle of its upload leaves nothing behind", async () => {
  const sent = await wire(trainer);
  sent.socket.write("PUT /training-data/x HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\nfirst");
  await until(() => estate.cordon.gateway.liveCount() === 1, "it is under way");
  sent.socket.destroy();
  await until(() => estate.cordon.gateway.liveCount() === 0, "it has ended");
});

test("a refusal reaches a client that is still sending", async () => {
  const got = await estate.call(assistant, "/training-data/x", {
    method: "PUT",
    body: Buffer.alloc(8 * 1024 * 1024),
  });
  assert.equal(got.status, 403);
});

test("a stream that a bearer token opened is cut when that token is withdrawn", async () => {
  await using own = await openEstate({ bearer: true });
  own.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: 1\n\n"), 50);
    response.on("close", () => clearInterval(timer));
  };
  const { token } = await own.cordon.control.authority.issueJwtSvid({
    id: idOf("agent", "notebook"),
    audience: own.cordon.gatewayId,
  });
  const got = await undiciRequest(`${own.cordon.gatewayUrl}/v1/chat/completions`, {
    dispatcher: own.agent(undefined),
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: '{"model":"m","stream":true}',
  });
  got.body.on("error", () => undefined).resume();
  const sha256 = createHash("sha256").update(token).digest("hex");
  await controlClient(own.cordon.socketPath).revoke({ type: "certificate", sha256, reason: "leaked" });
  await until(() => own.cordon.gateway.liveCount() === 0, "the stream is cut");
});
