import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect, createServer as createTlsServer, type ConnectionOptions, type TLSSocket } from "node:tls";
import { controlClient } from "@cordon/agent/run/control-client";
import { issueThrough } from "@cordon/agent/run/issue";
import { openAuthority } from "@cordon/control/authority/authority";
import { openKeyVault } from "@cordon/control/keys/key-vault";
import { openRootKey } from "@cordon/control/keys/root-key";
import { openStateStore } from "@cordon/control/store/open-state-store";
import { openLocalApi } from "@cordon/control/api/local-api";
import { openControlPlane } from "@cordon/control/wire";
import { parseSpiffeId, parseTrustDomain, trustDomainOf } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions, serverTlsOptions } from "@cordon/core/identity/tls";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { servicePlans } from "@cordon/demo/estate";
import { prepareDemo } from "@cordon/cli/up/demo";
import { admitDemoModels } from "@cordon/cli/up/demo-models";
import { startDemo, type DemoService } from "@cordon/demo/start";
import { storedAdmission } from "@cordon/control/supply/admission/admission-key";

const gatewayId = "spiffe://demo.bank.example/ns/default/service/gateway";

interface Estate {
  readonly services: readonly DemoService[];
  readonly folder: string;
  readonly bundle: TrustBundle;
  readonly svid: (component: string) => Promise<X509Svid>;
}

/** The control plane over the demo's own configuration, and some of its services on free ports. */
async function estate(t: TestContext, only: readonly string[]): Promise<Estate> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-demo-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  t.after(() => stack.disposeAsync());
  await prepareDemo(folder);
  const control = stack.use(
    await openControlPlane({ path: join(folder, "cordon.yaml"), env: {}, now: Date.now, onProblem: () => undefined }),
  );
  const socketPath = join(control.stateFolder, "control.sock");
  stack.use(
    await openLocalApi({
      socketPath,
      authority: control.authority,
      store: control.store,
      snapshot: () => control.snapshots.current(),
      gateway: () => ({ url: "https://127.0.0.1:8443", id: gatewayId }),
      status: () => ({}),
      admission: storedAdmission(control.store, control.admissionKey, Date.now),
      admissionKey: control.admissionKey,
      record: async () => undefined,
      now: Date.now,
    }),
  );
  await admitDemoModels({ control, socketPath }, folder);
  const listen = Object.fromEntries(only.map((component) => [component, "127.0.0.1:0"]));
  const demo = stack.use(
    await startDemo({ socketPath, folder: join(folder, "logs"), models: join(folder, "models"), listen, only }),
  );
  return {
    services: demo.description,
    folder,
    bundle: control.authority.bundle(),
    svid: async (component) => (await issueThrough(controlClient(socketPath), component)()).svid,
  };
}

