import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { test, type TestContext } from "node:test";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { makeCsr } from "@cordon/core/identity/csr";
import { componentId, parseTrustDomain, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { openAuthority } from "../authority/authority.ts";
import { revocationKind, revocationsFrom } from "../authority/revocation.ts";
import { openKeyVault } from "../keys/key-vault.ts";
import { openRootKey } from "../keys/root-key.ts";
import { openStateStore } from "../store/open-state-store.ts";
import type { StateStore } from "../store/state-store.ts";
import { openLocalApi } from "./local-api.ts";
import { storedAdmission } from "../supply/admission/admission-key.ts";

const trustDomain = parseTrustDomain("bank.example");

function component(namespace: string, kind: Component["kind"], name: string, bearerTokens = false): Component {
  return {
    id: componentId(trustDomain, namespace as Namespace, kind, name),
    namespace: namespace as Namespace,
    kind,
    name,
    boundary: "api",
    labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
    description: "",
    bearerTokens,
  };
}

const components = [
  component("default", "agent", "assistant"),
  component("default", "service", "batch", true),
  component("risk", "agent", "scorer"),
  component("default", "agent", "scorer"),
];

interface Rig {
  readonly socketPath: string;
  readonly folder: string;
  readonly store: StateStore;
  readonly recorded: ChangeEntry[];
  /** What the ledger does with the next entry. */
  ledger: (entry: ChangeEntry) => Promise<unknown>;
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-api-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function rig(t: TestContext): Promise<Rig> {
  const folder = await temporaryFolder(t);
  const store = await openStateStore(`sqlite:${join(folder, "cordon.db")}`);
  const vault = openKeyVault({
    store,
    rootKey: await openRootKey({ file: "root.key" }, { stateFolder: folder }),
    now: Date.now,
  });
  const authority = await openAuthority({ vault, store, trustDomain, now: Date.now });
  const snapshot = {
    revision: 7 as Revision,
    trustDomain,
    components: new Map(components.map((each) => [each.id, each])),
  } as unknown as Snapshot;
  const recorded: ChangeEntry[] = [];
  const rigged: Rig = {
    socketPath: join(folder, "run", "control.sock"),
    folder,
    store,
    recorded,
    ledger: async (entry) => recorded.push(entry),
  };
  const api = await openLocalApi({
    socketPath: rigged.socketPath,
    authority,
    store,
    snapshot: () => snapshot,
    gateway: () => ({ url: "https://127.0.0.1:8443", id: "spiffe://bank.example/ns/default/service/gateway" }),
    status: () => ({ revision: 7 }),
    admission: storedAdmission(store, undefined, Date.now),
    record: (entry) => rigged.ledger(entry),
    now: Date.now,
  });
  t.after(async () => {
    await api[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
  return rigged;
}

interface Answer {
  readonly status: number;
  readonly value: Record<string, unknown> & { readonly error?: { readonly code: string; readonly message: string } };
}

async function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  contentType = "application/json",
): Promise<Answer> {
  const request = httpRequest({ socketPath, method, path, agent: false });
  if (body !== undefined) request.setHeader("content-type", contentType);
  request.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, value: JSON.parse(text) as Answer["value"] };
}

const csr = async () => makeCsr(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);

test("issues an X.509-SVID that verifies against the bundle it comes with, and records it", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const { status, value } = await call(socketPath, "POST", "/v1/svids/x509", {
    component: "assistant",
    csr: await csr(),
  });
  assert.equal(status, 200);
  const bundle = parseBundle(trustDomain, Buffer.from(JSON.stringify(value["bundle"])));
  const chain = [...String(value["chain"]).matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map((match) =>
    Buffer.from(match[1] ?? "", "base64"),
  );
  const none = new Set<never>();
  const verified = verifyX509Svid(
    chain,
    { bundles: new Map([[trustDomain, bundle]]), revocations: { certificates: none, keys: none, workloads: none } },
    Date.now(),
  );
  assert.equal(verified.id, "spiffe://bank.example/ns/default/agent/assistant");
  assert.equal(value["notAfter"], verified.notAfter);
  assert.partialDeepStrictEqual(recorded, [
    {
      kind: "change",
      objects: [{ op: "put", kind: "x509-svid", name: "agent/assistant", sha256: verified.fingerprint }],
    },
  ]);
});

test("issues nothing that the ledger does not take", async (t) => {
  const rigged = await rig(t);
  rigged.ledger = () => Promise.reject(new CordonError("LEDGER_UNAVAILABLE", "the ledger's disk is full"));
  for (const [path, body] of [
    ["/v1/svids/x509", { component: "assistant", csr: await csr() }],
    ["/v1/svids/jwt", { component: "batch", audience: "x" }],
  ] as const) {
    const { status, value } = await call(rigged.socketPath, "POST", path, body);
    assert.equal(status, 503);
    assert.deepEqual(Object.keys(value), ["error"]);
    assert.equal(value.error?.code, "LEDGER_UNAVAILABLE");
  }
});

test("a revocation is in force and recorded before its answer, and ends issuing", async (t) => {
  const rigged = await rig(t);
  let answered = false;
  const order: string[] = [];
  rigged.ledger = async (entry) => {
    const { workloads } = revocationsFrom(await rigged.store.list(revocationKind));
    order.push(`recorded while answered=${answered} and in force=${workloads.size === 1}`);
    rigged.recorded.push(entry);
  };
  const body = { type: "workload", component: "assistant", reason: "key found in a paste" };
  const { status, value } = await call(rigged.socketPath, "POST", "/v1/revocations", body);
  answered = true;
  assert.equal(status, 200);
  assert.deepEqual(order, ["recorded while answered=false and in force=true"]);
  assert.equal(rigged.recorded[0]?.revision, value["revision"]);
  assert.equal(rigged.recorded[0]?.objects[0]?.kind, "revocation");
  const refused = await call(rigged.socketPath, "POST", "/v1/svids/x509", { component: "assistant", csr: await csr() });
  assert.equal(refused.status, 403);
  assert.equal(refused.value.error?.code, "SVID_REVOKED");
  const listed = await call(rigged.socketPath, "GET", "/v1/revocations");
  assert.partialDeepStrictEqual(listed.value, {
    revocations: [
      { type: "workload", subject: "spiffe://bank.example/ns/default/agent/assistant", reason: body.reason },
    ],
  });
  const registered = await call(rigged.socketPath, "GET", "/v1/components");
  assert.partialDeepStrictEqual(registered.value["components"], [{ name: "assistant", revoked: true }]);
});

test("a revocation that cannot be recorded stands, and the answer is an error", async (t) => {
  const rigged = await rig(t);
  rigged.ledger = () => Promise.reject(new CordonError("LEDGER_UNAVAILABLE", "the ledger's disk is full"));
  const sha256 = "ab".repeat(32);
  const { status } = await call(rigged.socketPath, "POST", "/v1/revocations", { type: "key", sha256, reason: "lost" });
  assert.equal(status, 503);
  assert.ok(revocationsFrom(await rigged.store.list(revocationKind)).keys.has(sha256));
});

test("bearer tokens are off unless the component's registration turns them on", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const off = await call(socketPath, "POST", "/v1/svids/jwt", { component: "assistant", audience: "gateway" });
  assert.equal(off.status, 403);
  assert.equal(off.value.error?.code, "TOKEN_NOT_PERMITTED");
  assert.equal(recorded.length, 0);
  const on = await call(socketPath, "POST", "/v1/svids/jwt", { component: "batch", audience: "gateway" });
  assert.equal(on.status, 200);
  assert.equal(String(on.value["token"]).split(".").length, 3);
  assert.equal(recorded.length, 1);
});

test("a component is named by name, by namespace and name, or by its SPIFFE ID, never by guess", async (t) => {
  const { socketPath } = await rig(t);
  const ask = async (reference: string) =>
    call(socketPath, "POST", "/v1/svids/x509", { component: reference, csr: await csr() });
  const risk: SpiffeId = componentId(trustDomain, "risk" as Namespace, "agent", "scorer");
  assert.equal((await ask("risk/scorer")).value["id"], risk);
  assert.equal((await ask(risk)).value["id"], risk);
  for (const reference of [
    "scorer",
    "nobody",
    "default/nobody",
    "risk/assistant",
    "spiffe://bank.example/ns/x/agent/y",
  ]) {
    const { status, value } = await ask(reference);
    assert.equal(status, 404, reference);
    assert.equal(value.error?.code, "COMPONENT_UNKNOWN");
  }
});

test("refuses what is not a request of this API, and records nothing", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const request = await csr();
  const cases: readonly (readonly [string, string, unknown, number, string?])[] = [
    ["GET", "/v1/svids/x509", undefined, 405],
    ["DELETE", "/v1/revocations", undefined, 405],
    ["GET", "/v2/status", undefined, 404],
    ["GET", "/v1/status?x=1", undefined, 404],
    ["GET", "/constructor", undefined, 404],
    ["POST", "/v1/svids/x509", { component: "assistant" }, 400],
    ["POST", "/v1/svids/x509", { component: "assistant", csr: request, id: "spiffe://bank.example/x" }, 400],
    ["POST", "/v1/svids/x509", { component: "assistant", csr: "not a request" }, 400],
    ["POST", "/v1/svids/x509", { component: ["assistant"], csr: request }, 400],
    ["POST", "/v1/svids/x509", `{"component":"assistant","component":"batch","csr":"x"}`, 400],
    ["POST", "/v1/svids/x509", "{", 400],
    ["POST", "/v1/svids/x509", "", 400],
    ["POST", "/v1/svids/x509", { component: "assistant", csr: request }, 400, "text/plain"],
    ["POST", "/v1/svids/jwt", { component: "batch", audience: "" }, 400],
    ["POST", "/v1/revocations", { type: "key", sha256: "AB".repeat(32), reason: "upper case" }, 400],
    ["POST", "/v1/revocations", { type: "workload", component: "assistant" }, 400],
    ["POST", "/v1/revocations", { type: "everything", reason: "x" }, 400],
    ["POST", "/v1/revocations", { type: "workload", component: "nobody", reason: "x" }, 404],
  ];
  for (const [method, path, body, expected, type] of cases) {
    const { status, value } = await call(socketPath, method, path, body, type);
    assert.equal(status, expected, `${method} ${path} ${JSON.stringify(body)}`);
    assert.equal(typeof value.error?.code, "string");
    assert.equal(typeof value.error?.message, "string");
  }
  assert.equal(recorded.length, 0);
});

test("refuses a CSR whose signature is not its key's", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const der = Buffer.from((await csr()).replace(/-----[^-]+-----|\s/g, ""), "base64");
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  const { status } = await call(socketPath, "POST", "/v1/svids/x509", { component: "assistant", csr: forged });
  assert.equal(status, 400);
  assert.equal(recorded.length, 0);
});

