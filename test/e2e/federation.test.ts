/** Two Cordons, two trust domains: the partner's workloads call through the bank's gateway, as far as policy lets them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Agent } from "undici";
import { run as federate } from "@cordon/cli/commands/identity/federate";
import { startCordon, type Cordon } from "@cordon/cli/up/wire";
import { serializeBundle } from "@cordon/core/identity/bundle";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { openUpstream, until } from "./estate.ts";

const idOf = (name: string) => parseSpiffeId(`spiffe://partner.example/ns/default/agent/${name}`);

const stacks = new WeakMap<TestContext, AsyncDisposableStack>();

/** In the reverse of the order in which things were opened. */
function atEnd(context: TestContext, close: () => PromiseLike<void>): void {
  let stack = stacks.get(context);
  if (stack === undefined) {
    const made = new AsyncDisposableStack();
    stacks.set(context, (stack = made));
    context.after(() => made.disposeAsync());
  }
  stack.defer(close);
}

async function folderOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-federation-"));
  atEnd(context, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(context: TestContext, folder: string, text: string): Promise<Cordon> {
  const path = join(folder, "cordon.yaml");
  await writeFile(path, text);
  const cordon = await startCordon({ path, env: {}, version: "test", log: () => undefined });
  atEnd(context, () => cordon[Symbol.asyncDispose]());
  return cordon;
}

async function partner(context: TestContext, tls = "") {
  const folder = await folderOf(context);
  if (tls !== "") webCertificate(folder);
  return {
    folder,
    cordon: await start(
      context,
      folder,
      `version: 1
trustDomain: partner.example
gateway: { listen: "127.0.0.1:0" }
console: { enabled: false }
federation: { endpoint: { listen: "127.0.0.1:0"${tls} } }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: caller, kind: agent, boundary: api }
`,
    ),
  };
}

/** A certificate for 127.0.0.1 as a public authority would make one. */
function webCertificate(folder: string): void {
  const made = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", "/CN=web", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "web.key", "-out", "web.pem"],
    ],
    { cwd: folder },
  );
  assert.equal(made.status, 0, made.stderr.toString());
}

const policy = `@id("partner-infers") permit (principal == Workload::"${idOf("caller")}", action == Action::"infer", resource == Component::"default/endpoint/chat");`;

const nobody = `@id("none") forbid (principal, action, resource);`;

function bankText(chatPort: number, federation: string): string {
  return `version: 1
trustDomain: bank.example
gateway: { listen: "127.0.0.1:0", drainSeconds: 1 }
console: { enabled: false }
${federation}
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
${
  federation === ""
    ? ""
    : `  - { name: their-caller, kind: agent, boundary: api, spiffeId: "${idOf("caller")}", bearerTokens: true }
  - { name: their-other, kind: agent, boundary: api, spiffeId: "${idOf("other")}" }`
}
upstreams:
  - { name: chat, url: "http://127.0.0.1:${chatPort}", authentication: loopback }
routes:
  - { name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }
policies:
  - { name: inline, text: '${federation === "" ? nobody : policy}' }
`;
}

async function bank(context: TestContext, federation: string) {
  const folder = await folderOf(context);
  const chat = await openUpstream();
  atEnd(context, () => chat[Symbol.asyncDispose]());
  return { folder, chat, cordon: await start(context, folder, bankText(chat.port, federation)) };
}

const bySpiffe = (url: string, bundleFile: string) =>
  `federation: { trustDomains: [{ trustDomain: partner.example, url: "${url}", profile: { https_spiffe: { endpointId: "spiffe://partner.example/ns/default/service/gateway", bundleFile: "${bundleFile}" } } }] }`;

async function svidOf({ cordon }: { cordon: Cordon }, name: string): Promise<X509Svid> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { publicKey: createPublicKey(privateKey) };
  const { id, chain, notBefore, notAfter } = await cordon.control.authority.issueX509Svid({ id: idOf(name), key });
  return { id, chain, key: privateKey, notBefore, notAfter };
}

function agentOf(context: TestContext, svid: X509Svid | undefined): Agent {
  const agent = new Agent({
    connect: (svid === undefined ? { rejectUnauthorized: false } : clientTlsOptions(svid)) as never,
  });
  atEnd(context, () => agent.destroy());
  return agent;
}

