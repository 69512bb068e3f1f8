import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { controlClient } from "./control-client.ts";
import { openEndpoint } from "./endpoint.ts";
import { openGatewayLink } from "./gateway-link.ts";
import { openIdentity, type WorkloadIdentity } from "./identity.ts";
import { fetchBundle, issueThrough } from "./issue.ts";
import { newRunSecret } from "./secret.ts";
import { testAuthority } from "./testing/authority.ts";
import { testControlPlane, type TestControlPlane } from "./testing/control-plane.ts";
import { testGateway, type TestGateway } from "./testing/gateway.ts";

const prefix = "spiffe://bank.example/ns/default";
const gatewayId = `${prefix}/service/gateway`;
const noCheckpoints = { begin: () => () => undefined };

interface Rig extends AsyncDisposable {
  readonly port: number;
  readonly secret: string;
  readonly gateway: TestGateway;
  readonly control: TestControlPlane;
  readonly identity: WorkloadIdentity;
  /** Sets the identity's monotonic clock ahead. */
  advance(ms: number): void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function rig(
  handler: Handler,
  options: { readonly gatewaySvidId?: string; readonly gatewayDomain?: string } = {},
): Promise<Rig> {
  const stack = new AsyncDisposableStack();
  const authority = await testAuthority("bank.example");
  // Another domain's authority issues the very same name: only the bundle can tell.
  const gatewayAuthority = options.gatewayDomain === undefined ? authority : await testAuthority(options.gatewayDomain);
  const gateway = stack.use(
    await testGateway(
      await gatewayAuthority.svid(options.gatewaySvidId ?? gatewayId),
      gatewayAuthority.bundle,
      handler,
    ),
  );
  const control = stack.use(await testControlPlane(authority, prefix));
  const client = controlClient(control.socketPath);
  let ahead = 0;
  const clocks = { wall: () => Date.now(), monotonic: () => performance.now() + ahead };
  const identity = stack.use(
    await openIdentity({ issue: issueThrough(client, "assistant"), fetchBundle: () => fetchBundle(client), clocks }),
  );
  const link = stack.use(openGatewayLink(identity, { url: gateway.url, id: parseSpiffeId(gatewayId) }));
  const secret = newRunSecret();
  const endpoint = stack.use(await openEndpoint({ link, secret, checkpoints: noCheckpoints }));
  assert.ok("port" in endpoint.address);
  return {
    port: endpoint.address.port,
    secret,
    gateway,
    control,
    identity,
    advance: (ms) => void (ahead += ms),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

async function call(
  port: number,
  path: string,
  options: { readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly body?: string | Buffer } = {},
): Promise<Answer> {
  const request = httpRequest({ host: "127.0.0.1", port, path, method: options.method ?? "GET", agent: false });
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value !== undefined) request.setHeader(name, value);
  request.end(options.body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  // What happens to the rest of an upload after its answer is no matter of the answer.
  request.on("error", () => undefined);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

const echo: Handler = (request, response) => {
  void (async () => {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).byteLength;
    response.writeHead(200, {
      "content-type": "application/json",
      "x-upstream": "yes",
      connection: "close, x-private",
    });
    response.end(JSON.stringify({ url: request.url, bytes }));
  })();
};

test("forwards a request to the gateway as the component, and its answer back", async () => {
  await using rigged = await rig(echo);
  const answer = await call(rigged.port, "/v1/models?limit=2", {
    method: "POST",
    headers: { authorization: `Bearer ${rigged.secret}`, "x-keep": "kept", "content-type": "text/plain" },
    body: Buffer.alloc(300_000, "x"),
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.text), { url: "/v1/models?limit=2", bytes: 300_000 });
  assert.equal(answer.headers["x-upstream"], "yes");
  const [seen] = rigged.gateway.seen;
  assert.equal(seen?.peer, `${prefix}/agent/assistant`);
  assert.ok(seen?.rawHeaders.includes("kept"));
});

for (const header of ["authorization", "x-api-key", "api-key"])
  test(`accepts the run's secret in ${header}, and forwards it nowhere`, async () => {
    await using rigged = await rig(echo);
    const value = header === "authorization" ? `Bearer ${rigged.secret}` : rigged.secret;
    const answer = await call(rigged.port, "/v1/models", {
      headers: { [header]: value, "x-copy": `note ${rigged.secret}`, cookie: `k=${rigged.secret}` },
    });
    assert.equal(answer.status, 200);
    const [seen] = rigged.gateway.seen;
    assert.ok(!JSON.stringify(seen).includes(rigged.secret));
    assert.ok(!seen?.rawHeaders.some((name) => /^(?:authorization|x-api-key|api-key)$/i.test(name)));
  });

test("forwards hop-by-hop headers in neither direction", async () => {
  await using rigged = await rig((_request, response) => {
    response.writeHead(200, {
      connection: "keep-alive, x-private",
      "x-private": "hop",
      "keep-alive": "timeout=9",
      "x-end": "1",
    });
    response.end();
  });
  const answer = await call(rigged.port, "/v1/models", {
    headers: {
      "api-key": rigged.secret,
      connection: "close, x-mine",
      "x-mine": "hop",
      te: "trailers",
      "x-through": "1",
    },
  });
  assert.equal(answer.headers["x-private"], undefined);
  assert.equal(answer.headers["x-end"], "1");
  const names = rigged.gateway.seen[0]?.rawHeaders.map((name) => name.toLowerCase()) ?? [];
  assert.ok(!names.includes("x-mine") && !names.includes("te"));
  assert.ok(names.includes("x-through"));
});

const refusals: readonly {
  readonly name: string;
  readonly headers: (secret: string) => OutgoingHttpHeaders;
  readonly path?: string;
  readonly status: number;
}[] = [
  { name: "no secret", headers: () => ({}), status: 401 },
  { name: "a wrong secret", headers: () => ({ authorization: "Bearer cordon-run-wrong" }), status: 401 },
  { name: "a prefix of the secret", headers: (secret) => ({ "x-api-key": secret.slice(0, -1) }), status: 401 },
  { name: "the secret and more", headers: (secret) => ({ "x-api-key": `${secret}x` }), status: 401 },
  { name: "the secret as Basic", headers: (secret) => ({ authorization: `Basic ${secret}` }), status: 401 },
  { name: "the secret in a cookie only", headers: (secret) => ({ cookie: `k=${secret}` }), status: 401 },
  {
    name: "the secret, from a web page",
    headers: (secret) => ({ authorization: `Bearer ${secret}`, origin: "http://localhost:3000" }),
    status: 403,
  },
  {
    name: "the secret, through a rebound name",
    headers: (secret) => ({ authorization: `Bearer ${secret}`, host: "attacker.example" }),
    status: 403,
  },
  {
    name: "the secret, with a name that only begins like loopback",
    headers: (secret) => ({ authorization: `Bearer ${secret}`, host: "127.0.0.1.attacker.example" }),
    status: 403,
  },
  {
    name: "the secret, for a whole URL as a forward proxy takes it",
    headers: (secret) => ({ authorization: `Bearer ${secret}` }),
    path: "http://metadata.example/latest",
    status: 400,
  },
];
for (const { name, headers, path, status } of refusals)
  test(`refuses ${name} and forwards nothing`, async () => {
    await using rigged = await rig(echo);
    const answer = await call(rigged.port, path ?? "/v1/models", { headers: headers(rigged.secret) });
    assert.equal(answer.status, status);
    assert.equal(rigged.gateway.seen.length, 0);
    // The same call with nothing wrong about it goes through, so the refusal was about what is wrong.
    const right = await call(rigged.port, "/v1/models", { headers: { authorization: `Bearer ${rigged.secret}` } });
    assert.equal(right.status, 200);
  });

test("refuses a URL that carries the secret, for URLs are logged", async () => {
  await using rigged = await rig(echo);
  const answer = await call(rigged.port, `/v1/models?key=${rigged.secret}`, { headers: { "api-key": rigged.secret } });
  assert.equal(answer.status, 400);
  assert.equal(rigged.gateway.seen.length, 0);
});

test("refuses a protocol upgrade", async () => {
  await using rigged = await rig(echo);
  const answer = await call(rigged.port, "/v1/realtime", {
    headers: { "api-key": rigged.secret, connection: "Upgrade", upgrade: "websocket" },
  });
  assert.equal(answer.status, 501);
  assert.equal(rigged.gateway.seen.length, 0);
});

test("refuses in OpenAI's shape, and in Anthropic's below /anthropic", async () => {
  await using rigged = await rig(echo);
  const openai = JSON.parse((await call(rigged.port, "/v1/chat/completions", { method: "POST" })).text) as unknown;
  const anthropic = JSON.parse((await call(rigged.port, "/anthropic/v1/messages", { method: "POST" })).text) as unknown;
  assert.partialDeepStrictEqual(openai, { error: { type: "authentication_error", code: "invalid_api_key" } });
  assert.partialDeepStrictEqual(anthropic, { type: "error", error: { type: "authentication_error" } });
});

test("hands on a streamed answer chunk by chunk, before the next is written", async () => {
  let release: (() => void) | undefined;
  await using rigged = await rig((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
    release = () => response.end("data: two\n\n");
  });
  const request = httpRequest({
    host: "127.0.0.1",
    port: rigged.port,
    path: "/v1/x",
    headers: { "api-key": rigged.secret },
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "data: one\n\n");
  // Only now does the gateway send the rest: had the first chunk been held back, this test would hang.
  release?.();
  const [second] = (await once(response, "data")) as [Buffer];
  assert.equal(second.toString(), "data: two\n\n");
});

test("hands on a streamed request chunk by chunk", async () => {
  let firstChunk: ((text: string) => void) | undefined;
  const arrived = new Promise<string>((resolve) => {
    firstChunk = resolve;
  });
  await using rigged = await rig((request, response) => {
    request.once("data", (chunk: Buffer) => firstChunk?.(chunk.toString()));
    request.once("end", () => response.end("done"));
    request.resume();
  });
  const request = httpRequest({
    host: "127.0.0.1",
    port: rigged.port,
    path: "/v1/x",
    method: "POST",
    headers: { "api-key": rigged.secret },
  });
  request.write("first");
  assert.equal(await arrived, "first");
  request.end("second");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.resume();
});

test("a caller that leaves cancels the gateway's request", async () => {
  let cancelled: (() => void) | undefined;
  const cut = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  await using rigged = await rig((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
    response.once("close", () => cancelled?.());
  });
  const request = httpRequest({
    host: "127.0.0.1",
    port: rigged.port,
    path: "/v1/x",
    headers: { "api-key": rigged.secret },
  });
  request.on("error", () => undefined);
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "data");
  request.destroy();
  await cut;
});

test("does not read a gateway faster than the caller reads", async () => {
  let written = 0;
  const total = 64 * 1024 * 1024;
  await using rigged = await rig((_request, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    const chunk = Buffer.alloc(64 * 1024);
    const push = (): void => {
      while (written < total) {
        written += chunk.byteLength;
        if (!response.write(chunk)) return void response.once("drain", push);
      }
      response.end();
    };
    push();
  });
  const request = httpRequest({
    host: "127.0.0.1",
    port: rigged.port,
    path: "/v1/x",
    headers: { "api-key": rigged.secret },
  });
  request.on("error", () => undefined);
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  // Nobody reads: what the gateway could write settles far below the whole.
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(written < total, `the gateway wrote all ${written} bytes to a caller that read none`);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).byteLength;
  assert.equal(received, total);
});

test("cuts the answer when the gateway breaks off, rather than make it look whole", async () => {
  await using rigged = await rig((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n", () => response.destroy());
  });
  await assert.rejects(call(rigged.port, "/v1/x", { headers: { "api-key": rigged.secret } }));
});

for (const { name, options } of [
  { name: "with another component's identity", options: { gatewaySvidId: `${prefix}/endpoint/chat` } },
  { name: "with the right name from another domain's authority", options: { gatewayDomain: "evil.example" } },
  {
    name: "of another trust domain",
    options: { gatewayDomain: "evil.example", gatewaySvidId: "spiffe://evil.example/ns/default/service/gateway" },
  },
])
  test(`sends no byte to a gateway ${name}`, async () => {
    await using rigged = await rig(echo, options);
    const answer = await call(rigged.port, "/v1/chat/completions", {
      method: "POST",
      headers: { "api-key": rigged.secret },
      body: "prompt",
    });
    assert.equal(answer.status, 502);
    assert.match(answer.text, /upstream_untrusted/);
    assert.match(answer.text, /Nothing was sent/);
    assert.equal(rigged.gateway.seen.length, 0);
    assert.equal(rigged.gateway.bytes(), 0);
  });

test("an impostor is sent the prompt by whoever does not verify it: the check is what protects", async () => {
  const evil = await testAuthority("evil.example");
  const ours = await testAuthority("bank.example");
  await using impostor = await testGateway(await evil.svid(gatewayId), ours.bundle, echo);
  const { hostname: host, port } = new URL(impostor.url);
  const own = await ours.svid(`${prefix}/agent/assistant`);
  const request = httpsRequest({ ...clientTlsOptions(own), host, port, method: "POST", agent: false });
  request.end("prompt");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  assert.equal(impostor.seen.length, 1);
});

test("says what to do when the gateway is gone, and reads a large body to its end all the same", async () => {
  await using rigged = await rig(echo);
  await rigged.gateway[Symbol.asyncDispose]();
  const answer = await call(rigged.port, "/v1/chat/completions", {
    method: "POST",
    headers: { "api-key": rigged.secret },
    body: Buffer.alloc(5_000_000),
  });
  assert.equal(answer.status, 502);
  assert.match(answer.text, /cordon up/);
});

test("rotation drops no request: one under way finishes, the next shows the new SVID", async () => {
  let finish: (() => void) | undefined;
  await using rigged = await rig((request, response) => {
    if (request.url !== "/v1/slow") return void response.end("fast");
    response.writeHead(200);
    response.write("begun ");
    finish = () => response.end("finished");
  });
  const headers = { "api-key": rigged.secret };
  const request = httpRequest({ host: "127.0.0.1", port: rigged.port, path: "/v1/slow", headers });
  request.end();
  const [slow] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  slow.on("data", (chunk: Buffer) => (text += chunk.toString()));

  const before = rigged.identity.current();
  const rotated = new Promise((resolve) => rigged.identity.onRotate(resolve));
  rigged.advance(2_000_000);
  await rigged.identity.check();
  await rotated;
  assert.notEqual(rigged.identity.current(), before);

  assert.equal((await call(rigged.port, "/v1/fast", { headers })).text, "fast");
  finish?.();
  await once(slow, "end");
  assert.equal(text, "begun finished");
  const [first, second] = rigged.gateway.seen;
  assert.notEqual(first?.fingerprint, second?.fingerprint);
});

test("a unix socket listener is for this user alone", async () => {
  const authority = await testAuthority("bank.example");
  await using control = await testControlPlane(authority, prefix);
  const client = controlClient(control.socketPath);
  await using identity = await openIdentity({
    issue: issueThrough(client, "assistant"),
    fetchBundle: () => fetchBundle(client),
  });
  await using link = openGatewayLink(identity, { url: "https://127.0.0.1:1", id: parseSpiffeId(gatewayId) });
  const socketPath = join(control.folder, "run", "agent.sock");
  await using endpoint = await openEndpoint({ link, secret: newRunSecret(), checkpoints: noCheckpoints, socketPath });
  assert.deepEqual(endpoint.address, { socketPath });
  assert.equal((await lstat(socketPath)).mode & 0o777, 0o600);
  assert.equal((await lstat(join(control.folder, "run"))).mode & 0o777, 0o700);
  const tooLong = join(control.folder, "x".repeat(120));
  await assert.rejects(
    openEndpoint({ link, secret: "s", checkpoints: noCheckpoints, socketPath: tooLong }),
    /107 bytes/,
  );
});

test("a caller that leaves while the identity is being renewed leaves nothing behind at the gateway", async () => {
  let asked = 0;
  await using open = await rig((_request, response) => {
    asked++;
    response.end("{}");
  });
  let renew: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (renew = resolve));
  const usable = open.identity.usable.bind(open.identity);
  open.identity.usable = async () => {
    await waiting;
    return await usable();
  };
  const left = httpRequest({
    port: open.port,
    host: "127.0.0.1",
    path: "/v1/models",
    headers: { authorization: `Bearer ${open.secret}` },
  });
  left.on("error", () => undefined).end();
  await new Promise((resolve) => setTimeout(resolve, 100));
  left.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  renew();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(asked, 0);
});