test("reads no body longer than 64 KiB, declared or not", async (t) => {
  const { socketPath } = await rig(t);
  const { status, value } = await call(socketPath, "POST", "/v1/svids/x509", {
    component: "assistant",
    csr: "x".repeat(64 * 1024),
  });
  assert.equal(status, 413);
  assert.equal(value.error?.code, "REQUEST_TOO_LARGE");
});

test("tells agents where the gateway is and whom to expect there", async (t) => {
  const { socketPath } = await rig(t);
  const { value } = await call(socketPath, "GET", "/v1/gateway");
  assert.equal(value["url"], "https://127.0.0.1:8443");
  assert.equal(value["id"], "spiffe://bank.example/ns/default/service/gateway");
  assert.ok(parseBundle(trustDomain, Buffer.from(JSON.stringify(value["bundle"]))).x509Authorities.length > 0);
  assert.deepEqual((await call(socketPath, "GET", "/v1/status")).value, { revision: 7 });
});

const silent = { authority: undefined, store: undefined } as unknown as Parameters<typeof openLocalApi>[0];

test("the socket is for its user alone", async (t) => {
  const { socketPath, folder } = await rig(t);
  assert.equal((await lstat(socketPath)).mode & 0o777, 0o600);
  assert.equal((await lstat(join(folder, "run"))).mode & 0o777, 0o700);
});

