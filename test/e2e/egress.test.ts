import "reflect-metadata";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { webcrypto, KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import * as x509 from "@peculiar/x509";
import OpenAI from "openai";
import { fetch as undiciFetch, ProxyAgent } from "undici";
import { run as cordonRun } from "@cordon/agent/run/run";
import { openEgressProxy } from "@cordon/agent/run/egress-proxy";
import { openEndpoint, type Endpoint } from "@cordon/agent/run/endpoint";
import { childEnvironment } from "@cordon/agent/run/environment";
import { openGatewayLink } from "@cordon/agent/run/gateway-link";
import { systemClocks, type Issued, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { newRunSecret } from "@cordon/agent/run/secret";
import { openEgress, renewEgress } from "@cordon/agent/tunnel/open-tunnel";
import { run as revokeCommand } from "@cordon/cli/commands/identity/revoke";
import { run as statusCommand } from "@cordon/cli/commands/status";
import type { DecisionEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { configurationText, idOf, openEstate, policies, until, type Estate } from "./estate.ts";

/**
 * The outside is a real TLS server on loopback, whose names the injected resolver gives; the clients are curl, undici,
 * Node's own fetch and OpenAI's client, led by nothing but the environment that `cordon run` sets.
 */
const permits = `${policies}
@id("assistant-out") permit (principal == Workload::"default/agent/assistant", action == Action::"egress", resource == Component::"default/external/partner");
`;

let stack: AsyncDisposableStack;
let estate: Estate;
let outside: Outside;
let endpoint: Endpoint;
let secret: string;
let said: string[];
let asked: string[];
let answers: Map<string, readonly string[]>;

interface Outside extends AsyncDisposable {
  readonly port: number;
  readonly caFile: string;
  readonly ca: string;
  readonly requests: string[];
  readonly sockets: Socket[];
}

async function openOutside(): Promise<Outside> {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  x509.cryptoProvider.set(webcrypto);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=api.partner.example",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension(
        ["api.partner.example", "a.wild.example", "evil.example"].map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  const ca = made.toString("pem");
  const folder = await mkdtemp(join(tmpdir(), "cordon-egress-"));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, ca);
  const requests: string[] = [];
  const sockets: Socket[] = [];
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  const server: Server = createServer({ key, cert: ca }, (request, response) => {
    requests.push(`${request.method} ${request.headers.host?.split(":")[0]}${request.url}`);
    request.resume();
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          id: "c",
          object: "chat.completion",
          choices: [{ index: 0, message: { role: "assistant", content: "from outside" } }],
        }),
      );
    });
  });
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ...{ ca, caFile, requests, sockets },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function identity(name: string): Promise<WorkloadIdentity> {
  const held: Issued = {
    svid: await estate.svidFor("agent", name),
    bundle: estate.cordon.control.authority.bundle(),
  };
  return {
    current: () => held.svid,
    issued: () => held,
    usable: () => Promise.resolve(held),
    check: () => Promise.resolve(),
    onChange: () => () => undefined,
    onRotate: () => () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

interface Options {
  readonly who?: string;
  /** Further fields of the main destination. */
  readonly partner?: string;
  readonly policies?: string;
  readonly more?: string;
}

const inside = ", privateAddresses: true";

async function open({ who = "assistant", partner = inside, policies: text = permits, more = "" }: Options = {}) {
  stack = new AsyncDisposableStack();
  outside = stack.use(await openOutside());
  asked = [];
  answers = new Map([
    ["api.partner.example", ["127.0.0.1"]],
    ["a.wild.example", ["127.0.0.1"]],
  ]);
  const { port } = outside;
  estate = stack.use(
    await openEstate({
      policies: text,
      resolveHost: async (host) => {
        asked.push(host);
        return answers.get(host) ?? [];
      },
      configuration: (ports) =>
        `${configurationText(ports).replace(
          "  - { name: training-data,",
          "  - { name: partner, kind: external, boundary: api }\n  - { name: training-data,",
        )}egress:
  destinations:
    - { name: partner, host: api.partner.example, port: ${port}, component: partner${partner} }
    - { name: wild, host: "*.wild.example", port: ${port}, component: partner, privateAddresses: true }
${more}`,
    }),
  );
  said = [];
  secret = newRunSecret();
  const way = {
    identity: await identity(who),
    gateway: { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId },
    clocks: systemClocks,
  };
  const egress = stack.use(openEgressProxy({ ...way, secret, say: (words) => said.push(words) }));
  endpoint = stack.use(
    await openEndpoint({
      link: stack.use(openGatewayLink(way.identity, way.gateway)),
      secret,
      checkpoints: { begin: async () => ({ seen: () => undefined }) } as never,
      egress,
    }),
  );
}

afterEach(() => stack?.disposeAsync());

function environment(): Record<string, string> {
  const { env } = childEnvironment({ PATH: process.env["PATH"] ?? "" }, endpoint.address, secret, undefined, true);
  return env;
}

const url = (host = "api.partner.example") => `https://${host}:${outside.port}/v1/things`;
const portOf = (): number => ("port" in endpoint.address ? endpoint.address.port : 0);

/** A CONNECT by hand: the answer's head, and the socket behind it. */
async function ask(target: string, headers = [`Proxy-Authorization: ${credentials(secret)}`]) {
  const socket = connect({ host: "127.0.0.1", port: portOf() });
  socket.on("error", () => undefined);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${headers.map((one) => `${one}\r\n`).join("")}\r\n`);
  let text = "";
  const onData = (chunk: Buffer): void => void (text += chunk.toString("latin1"));
  socket.on("data", onData);
  await until(() => text.includes("\r\n\r\n") || socket.destroyed, `an answer to ${target}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.off("data", onData);
  stack.defer(() => void socket.destroy());
  return { status: Number(text.split(" ")[1]), text, socket };
}

const credentials = (password: string): string => `Basic ${Buffer.from(`cordon:${password}`).toString("base64")}`;
const get = promisify(execFile);

/** TLS over an open CONNECT, naming a host. */
function tlsOver(socket: Socket, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const tls = connectTls({ socket, servername, ca: outside.ca, checkServerIdentity: () => undefined });
    tls.once("secureConnect", () => resolve("secure"));
    tls.once("error", (error) => resolve(error.message));
    tls.once("close", () => resolve("closed"));
    stack.defer(() => void tls.destroy());
  });
}