/** An SVID from an authority that is not ours, whatever it calls itself. */
async function elsewhere(t: TestContext, name: string): Promise<X509Svid> {
  const id = parseSpiffeId(name);
  const folder = await mkdtemp(join(tmpdir(), "cordon-elsewhere-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await using store = await openStateStore(`sqlite:${join(folder, "cordon.db")}`);
  const vault = openKeyVault({
    store,
    rootKey: await openRootKey({ file: "root.key" }, { stateFolder: folder }),
    now: Date.now,
  });
  const trustDomain = parseTrustDomain(trustDomainOf(id));
  const authority = await openAuthority({ vault, store, trustDomain, now: Date.now });
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...(await authority.issueX509Svid({ id, key: { publicKey } })), key: privateKey };
}

function urlOf(services: readonly DemoService[], component: string): URL {
  const service = services.find((each) => each.component === component);
  assert.ok(service);
  return new URL(service.url);
}

/** Everything that a service says to one dialler: sends a request at once, reads until the end. */
async function dial(url: URL, tls: ConnectionOptions, request: string): Promise<string> {
  const socket = connect({ ...tls, host: url.hostname, port: Number(url.port) });
  let said = "";
  socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
  socket.on("error", () => undefined);
  socket.once("secureConnect", () => socket.write(request));
  await once(socket, "close").catch(() => undefined);
  return said;
}

/** What a service without the check would say. */
async function dialUnchecked(own: X509Svid, caller: ConnectionOptions): Promise<string> {
  const http = createHttpServer((_request, response) => response.end("open"));
  const tls = createTlsServer(serverTlsOptions(own), (socket) => http.emit("connection", socket));
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  try {
    return await dial(new URL(`https://127.0.0.1:${(tls.address() as AddressInfo).port}`), caller, get("/"));
  } finally {
    tls.close();
  }
}

const anonymous: ConnectionOptions = { rejectUnauthorized: false, minVersion: "TLSv1.3" };
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

const put = (path: string, body: unknown) => post(path, body, "PUT");

function post(path: string, body: unknown, method = "POST"): string {
  const text = JSON.stringify(body);
  const head =
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    "accept: application/json, text/event-stream\r\n";
  return `${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

test("the services answer the gateway, and nobody else a byte", async (t) => {
  const inside = servicePlans.filter(({ outside }) => !outside).map(({ component }) => component);
  const { services, svid, bundle, folder } = await estate(t, inside);
  const gateway = clientTlsOptions(await svid("gateway"));
  const forged = clientTlsOptions(await elsewhere(t, gatewayId));
  const foreign = clientTlsOptions(await elsewhere(t, gatewayId.replace("demo.bank", "evil")));
  const refused: Record<string, ConnectionOptions> = {
    "nobody, with no certificate": anonymous,
    "the assistant": clientTlsOptions(await svid("assistant")),
    "the training pipeline, whom policy lets read the data through the gateway": clientTlsOptions(
      await svid("training-pipeline"),
    ),
    "the service itself": clientTlsOptions(await svid("chat")),
    "a gateway of an authority that only calls itself ours": forged,
    "the gateway of another trust domain": foreign,
    "a gateway that speaks TLS 1.2": { ...gateway, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
  };
  const questions: Readonly<Record<string, readonly [string, RegExp]>> = {
    chat: [get("/v1/models"), /support-1/],
    "customer-store": [get("/training-data?page=1&size=2"), /"synthetic":true/],
    "help-pages": [get("/help-pages"), /Opening a current account/],
    "help-index": [post("/help-index/search", { vector: [1] }), /"hits":\[\]/],
    "credit-model": [get("/model"), /logistic regression/],
    "credit-model-1": [get("/model"), /logistic regression/],
    "bank-tools": [post("/mcp", initialize), /"serverInfo":\{"name":"bank-tools"/],
    "swift-tools": [post("/mcp", initialize), /"serverInfo":\{"name":"swift-tools"/],
  };
  assert.deepEqual(Object.keys(questions), inside);
  for (const [component, [request, answer]] of Object.entries(questions)) {
    const url = urlOf(services, component);
    for (const [who, options] of Object.entries(refused))
      assert.equal(await dial(url, options, request), "", `${component} answered ${who}`);
    // Plain HTTP gets nothing either, and the same dialling with the gateway's SVID works.
    assert.match(await dial(url, gateway, request), answer);
  }
  const log = await readFile(join(folder, "logs", "customer-store.log"), "utf8");
  assert.match(log, /refused a connection: .*agent\/assistant/);

  // What keeps the assistant out is the check, and nothing else: without it the same handshake is answered.
  assert.match(await dialUnchecked(await svid("chat"), clientTlsOptions(await svid("assistant"))), /open/);

  // The service proves itself too.
  const url = urlOf(services, "chat");
  const socket: TLSSocket = connect({ ...gateway, host: url.hostname, port: Number(url.port) });
  await once(socket, "secureConnect");
  const none = new Set<never>();
  const trust = {
    bundles: new Map([[bundle.trustDomain, bundle]]),
    revocations: { certificates: none, keys: none, workloads: none },
  };
  const expected = parseSpiffeId("spiffe://demo.bank.example/ns/default/endpoint/chat");
  assert.equal(authenticatePeer(socket, trust, Date.now(), { expected }).id, expected);
  socket.destroy();
});

test("the chat endpoint computes its answers, streamed and whole alike", async (t) => {
  const { services, svid } = await estate(t, ["chat"]);
  const gateway = clientTlsOptions(await svid("gateway"));
  const ask = async (body: object) => dial(urlOf(services, "chat"), gateway, post("/v1/chat/completions", body));
  const messages = [{ role: "user", content: "I lost my card, what should I do?" }];

  const whole = bodyOf(await ask({ model: "support-1", messages })) as Completion;
  const answer = whole.choices[0]?.message?.content ?? "";
  assert.match(answer, /block it at once/);
  assert.equal(whole.usage?.total_tokens, (whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0));
  const other = bodyOf(
    await ask({
      model: "support-1",
      messages: [{ role: "user", content: "How long does an international transfer take?" }],
    }),
  ) as Completion;
  assert.match(other.choices[0]?.message?.content ?? "", /one to three working days/);

  const stream = await ask({ model: "support-1", messages, stream: true, stream_options: { include_usage: true } });
  const chunks = [...stream.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? "") as Completion);
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join(""), answer);
  assert.deepEqual(chunks.at(-1)?.usage, whole.usage);
  assert.match(stream, /data: \[DONE\]/);

  const short = bodyOf(await ask({ model: "support-1", messages, max_tokens: 3 })) as Completion;
  assert.equal(short.choices[0]?.finish_reason, "length");
  assert.equal(short.usage?.completion_tokens, 3);

  const tools = [
    tool("get_exchange_rate", "Current exchange rate of a currency", {
      currency: { type: "string", enum: ["EUR", "USD", "SGD"] },
    }),
    tool("block_card", "Block a lost card by its last four digits", { lastFour: { type: "integer" } }),
  ];
  const called = bodyOf(
    await ask({
      model: "support-1",
      tools,
      messages: [{ role: "user", content: "What is the exchange rate of the currency EUR?" }],
    }),
  ) as Completion;
  const call = called.choices[0]?.message?.tool_calls?.[0]?.function;
  assert.equal(call?.name, "get_exchange_rate");
  assert.deepEqual(JSON.parse(call?.arguments ?? ""), { currency: "EUR" });

  assert.match(await ask({ model: "gpt-9", messages }), /^HTTP\/1.1 404/);
  assert.match(await ask({ model: "support-1", messages: [] }), /^HTTP\/1.1 400/);
});

test("the customer store serves the same synthetic people every time, and keeps what is put", async (t) => {
  const { services, svid } = await estate(t, ["customer-store"]);
  const gateway = clientTlsOptions(await svid("gateway"));
  const url = urlOf(services, "customer-store");
  const page = (query: string) => dial(url, gateway, get(`/training-data?${query}`));
  assert.equal(
    JSON.stringify(bodyOf(await page("page=2&size=3"))),
    JSON.stringify(bodyOf(await page("page=2&size=3"))),
  );
  assert.match(await page("page=1&size=2&format=csv"), /id,nationalId,name[^]*C000001,SYN\d{7},/);
  for (const query of ["page=0", "page=x", "size=501", "page=1e3"])
    assert.match(await page(query), /^HTTP\/1.1 400/, query);
  assert.match(await dial(url, gateway, get("/etc/passwd")), /^HTTP\/1.1 404/);
  const account = await dial(url, gateway, get("/customers/C000123"));
  assert.match(account, /"customer":"C000123".*"balance":\d+/);
  assert.doesNotMatch(account, /SYN\d|@example/);
  for (const id of ["C005001", "C000000", "C1", "", "C000123/x", "*"])
    assert.match(await dial(url, gateway, get(`/customers/${id}`)), /^HTTP\/1.1 404/, id);
  const object =
    "PUT /training-data/model.bin HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
  assert.match(await dial(url, gateway, object), /^HTTP\/1.1 201/);
  assert.match(await dial(url, gateway, get("/training-data/model.bin")), /abc$/);
  assert.match(await dial(url, gateway, object.replace("model.bin", "../x")), /^HTTP\/1.1 4/);
});

test("the document store and the index keep what they are given, within bounds", async (t) => {
  const { services, svid } = await estate(t, ["help-pages", "help-index"]);
  const gateway = clientTlsOptions(await svid("gateway"));
  const pages = urlOf(services, "help-pages");
  const page = { title: "Opening hours", text: "We are open." };
  assert.match(await dial(pages, gateway, put("/help-pages/hours", page)), /^HTTP\/1.1 201/);
  assert.match(await dial(pages, gateway, get("/help-pages/hours")), /We are open\./);
  assert.match(await dial(pages, gateway, put("/help-pages/Not%20an%20id", page)), /^HTTP\/1.1 400/);
  assert.match(await dial(pages, gateway, put("/help-pages/hours", { title: "" })), /^HTTP\/1.1 400/);
  assert.match(await dial(pages, gateway, get("/help-pages/hours/more")), /^HTTP\/1.1 404/);
  assert.match(await dial(pages, gateway, post("/help-pages", page)), /^HTTP\/1.1 405/);

  const index = urlOf(services, "help-index");
  const entries = [
    { id: "a", title: "A", text: "first", vector: [1, 0] },
    { id: "b", title: "B", text: "second", vector: [0, 1] },
  ];
  assert.match(await dial(index, gateway, put("/help-index", { entries })), /"entries":2/);
  assert.match(await dial(index, gateway, post("/help-index/search", { vector: [0.1, 0.9], count: 1 })), /"id":"b"/);
  assert.match(await dial(index, gateway, post("/help-index/search", { vector: [] })), /^HTTP\/1.1 400/);
  assert.match(await dial(index, gateway, get("/help-index")), /^HTTP\/1.1 404/);
});

test("the credit model scores an application and says why; one that is incomplete it refuses", async (t) => {
  const { services, svid } = await estate(t, ["credit-model"]);
  const gateway = clientTlsOptions(await svid("gateway"));
  const url = urlOf(services, "credit-model");
  const score = (application: object) => dial(url, gateway, post("/score", application));
  const rich = bodyOf(await score({ ...applicant, educationYears: 16, capitalGain: 20_000 })) as Score;
  const poor = bodyOf(await score({ ...applicant, age: 20, educationYears: 6 })) as Score;
  assert.ok(rich.accepted && !poor.accepted && rich.probability > poor.probability);
  assert.ok(rich.because.some(({ feature }) => feature === "capitalGainLog"));
  assert.match(await score({ ...applicant, age: "40" }), /^HTTP\/1.1 422/);
  assert.match(await score({ ...applicant, workclass: "Never-heard-of" }), /^HTTP\/1.1 422/);
  assert.match(await dial(url, gateway, get("/score")), /^HTTP\/1.1 404/);
});

test("an MCP client finds the bank's tools, and their results are computed", async (t) => {
  const { services, svid } = await estate(t, ["bank-tools"]);
  const gateway = clientTlsOptions(await svid("gateway"));
  const url = urlOf(services, "bank-tools");
  const rpc = (method: string, params: object) =>
    dial(url, gateway, post("/mcp", { jsonrpc: "2.0", id: 1, method, params }));
  assert.match(await rpc("tools/list", {}), /"open_ticket".*"get_fx_rate"/);
  const there = await rpc("tools/call", { name: "get_fx_rate", arguments: { from: "USD", to: "EUR" } });
  assert.match(there, /1 USD = 0\.9218 EUR/);
  const ticket = (subject: string) => rpc("tools/call", { name: "open_ticket", arguments: { subject } });
  assert.doesNotMatch(await ticket("card swallowed by the machine"), /Similar/);
  assert.match(await ticket("my card was swallowed by a machine"), /T00002 is open[^]*Similar ticket T00001/);
  assert.match(await rpc("tools/call", { name: "get_fx_rate", arguments: { from: "XXX" } }), /isError|error/);
  assert.match(await rpc("tools/call", { name: "drop_tables", arguments: {} }), /isError|error/);
});

test("the services end with the demo", async (t) => {
  const { services } = await estate(t, ["chat", "partner"]);
  for (const { pid } of services) assert.ok(process.kill(pid, 0));
  t.after(() => {
    for (const { pid } of services) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
});

const applicant = {
  age: 45,
  educationYears: 13,
  hoursPerWeek: 40,
  capitalGain: 0,
  capitalLoss: 0,
  workclass: "Private",
  occupation: "Sales",
};

interface Score {
  readonly probability: number;
  readonly accepted: boolean;
  readonly because: readonly { readonly feature: string }[];
}

interface Completion {
  readonly choices: readonly {
    readonly finish_reason?: string | null;
    readonly delta?: { readonly content?: string | null };
    readonly message?: {
      readonly content: string | null;
      readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
    };
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

function tool(name: string, description: string, properties: object) {
  return { type: "function", function: { name, description, parameters: { type: "object", properties } } };
}

function bodyOf(said: string): unknown {
  return JSON.parse(said.slice(said.indexOf("\r\n\r\n") + 4)) as unknown;
}