test("refuses a folder that others can enter", async (t) => {
  const folder = join(await temporaryFolder(t), "open");
  await mkdir(folder);
  await chmod(folder, 0o755);
  await assert.rejects(
    openLocalApi({ ...silent, socketPath: join(folder, "control.sock") }),
    /others can enter.*chmod 700/,
  );
});

test("refuses a path that the system would cut short", async (t) => {
  const socketPath = join(await temporaryFolder(t), "x".repeat(120), "control.sock");
  await assert.rejects(openLocalApi({ ...silent, socketPath }), /bytes long and the system takes 107/);
});

test("refuses to take the place of a file, or of a control plane that answers", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "file.sock");
  await writeFile(file, "precious");
  await assert.rejects(openLocalApi({ ...silent, socketPath: file }), /not a socket/);
  const live = createServer();
  await new Promise<void>((resolve) => live.listen(join(folder, "live.sock"), resolve));
  t.after(() => live.close());
  await assert.rejects(openLocalApi({ ...silent, socketPath: join(folder, "live.sock") }), (error) => {
    assert.ok(error instanceof CordonError);
    assert.equal(error.code, "STORE_CONFLICT");
    return true;
  });
});

test("replaces the socket of a process that died", async (t) => {
  const socketPath = join(await temporaryFolder(t), "control.sock");
  const script = "require('net').createServer().listen(process.argv[1],()=>process.kill(process.pid,'SIGKILL'))";
  const killed = spawn(process.execPath, ["-e", script, socketPath], { stdio: "ignore" });
  await once(killed, "exit");
  assert.ok((await lstat(socketPath)).isSocket());
  await using _api = await openLocalApi({ ...silent, socketPath, status: () => ({ alive: true }) });
  assert.deepEqual((await call(socketPath, "GET", "/v1/status")).value, { alive: true });
});