async function ledger() {
  const entries = await estate.entries();
  return {
    decisions: entries.filter((one): one is DecisionEntry => one.kind === "decision"),
    outcomes: entries.filter((one): one is OutcomeEntry => one.kind === "outcome"),
  };
}

test("curl reaches a declared destination by the environment alone; decision, address and bytes are on record", async () => {
  await open();
  const { stdout } = await get("curl", ["-sS", "--cacert", outside.caFile, url()], { env: environment() });
  assert.match(stdout, /from outside/);
  assert.deepEqual([asked, outside.requests], [["api.partner.example"], ["GET api.partner.example/v1/things"]]);
  const { decisions, outcomes } = await ledger();
  const [decision] = decisions;
  assert.deepEqual(
    [decision?.effect, decision?.action, decision?.principal, decision?.resource, decision?.context.external],
    ["allow", "egress", idOf("agent", "assistant"), idOf("external", "partner"), true],
  );
  const [outcome] = outcomes;
  assert.equal(outcome?.upstream, `default/partner api.partner.example:${outside.port} at 127.0.0.1`);
  assert.ok((outcome?.request?.bytes ?? 0) > 300 && (outcome?.response?.bytes ?? 0) > 300, JSON.stringify(outcome));
});

test("undici's ProxyAgent, Node's fetch and OpenAI's client reach it, and nothing else", async () => {
  await open();
  const uri = environment()["HTTPS_PROXY"] ?? "";
  const dispatcher = new ProxyAgent({ uri, requestTls: { ca: outside.ca } });
  stack.defer(() => dispatcher.close());
  assert.equal((await undiciFetch(url(), { dispatcher })).status, 200);
  const client = new OpenAI({
    apiKey: "k",
    baseURL: `https://api.partner.example:${outside.port}/v1`,
    fetch: undiciFetch as never,
    fetchOptions: { dispatcher } as never,
  });
  const chat = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "hi" }] });
  assert.equal(chat.choices[0]?.message.content, "from outside");
  const program = `const r = await fetch(${JSON.stringify(url())}); console.log((await r.json()).choices[0].message.content)`;
  const env = { ...environment(), NODE_EXTRA_CA_CERTS: outside.caFile };
  const { stdout } = await get(process.execPath, ["--input-type=module", "-e", program], { env });
  assert.equal(stdout.trim(), "from outside");
  await assert.rejects(undiciFetch(url("evil.example"), { dispatcher }));
});

