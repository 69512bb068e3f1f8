import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { harmlessUrl, probeUpstream, type ProbeTarget } from "./probe-upstream.ts";

async function listening(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function answering(t: TestContext, listener: RequestListener): Promise<number> {
  const http = createHttpServer(listener);
  return listening(t, (socket) => http.emit("connection", socket));
}

const target = (port: number, more: Partial<ProbeTarget> = {}): ProbeTarget => ({
  name: "default/chat",
  url: `http://127.0.0.1:${port}/v1`,
  authentication: "loopback",
  api: "openai",
  ...more,
});

test("whoever answers a stranger is bypassable, with the remedy for how it proves itself", async (t) => {
  for (const status of [200, 204, 400, 404, 405, 415, 429, 501]) {
    const port = await answering(t, (_request, response) => response.writeHead(status).end());
    const { bypass } = await probeUpstream(target(port));
    assert.equal(bypass.verdict, "bypassable", String(status));
    assert.ok("remedy" in bypass && bypass.remedy.includes("only Cordon can"));
  }
});

test("whoever wants a credential is closed to those without", async (t) => {
  for (const status of [401, 403, 407]) {
    const port = await answering(t, (_request, response) => response.writeHead(status).end());
    assert.equal((await probeUpstream(target(port))).bypass.verdict, "closed", String(status));
  }
});

test("what cannot be told is unknown, and never closed", async (t) => {
  const plain: [string, (socket: Socket) => void][] = [
    ["a reset", (socket) => socket.resetAndDestroy()],
    ["an end without a word", (socket) => socket.end()],
    ["no HTTP", (socket) => socket.end("220 mail.example ESMTP\r\n")],
    ["a redirect", (socket) => socket.end("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n")],
    ["an overload", (socket) => socket.end("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")],
    ["silence", () => undefined],
  ];
  await Promise.all(
    plain.map(async ([name, onSocket]) => {
      const { bypass } = await probeUpstream(target(await listening(t, onSocket)));
      assert.equal(bypass.verdict, "unknown", `${name}: ${bypass.words}`);
    }),
  );
  const speaksPlainly = await listening(t, (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
  const mistaken = target(speaksPlainly, { url: `https://127.0.0.1:${speaksPlainly}/v1`, authentication: "spiffe" });
  assert.equal((await probeUpstream(mistaken)).bypass.verdict, "unknown", "no TLS where TLS was to be");
});

test("nothing there is unreachable, and unknown", async () => {
  const probe = await probeUpstream(target(1));
  assert.equal(probe.bypass.verdict, "unknown");
  assert.match(probe.unreachable ?? "", /ECONNREFUSED/);
});

test("asks without credentials, for what changes nothing", async (t) => {
  const heard: string[] = [];
  const port = await answering(t, (request, response) => {
    const { authorization, "x-api-key": key, cookie } = request.headers;
    heard.push(`${request.method} ${request.url} ${[authorization, key, cookie].join("")}`);
    response.end("x".repeat(100_000));
  });
  await probeUpstream(target(port));
  await probeUpstream(target(port, { api: "anthropic", url: `http://localhost:${port}` }));
  await probeUpstream(target(port, { api: "http", url: `http://127.0.0.1:${port}/data/` }));
  assert.deepEqual(heard, ["GET /v1/models ", "GET /v1/models ", "HEAD /data/ "]);
  assert.equal(harmlessUrl({ url: "https://api.openai.com/v1", api: "openai" }), "https://api.openai.com/v1/models");
});