test("the authority's keys are listed, prepared, tainted with --now and retired, each on record before its answer", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const before = await call(socketPath, "GET", "/v1/authority");
  assert.equal(before.status, 200);
  const [root] = before.value["x509"] as { id: string; state: string }[];
  assert.equal(root?.state, "active");
  const early = await call(socketPath, "POST", "/v1/authority/taint", { id: root?.id });
  assert.equal(early.status, 409);
  assert.equal(early.value.error?.code, "AUTHORITY_IN_USE");
  const tainted = await call(socketPath, "POST", "/v1/authority/taint", { id: root?.id, now: true });
  assert.equal(tainted.status, 200);
  assert.partialDeepStrictEqual(recorded.at(-1), { kind: "change", objects: [{ kind: "authority-taint" }] });
  const bundle = await call(socketPath, "GET", "/v1/bundle");
  assert.ok((bundle.value["tainted"] as string[]).length >= 1, "holders learn of it here");
  const retired = await call(socketPath, "POST", "/v1/authority/retire", { id: root?.id });
  assert.equal((retired.value["x509"] as unknown[]).length, 1);
  const unknown = await call(socketPath, "POST", "/v1/authority/retire", { id: root?.id });
  assert.equal(unknown.status, 404);
  for (const body of [{}, { id: "../x" }, { id: root?.id, now: "yes" }, { id: root?.id, extra: 1 }])
    assert.equal((await call(socketPath, "POST", "/v1/authority/taint", body)).status, 400);
});

test("an authority is certified for a mesh, by a request that proves its key", async (t) => {
  const { socketPath, recorded } = await rig(t);
  const made = await call(socketPath, "POST", "/v1/authority/delegations", {
    name: "istio-east",
    csr: await csr(),
    ttlSeconds: 86_400,
  });
  assert.equal(made.status, 200);
  assert.match(String(made.value["chain"]), /BEGIN CERTIFICATE/);
  assert.partialDeepStrictEqual(recorded.at(-1), { objects: [{ kind: "authority-delegation", name: "istio-east" }] });
  const bytes = Buffer.from((await csr()).replace(/-----[^-]+-----|\s/g, ""), "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  const refused = await call(socketPath, "POST", "/v1/authority/delegations", {
    name: "x",
    csr: forged,
    ttlSeconds: 60,
  });
  assert.equal(refused.status, 400);
});