test("whom policy does not let out reaches nothing: no look-up, no connection, and the refusal is on record", async () => {
  await open({ who: "rival" });
  const { status, text } = await ask(`api.partner.example:${outside.port}`);
  assert.equal(status, 403);
  assert.match(text, /no policy of namespace/);
  assert.deepEqual([asked, outside.sockets.length], [[], 0]);
  assert.equal((await ledger()).decisions[0]?.effect, "deny");
});

test("what is not declared, or spelled otherwise, is refused before it is looked up", async () => {
  await open();
  const { port } = outside;
  for (const target of [
    `evil.example:${port}`,
    "api.partner.example:444",
    `127.0.0.1:${port}`,
    `0177.0.0.1:${port}`,
    `0x7f000001:${port}`,
    `2130706433:${port}`,
    `127.1:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[::1]:${port}`,
    `api.partner.example.:${port}`,
    `API.partner.example:${port}`,
    `user@api.partner.example:${port}`,
    `x.api.partner.example:${port}`,
    `a.b.wild.example:${port}`,
    `wild.example:${port}`,
    `*.wild.example:${port}`,
    `api.partner.example:0${port}`,
    "api.partner.example",
    `${"a".repeat(400)}:${port}`,
  ]) {
    const { status } = await ask(target);
    assert.ok(status === 403 || status === 400, `${target}: ${status}`);
  }
  assert.deepEqual([asked, outside.sockets.length], [[], 0]);
  assert.equal((await ask(`a.wild.example:${port}`)).status, 200); // one label is what `*.` stands for
});

test("a name that leads inside is not dialled; with the control off, the same name is", async () => {
  await open({ partner: "" });
  for (const [address, words] of [
    ["127.0.0.1", /this machine/],
    ["10.1.2.3", /private/],
    ["100.64.0.1", /shared/],
    ["169.254.169.254", /metadata/],
    ["::1", /this machine/],
    ["::ffff:127.0.0.1", /this machine/],
    ["fe80::1", /link-local/],
    ["64:ff9b::7f00:1", /reserved/],
    ["224.0.0.1", /multicast/],
  ] as const) {
    // One good address does not help: every address is judged.
    answers.set("api.partner.example", ["93.184.215.14", address]);
    const { status, text } = await ask(`api.partner.example:${outside.port}`);
    assert.equal(status, 502, address);
    assert.match(text, words);
  }
  assert.equal(outside.sockets.length, 0);
  await stack.disposeAsync();
  await open(); // privateAddresses: true
  answers.set("api.partner.example", ["169.254.169.254"]);
  assert.match((await ask(`api.partner.example:${outside.port}`)).text, /never dialled/);
  answers.set("api.partner.example", ["127.0.0.1"]);
  assert.equal((await ask(`api.partner.example:${outside.port}`)).status, 200);
});

test("DNS rebinding: the name is looked up once a connection, and the judged address is the one dialled", async () => {
  await open();
  const dialled = await ask(`api.partner.example:${outside.port}`);
  answers.set("api.partner.example", ["169.254.169.254"]); // what a second look-up would get
  assert.equal(await tlsOver(dialled.socket, "api.partner.example"), "secure");
  assert.deepEqual(asked, ["api.partner.example"]);
});

test("domain fronting: TLS for another host, or no TLS, gets no byte through; `protocol: any` lets it", async () => {
  await open();
  const target = `api.partner.example:${outside.port}`;
  assert.match(await tlsOver((await ask(target)).socket, "evil.example"), /access.denied/i);
  const plain = await ask(target);
  plain.socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  await until(() => plain.socket.destroyed || plain.socket.readableEnded || plain.socket.resume().destroyed, "it ends");
  assert.deepEqual(outside.requests, []);
  const { outcomes } = await ledger();
  assert.deepEqual(
    outcomes.map(({ end, request }) => [end, request?.bytes]),
    [
      ["cut", 0],
      ["cut", 0],
    ],
  );
  assert.match(outcomes[0]?.why?.words ?? "", /names `evil.example`, and `api.partner.example` was decided on/);
  await stack.disposeAsync();
  await open({ partner: `${inside}, protocol: any` });
  assert.equal(
    await tlsOver((await ask(target.replace(/\d+$/, String(outside.port)))).socket, "evil.example"),
    "secure",
  );
});

