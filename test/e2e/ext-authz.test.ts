/**
 * Envoy's external authorization from outside: who calls is taken from a certificate that is verified here, or from the
 * header of an Envoy that is configured so and read in one way only. The tricks of callers who would be somebody else are
 * refused; the same checks are asked by Google's own gRPC client where it is installed.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { connect as http2Connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions, toPem } from "@cordon/core/identity/tls";
import {
  Authorization,
  CheckRequestSchema,
  CheckResponseSchema,
  type CheckResponse,
} from "@cordon/control/doors/proto/external-auth";
import { openEstate, type Estate } from "./estate.ts";

const assistantId = "spiffe://test.example/ns/default/agent/assistant";
const rivalId = "spiffe://test.example/ns/default/agent/rival";
const edgeId = "spiffe://test.example/ns/default/service/edge";

let estate: Estate;
let assistant: X509Svid;
let edge: X509Svid;
before(async () => {
  estate = await openEstate({
    configuration: () => `
version: 1
trustDomain: test.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 1 }
console: { enabled: false }
doors:
  listen: "127.0.0.1:0"
  enforcementPoints:
    - { component: edge, protocols: [ext_authz], actions: { GET: read, POST: write }, resource: orders }
    - { component: mesh, protocols: [ext_authz], actions: { GET: read, POST: write }, resource: orders, principalFrom: xfcc }
    - { component: asker, protocols: [authzen] }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: edge, kind: service, boundary: api }
  - { name: mesh, kind: service, boundary: api }
  - { name: asker, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: rival, kind: agent, boundary: api }
  - { name: orders, kind: service, boundary: api }
  - { name: vault, kind: service, boundary: api }
policies:
  - { file: policies.cedar }
`,
    policies: `
@id("reads") @reason("the assistant looks up orders") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/service/orders");
@id("not-admin") @reason("the administration pages are nobody's") forbid (principal, action, resource) when { context.claims.contains("path=/admin") };
`,
  });
  assistant = await estate.svidFor("agent", "assistant");
  edge = await estate.svidFor("service", "edge");
});
after(() => estate[Symbol.asyncDispose]());

function client(svid: X509Svid): Client<typeof Authorization> {
  const baseUrl = estate.cordon.doorsUrl ?? "";
  return createClient(
    Authorization,
    createGrpcTransport({ baseUrl, nodeOptions: clientTlsOptions(svid), idleConnectionTimeoutMs: 100 }),
  );
}

const pemOf = (svid: X509Svid): string => encodeURIComponent(svid.chain.map(toPem).join(""));

interface Check {
  readonly certificate?: string;
  readonly principal?: string;
  readonly headers?: Record<string, string>;
  readonly list?: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly path?: string;
  readonly extensions?: Record<string, string>;
}

function message({
  certificate = "",
  principal = "",
  headers = {},
  list,
  method = "GET",
  path = "/7?x=1",
  extensions = {},
}: Check) {
  return create(CheckRequestSchema, {
    attributes: {
      source: { certificate, principal },
      request: {
        http: {
          ...{ method, path, host: "orders.test", headers },
          ...(list === undefined ? {} : { headerMap: { headers: list.map(([key, value]) => ({ key, value })) } }),
        },
      },
      contextExtensions: extensions,
    },
  });
}

/** HTTP status and words of an answer. */
function said({ status, httpResponse }: CheckResponse): readonly [number, string] {
  if (httpResponse.case === "okResponse") return [200, ""];
  assert.equal(httpResponse.case, "deniedResponse");
  assert.notEqual(status?.code, 0);
  return [httpResponse.value.status?.code ?? 0, httpResponse.value.body];
}