/** The answer's status; 0 when the connection was closed instead. */
async function call(
  context: TestContext,
  to: Cordon,
  svid: X509Svid | undefined,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  try {
    const { statusCode, body } = await agentOf(context, svid).request({
      origin: to.gatewayUrl,
      path: "/v1/chat/completions",
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"model":"m"}',
    });
    return { status: statusCode, text: await body.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

const known = (cordon: Cordon): boolean => [...cordon.control.snapshots.current().bundles.keys()].length === 2;

async function pair(context: TestContext) {
  const a = await partner(context);
  const bundleFile = join(a.folder, "bundle.json");
  await writeFile(bundleFile, serializeBundle(a.cordon.control.authority.bundle()));
  const b = await bank(context, bySpiffe(a.cordon.endpointUrl ?? "", bundleFile));
  await until(() => known(b.cordon), "the partner's bundle arrived");
  return { a, b };
}

test("a workload of another trust domain is known, and is let in by policy alone", async (context) => {
  const { a, b } = await pair(context);
  const caller = await call(context, b.cordon, await svidOf(a, "caller"));
  assert.equal(caller.status, 200, caller.text);
  const other = await call(context, b.cordon, await svidOf(a, "other"));
  assert.equal(other.status, 403, other.text);
  assert.match(other.text, /no policy .* permits spiffe:\/\/partner\.example\/ns\/default\/agent\/other/);
  const unregistered = await call(context, b.cordon, await svidOf(a, "unheard-of"));
  assert.equal(unregistered.status, 403);
  assert.match(unregistered.text, /not registered/);
  assert.equal(b.chat.seen.length, 1, "one of the three reached the model");
});

test("without federation it gets no further than the handshake", async (context) => {
  const a = await partner(context);
  const b = await bank(context, "");
  assert.deepEqual(await call(context, b.cordon, await svidOf(a, "caller")), { status: 0, text: "" });
});

test("after the partner's root was replaced it goes on: an unknown key makes the gateway ask once more", async (context) => {
  const { a, b } = await pair(context);
  const before = await svidOf(a, "caller");
  const { authority } = a.cordon.control;
  const root = (await authority.authorities()).x509.find(({ state }) => state === "active");
  await authority.taint(root?.id ?? "", { early: true });
  const after = await svidOf(a, "caller");
  assert.equal((await call(context, b.cordon, after)).status, 200, "under a root that the bank had not heard of");
  assert.equal((await call(context, b.cordon, before)).status, 200, "the old one is still published");
  await authority.retire(root?.id ?? "");
  await b.cordon.control.federation.fetchNow(authority.bundle().trustDomain);
  assert.equal((await call(context, b.cordon, before)).status, 0, "and now it is not");
  assert.equal((await call(context, b.cordon, after)).status, 200);
});

test("a token of the partner's is accepted for this gateway, also under a key that is new there", async (context) => {
  const { a, b } = await pair(context);
  const { authority } = a.cordon.control;
  const bearer = async (audience: string) => {
    const { token } = await authority.issueJwtSvid({ id: idOf("caller"), audience });
    return { authorization: `Bearer ${token}` };
  };
  assert.equal((await call(context, b.cordon, undefined, await bearer(b.cordon.gatewayId))).status, 200);
  assert.equal((await call(context, b.cordon, undefined, await bearer(a.cordon.gatewayId))).status, 401);
  const key = (await authority.authorities()).jwt.find(({ state }) => state === "active");
  await authority.taint(key?.id ?? "", { early: true });
  assert.equal((await call(context, b.cordon, undefined, await bearer(b.cordon.gatewayId))).status, 200);
});

test("when federation ends, live streams are cut and the next handshake is refused", async (context) => {
  const { a, b } = await pair(context);
  const svid = await svidOf(a, "caller");
  b.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await agentOf(context, svid).request({
    origin: b.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const stream = { text: "", ended: false };
  body.on("data", (chunk: Buffer) => (stream.text += chunk.toString()));
  for (const event of ["error", "end"] as const) body.on(event, () => (stream.ended = true));
  await until(() => stream.text.includes("tick"), "the stream began");
  await writeFile(join(b.folder, "cordon.yaml"), bankText(b.chat.port, ""));
  await b.cordon.control.watch.reload();
  await until(() => stream.ended, "the stream was cut");
  assert.equal((await call(context, b.cordon, svid)).status, 0);
  await until(() => !known(b.cordon), "nothing is kept of its bundle");
  const { store } = b.cordon.control;
  const names = async () => (await store.list("bundle")).map(({ name }) => name).join();
  for (let tries = 0; tries < 100 && (await names()) !== "bank.example"; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await names(), "bank.example");
});

test("by a public certificate too; the command line shows, fetches to compare, and tells what went wrong", async (context) => {
  if (spawnSync("openssl", ["version"]).status !== 0) return context.skip("openssl is not installed");
  const a = await partner(context, ", tls: { certFile: web.pem, keyFile: web.key }");
  const url = a.cordon.endpointUrl ?? "";
  const caFile = join(a.folder, "web.pem");
  const relationship = (ca: string) =>
    `federation: { trustDomains: [{ trustDomain: partner.example, url: "${url}", profile: { https_web: { caFile: "${ca}" } } }] }`;
  const b = await bank(context, relationship(caFile));
  await until(() => known(b.cordon), "the partner's bundle arrived");
  assert.equal((await call(context, b.cordon, await svidOf(a, "caller"))).status, 200);

  const command = async (...args: readonly string[]) => {
    let out = "";
    const code = await federate(args, { stdout: (text) => void (out += text), stderr: () => undefined });
    return { code, out };
  };
  const socket = ["--socket", b.cordon.socketPath];
  const listed = await command("list", ...socket);
  assert.equal(listed.code, 0, listed.out);
  assert.match(listed.out, /partner\.example +1 +1, 1 .* ok/);
  assert.match((await command("show", "--socket", a.cordon.socketPath)).out, /"spiffe_sequence": 1/);
  const out = join(b.folder, "fetched.json");
  const fetched = await command("fetch", url, "--trust-domain", "partner.example", "--ca", caFile, "--out", out);
  assert.match(fetched.out, /not trusted yet\n {2}x509-svid {2}[0-9a-f]{64}/);
  assert.match(await readFile(out, "utf8"), /x509-svid/);
  await assert.rejects(command("fetch", url, "--trust-domain", "partner.example"), /self-signed|SELF_SIGNED/i);
  await writeFile(join(b.folder, "cordon.yaml"), bankText(b.chat.port, relationship(join(b.folder, "nowhere.pem"))));
  await b.cordon.control.watch.reload();
  await until(() => b.cordon.control.federation.list().some(({ problem }) => problem !== undefined), "it was tried");
  const broken = await command("list", ...socket);
  assert.equal(broken.code, 1);
  assert.match(broken.out, /nowhere\.pem cannot be read/);
  assert.equal((await call(context, b.cordon, await svidOf(a, "caller"))).status, 200, "the last good bundle stands");
});