test("nobody but the run's process is served, and plain http: does not leave", async () => {
  await open();
  const target = `api.partner.example:${outside.port}`;
  for (const headers of [[], ["Proxy-Authorization: Basic bm9wZTpub3Bl"], [`Authorization: Bearer ${secret}`]])
    assert.equal((await ask(target, headers)).status, 407);
  const twice = [`Proxy-Authorization: ${credentials(secret)}`, `Proxy-Authorization: ${credentials("x")}`];
  assert.equal((await ask(target, twice)).status, 407);
  const { stdout } = await get("curl", ["-sS", "http://api.partner.example/"], { env: environment() });
  assert.match(stdout, /is no destination here/); // where `protocol: http` is not declared
  const long = await ask(target, [`X-Long: ${"x".repeat(40_000)}`]);
  assert.equal(long.status, 431);
  assert.deepEqual([asked, outside.sockets.length], [[], 0]);
});

test("an open connection is cut when its caller's identity is revoked, and the cut is on record", async () => {
  await open();
  const { socket } = await ask(`api.partner.example:${outside.port}`);
  assert.equal(await tlsOver(socket, "api.partner.example"), "secure");
  const io = { stdout: () => undefined, stderr: () => undefined };
  const order = ["assistant", "--reason", "taken over", "--socket", estate.cordon.socketPath];
  assert.equal(await revokeCommand(order, io), 0);
  await until(() => socket.destroyed, "it is cut");
  const { outcomes, decisions } = await ledger();
  assert.equal(outcomes[0]?.end, "cut");
  assert.equal(decisions.at(-1)?.effect, "deny");
});

test("what a destination must be", async () => {
  const one = (text: string): Promise<unknown> => open({ more: `    - { name: more, port: 1, ${text} }\n` });
  for (const [text, words] of [
    ["host: Api.example, component: partner", /written as `api.example`/],
    ["host: api.example., component: partner", /dot/],
    ["host: bücher.example, component: partner", /xn--bcher-kva.example/],
    ['host: "*.example", component: partner', /two labels/],
    ['host: "a.*.example", component: partner', /not a (host|DNS) name|written/],
    ['host: "0x7f.1", component: partner', /127.0.0.1/],
    ["host: api.example, component: chat", /kind external/],
  ] as const) {
    await assert.rejects(one(text), (error: Error) => words.test(error.message) || assert.fail(error.message));
    await stack.disposeAsync();
  }
});

test("a name without an address, or a resolver that does not answer, costs its time limit and no more", async () => {
  await open({ partner: `${inside}, connectMs: 200` });
  answers.set("api.partner.example", []);
  assert.equal((await ask(`api.partner.example:${outside.port}`)).status, 502);
  answers.get = () => new Promise(() => undefined) as never;
  assert.equal((await ask(`api.partner.example:${outside.port}`)).status, 504);
  assert.equal(outside.sockets.length, 0);
});

test("private data, untrusted content and egress never meet: labels that a session gathered hold for CONNECT too", async () => {
  const text = `${permits}
@id("reads") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/training-data");
`;
  const read = async (): Promise<void> =>
    assert.equal((await estate.call(await estate.svidFor("agent", "assistant"), "/training-data/x")).status, 200);
  await open({ policies: text, more: "informationFlow: {}\n" });
  const target = `api.partner.example:${outside.port}`;
  const before = await ask(target);
  assert.equal(await tlsOver(before.socket, "api.partner.example"), "secure");
  const carried = outside.sockets[0]?.bytesRead ?? 0;
  assert.ok(carried > 0);
  await read();
  // At once: what was read is not said before somebody looks again.
  before.socket.write(Buffer.alloc(1000));
  await until(() => before.socket.destroyed, "what was open before is cut");
  // The end of the handshake may still have been on its way.
  assert.ok((outside.sockets[0]?.bytesRead ?? 0) < carried + 1000, "it was carried outside");
  const after = await ask(target);
  assert.equal(after.status, 403);
  assert.match(after.text, /is a way out: the three never meet/);
  await stack.disposeAsync();
  await open({ policies: text }); // nobody follows it
  await read();
  assert.equal((await ask(`api.partner.example:${outside.port}`)).status, 200);
});