test("a caller is who its verified certificate says, and policy decides; a refusal says why", async () => {
  const ask = client(edge);
  const check = async (one: Check) => said(await ask.check(message(one)));
  const certificate = pemOf(assistant);
  assert.deepEqual(await check({ certificate, principal: assistantId }), [200, ""]);
  const [denied, why] = await check({ certificate, method: "POST" });
  assert.equal(denied, 403);
  assert.match(
    why,
    /^Cordon refuses this: no policy of namespace `default` permits default\/agent\/assistant to write/,
  );
  assert.equal((await check({ certificate, method: "BREW" }))[0], 403);
  assert.match((await check({ certificate, path: "/admin" }))[1], /administration pages are nobody's/);
  // Which component is asked for is Envoy's route's to say, and no header's.
  assert.equal((await check({ certificate, extensions: { "cordon.resource": "vault" } }))[0], 403);
  assert.equal((await check({ certificate, extensions: { "cordon.resource": "../orders" } }))[0], 403);
  assert.equal((await check({ certificate, method: "POST", extensions: { "cordon.action": "read" } }))[0], 200);
  assert.equal((await check({ certificate, headers: { "cordon.resource": "vault" } }))[0], 200);
});

test("nobody becomes somebody by what it sends along", async () => {
  const ask = client(edge);
  const refused = async (one: Check, words: RegExp): Promise<void> => {
    const [status, body] = said(await ask.check(message(one)));
    assert.equal(status, 401, body);
    assert.match(body, words);
  };
  const xfcc = { "x-forwarded-client-cert": `URI=${assistantId}` };
  // This Envoy is not configured to be believed by its header.
  await refused({ headers: xfcc }, /carries no certificate/);
  await refused({ certificate: "%E0%A4%A", headers: xfcc }, /URL-encoded/);
  await refused({ certificate: "none" }, /PEM/);
  await refused({ certificate: pemOf(assistant), principal: rivalId }, /its certificate is of/);
  await refused({ certificate: "x".repeat(40_000) }, /too long/);
  const forged = Buffer.from(assistant.chain[0] ?? []);
  forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) ^ 1;
  await refused({ certificate: encodeURIComponent(toPem(forged)) }, /./);
  // A path that servers read in several ways is denied, whatever policy says of it.
  for (const path of [
    "/x/../admin",
    "/%61dmin",
    "//admin",
    "/./admin",
    "/x\\admin",
    "admin",
    "/admin/..",
    "/a;b%2fadmin",
  ]) {
    const [status, body] = said(await ask.check(message({ certificate: pemOf(assistant), path })));
    assert.deepEqual([status, /names that could be read as others/.test(body)], [403, true], path);
  }
});

test("a header is believed of an Envoy that is configured so, and only where it reads in one way", async () => {
  const ask = client(await estate.svidFor("service", "mesh"));
  const check = async (value: string, more: Check = {}) =>
    said(await ask.check(message({ headers: { "x-forwarded-client-cert": value }, ...more })));
  const by = "By=spiffe://test.example/ns/default/service/mesh";
  assert.deepEqual(
    await check(`${by};Hash=468ed33be74eee6556d90c0149c1309e;Subject="CN=a, O=\\"b\\"";URI=${assistantId}`),
    [200, ""],
  );
  assert.deepEqual(await check(`URI=${assistantId}`, { principal: assistantId }), [200, ""]);
  for (const [value, words] of [
    [`URI=${rivalId},${by};URI=${assistantId}`, /several elements/],
    [`${by};URI=${assistantId},URI=${rivalId}`, /several elements/],
    [`${by};URI=${rivalId};URI=${assistantId}`, /names no URI, or several/],
    [`${by};Subject="x;URI=${assistantId}"`, /names no URI/],
    [`By=${edgeId};URI=${assistantId}`, /was made by/],
    [`${by};URI=${assistantId};`, /ends with a separator/],
    [`${by};URI="${assistantId}`, /not of the form/],
    ["", /names no URI/],
    [`URI=${assistantId} `, /not of the form/],
    ["x".repeat(9_000), /too long/],
  ] as const) {
    const [status, body] = await check(value);
    assert.equal(status, 401, value.slice(0, 200));
    assert.match(body, words);
  }
  assert.match((await check(`URI=${assistantId}`, { principal: rivalId }))[1], /Envoy's own peer is/);
  const several = said(
    await ask.check(
      message({
        list: [
          ["x-forwarded-client-cert", `URI=${assistantId}`],
          ["X-Forwarded-Client-Cert", `URI=${rivalId}`],
        ],
      }),
    ),
  );
  assert.match(several[1], /several `x-forwarded-client-cert` headers/);
  const none = said(await ask.check(message({ certificate: pemOf(assistant) })));
  assert.match(none[1], /nobody says who calls/);
});

test("whoever is no enforcement point for this gets no answer at all", async () => {
  const asks = async (svid: X509Svid): Promise<unknown> =>
    client(svid)
      .check(message({ certificate: pemOf(assistant) }))
      .catch((error: unknown) => ConnectError.from(error).code);
  assert.equal(await asks(assistant), Code.PermissionDenied);
  assert.equal(await asks(await estate.svidFor("service", "asker")), Code.PermissionDenied);
});

test("Google's gRPC gets the same answers", { skip: pythonSkip() }, async (t) => {
  const files = { roots: "roots.pem", certificate: "edge.pem", key: "edge.key" };
  const place = (name: string): string => join(estate.folder, name);
  const { x509Authorities } = estate.cordon.control.authority.bundle();
  await writeFile(place(files.roots), x509Authorities.map(toPem).join(""));
  await writeFile(place(files.certificate), edge.chain.map(toPem).join(""));
  await writeFile(place(files.key), edge.key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const checks = [{ certificate: pemOf(assistant) }, { certificate: pemOf(assistant), method: "POST" }, {}].map((one) =>
    Buffer.from(toBinary(CheckRequestSchema, message(one))).toString("hex"),
  );
  const address = (estate.cordon.doorsUrl ?? "").replace("https://", "");
  const { stdout } = await promisify(execFile)(
    "/usr/bin/python3",
    [
      join(import.meta.dirname, "../conformance/clients/ext_authz.py"),
      ...[address, place(files.roots), place(files.certificate), place(files.key)],
      ...checks,
    ],
    { timeout: 60_000, env: { ...process.env, GRPC_VERBOSITY: "NONE" } },
  );
  const answers = stdout
    .trim()
    .split("\n")
    .map((hex) => said(fromBinary(CheckResponseSchema, Buffer.from(hex, "hex")))[0]);
  assert.deepEqual(answers, [200, 403, 401]);
  t.diagnostic(`${answers.length} checks by grpcio answered alike`);
});

function pythonSkip(): string | false {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import grpc"], { stdio: "ignore" });
    return false;
  } catch {
    return "python3-grpcio is missing: apt-get install python3-grpcio";
  }
}

const connect = (svid: X509Svid, settings = {}): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const session = http2Connect(estate.cordon.doorsUrl ?? "", { ...clientTlsOptions(svid), ...settings } as never);
    session.once("connect", () => resolve(session)).once("error", reject);
  });