test("`cordon run` alone leads curl and Node's fetch outside, past proxies of the parent's environment", async () => {
  await open();
  const out = join(estate.folder, "out.txt");
  const words: string[] = [];
  const code = await cordonRun({
    component: "assistant",
    socketPath: estate.cordon.socketPath,
    checkpointsFolder: join(estate.folder, "kept"),
    command: "curl",
    args: ["-sS", "--cacert", outside.caFile, "-o", out, url()],
    env: { PATH: process.env["PATH"], https_proxy: "http://127.0.0.1:9", NO_PROXY: "api.partner.example" },
    stdio: "ignore",
    say: (one) => words.push(one),
  });
  assert.equal(code, 0, words.join("; "));
  assert.match(await readFile(out, "utf8"), /from outside/);
  assert.match(words.join("; "), /https_proxy, NO_PROXY from your environment are not passed on/);
  assert.equal((await ledger()).decisions.at(-1)?.action, "egress");
});

test("without destinations `cordon run` leaves the environment's proxies as they are", () => {
  const { env, replaced } = childEnvironment({ https_proxy: "http://proxy:1" }, { port: 1 }, "s");
  assert.deepEqual([env["https_proxy"], replaced], ["http://proxy:1", []]);
});

test("a connection that carries nothing is cut after its time, and a stopped endpoint keeps none", async () => {
  await open({ partner: `${inside}, idleMs: 1000` });
  const { socket } = await ask(`api.partner.example:${outside.port}`);
  assert.equal(await tlsOver(socket, "api.partner.example"), "secure");
  const other = await ask(`a.wild.example:${outside.port}`);
  assert.equal(await tlsOver(other.socket, "a.wild.example"), "secure");
  await until(() => socket.destroyed, "it is cut");
  assert.equal(other.socket.destroyed, false);
  await endpoint[Symbol.asyncDispose]();
  await until(() => other.socket.destroyed, "it ends with the endpoint");
  const { outcomes } = await ledger();
  assert.ok(outcomes.some(({ end, why }) => end === "cut" && why?.code === "idle"));
});

test("`cordon status` says what is in force and what is not seen", async () => {
  await open();
  let text = "";
  const io = { stdout: (more: string) => void (text += more), stderr: () => undefined };
  await statusCommand(["--socket", estate.cordon.socketPath], io);
  assert.match(text, /egress default\/partner {2}\(api\.partner\.example:\d+, /);
  assert.match(text, /not seen {2}what is inside: requests, paths, answers/);
});

test("a destination that is withdrawn or changed cuts what is open to it", async () => {
  await open();
  const { socket } = await ask(`api.partner.example:${outside.port}`);
  assert.equal(await tlsOver(socket, "api.partner.example"), "secure");
  const { store } = estate.cordon.control;
  await store.transact("test", Date.now(), (transaction) =>
    transaction.delete({ kind: "egress", namespace: "default" as never, name: "partner" }, "config"),
  );
  await until(() => socket.destroyed, "it is cut");
  assert.equal((await ask(`api.partner.example:${outside.port}`)).status, 403);
  const { outcomes } = await ledger();
  assert.match(outcomes[0]?.why?.words ?? "", /the destination partner was withdrawn/);
});

test("an open connection is proved anew by its own caller, and by nobody else", async () => {
  await open();
  const gateway = { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId };
  const way = { identity: await identity("assistant"), gateway, clocks: systemClocks };
  const target = `api.partner.example:${outside.port}`;
  const { socket, id } = await openEgress(way, target);
  stack.defer(() => void socket.destroy());
  await renewEgress({ ...way, identity: await identity("assistant") }, target, id);
  await assert.rejects(
    renewEgress({ ...way, identity: await identity("rival") }, target, id),
    /no such tunnel of yours/,
  );
  assert.equal(await tlsOver(socket, "api.partner.example"), "secure");
});