/** Whether it is still open once the other end has had the time to close it. */
async function holds(session: ClientHttp2Session): Promise<boolean> {
  session.on("error", () => undefined);
  const answered = await new Promise<boolean>((resolve) => {
    session.ping((error) => resolve(error === null));
    session.once("close", () => resolve(false));
    if (session.destroyed) resolve(false);
  }).catch(() => false);
  return answered && !session.destroyed;
}

test("an SVID that is no enforcement point's holds four connections and no more; it keeps nobody else out", async () => {
  const stranger = await estate.svidFor("agent", "rival");
  const sessions: ClientHttp2Session[] = [];
  for (let one = 0; one < 12; one++) {
    const session = await connect(stranger).catch(() => undefined);
    if (session !== undefined) sessions.push(session);
  }
  let open = 0;
  for (const session of sessions) if (await holds(session)) open += 1;
  assert.equal(open, 4);
  await assert.rejects(client(stranger).check(message({ certificate: pemOf(assistant) })));
  const answer = await client(edge).check(message({ certificate: pemOf(assistant) }));
  assert.equal(answer.status?.code, 0, answer.status?.message);
  for (const session of sessions) session.destroy();
});

test("checks that never end hold half of what may be under way: the next of the same point is refused, another's is answered", async () => {
  const flood = await connect(edge, { settings: { enablePush: false } });
  const second = await connect(edge);
  const streams: ClientHttp2Stream[] = [];
  const headers = {
    ":method": "POST",
    ":path": "/envoy.service.auth.v3.Authorization/Check",
    "content-type": "application/grpc",
    te: "trailers",
  };
  // 128 questions without an end, over two connections (100 streams each at most).
  for (let one = 0; one < 128; one++) {
    const stream = (one < 90 ? flood : second).request(headers);
    stream.on("error", () => undefined);
    stream.write(Buffer.from([0, 0, 0, 0, 50]));
    streams.push(stream);
  }
  await until(async () => {
    const refused = await client(edge)
      .check(message({ certificate: pemOf(assistant) }))
      .then(
        () => undefined,
        (error: unknown) => ConnectError.from(error).code,
      );
    return refused === Code.ResourceExhausted;
  });
  const other = await estate.svidFor("service", "mesh");
  const xfcc = { "x-forwarded-client-cert": `By=spiffe://test.example/ns/default/service/mesh;URI=${assistantId}` };
  const answered = await client(other).check(message({ headers: xfcc }));
  assert.ok(answered.status, "another enforcement point is answered");
  for (const stream of streams) stream.close();
  flood.destroy();
  second.destroy();
  await until(async () => {
    const again = await client(edge)
      .check(message({ certificate: pemOf(assistant) }))
      .catch(() => undefined);
    return again?.status?.code === 0;
  });
});

async function until(holdsNow: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holdsNow()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it never came to pass");
}

test("every check is on record, with the Envoy that asked", async () => {
  const decisions = (await estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const own = decisions.filter(({ askedBy }) => askedBy === edgeId);
  assert.ok(own.some(({ effect }) => effect === "allow") && own.some(({ effect }) => effect === "deny"));
  assert.ok(own.every(({ principal, context }) => principal === assistantId && context.route === "ext_authz"));
});
