/**
 * The API for agents over real TLS: who may enrol, who may ask, for what. The authority, store and registry are real; the
 * clock is the test's where time matters.
 */
import "reflect-metadata"; // before @peculiar/x509, which injects by it
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { test, type TestContext } from "node:test";
import { connect } from "node:tls";
import { request as httpsRequest } from "node:https";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { x509Challenge, type Attestation } from "@cordon/core/contract/node-api";
import type { Registration } from "@cordon/core/contract/registration-schema";
import { makeCsr } from "@cordon/core/identity/csr";
import { agentId, controlPlaneId } from "@cordon/core/identity/node-id";
import { componentId } from "@cordon/core/identity/spiffe-id";
import { parseJoinToken } from "@cordon/core/identity/join-token";
import { authenticatePeer } from "@cordon/core/identity/tls";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import * as x509 from "@peculiar/x509";
import { openOwnIdentity } from "../authority/own-identity.ts";
import { revocationKind, revocationsFrom } from "../authority/revocation.ts";
import { estate, trustDomain } from "../authority/testing/estate.ts";
import { gceAttestor } from "./attest-gce.ts";
import { joinTokenAttestor, newJoinToken } from "./attest-join-token.ts";
import { kubernetesAttestor } from "./attest-kubernetes.ts";
import { x509Attestor } from "./attest-x509.ts";
import type { NodeAttestor } from "./attestor.ts";
import { openDevices } from "../devices/devices.ts";
import { openWatchers } from "../supply/served/watchers.ts";
import { openNodeModels } from "./node-models.ts";
import { openNodeListener } from "./node-listener.ts";
import { nodeOperations, type NodeApiRooms } from "./node-operations.ts";
import { openNodes } from "./nodes.ts";

const digest = "a".repeat(64);
const onA: Registration = { nodes: ["node-a"], sha256: digest };

function component(name: string, more: Partial<Component> = {}): Component {
  return {
    id: componentId(trustDomain, "default" as Namespace, "agent", name),
    namespace: "default" as Namespace,
    kind: "agent",
    name,
    boundary: "api",
    labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
    description: "",
    bearerTokens: false,
    ...more,
  };
}
const components = [
  component("here", { registrations: [onA], bearerTokens: true }),
  component("there", { registrations: [{ nodes: ["node-b"], sha256: digest }] }),
  component("everywhere", { registrations: [{ nodes: ["*"], sha256: digest }] }),
  component("modelled", { registrations: [onA], modelDigest: `sha256:${digest}` }),
];
const idOf = (name: string): string => componentId(trustDomain, "default" as Namespace, "agent", name);

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly value: any;
}
interface Shown {
  readonly key: KeyObject;
  readonly chain: string;
}

async function rig(
  t: TestContext,
  more: { readonly admission?: NodeApiRooms["admission"]; readonly attestors?: readonly NodeAttestor[] } = {},
) {
  const { store, clock, open } = await estate(t);
  const authority = await open();
  const now = () => clock.now;
  const nodes = openNodes(store);
  const listeners = new Set<(snapshot: Snapshot) => void>();
  let revision = 1;
  const build = async (): Promise<Snapshot> => ({
    formatVersion: 1,
    revision: revision++ as Revision,
    trustDomain,
    components: new Map(components.map((one) => [one.id, one])),
    routes: [],
    observing: new Map(),
    // Nothing is decided here.
    ...({ policies: {}, boundaries: {}, windows: new Map() } as unknown as Pick<
      Snapshot,
      "policies" | "boundaries" | "windows"
    >),
    bundles: new Map([[trustDomain, authority.bundle()]]),
    revocations: revocationsFrom(await store.list(revocationKind)),
    overlays: { isolated: new Map(), rerouted: new Map() },
    stalenessLimitMs: 60_000,
  });
  let snapshot = await build();
  const snapshots = {
    current: () => snapshot,
    confirmedAtMs: () => performance.now(),
    subscribe(listener: (next: Snapshot) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const recorded: ChangeEntry[] = [];
  const ledger = { record: (change: ChangeEntry): Promise<unknown> => Promise.resolve(recorded.push(change)) };
  const operations = nodeOperations({
    authority,
    snapshots,
    nodes,
    attestors: [joinTokenAttestor(store) as NodeAttestor, ...(more.attestors ?? [])],
    admission: more.admission ?? { admitted: () => Promise.resolve({ admitted: true }) },
    agentTtlSeconds: 3600,
    gateway: () => ({ url: "https://127.0.0.1:1", id: idOf("here") }),
    record: (change) => ledger.record(change),
    now,
  });
  const problems = (error: unknown): void => assert.fail(String(error));
  const own = { id: controlPlaneId(trustDomain), dnsNames: [], ipAddresses: [], now, onProblem: problems };
  const identity = await openOwnIdentity({ authority, ...own });
  const refused: string[] = [];
  const models = openNodeModels({
    ...{ store, snapshots, nodes, now, onProblem: problems },
    watchers: openWatchers({ records: store.records, machine: "gateway-test", now }),
  });
  const listener = await openNodeListener({
    listen: { host: "127.0.0.1", port: 0 },
    ...{ identity, snapshots, operations, models, nodes, now },
    devices: openDevices(store, now, () => 86_400_000),
    refused: (error) => refused.push(error.code),
    onFailure: () => undefined,
  });
  t.after(async () => {
    models[Symbol.dispose]();
    await listener[Symbol.asyncDispose]();
    await identity[Symbol.asyncDispose]();
  });

  const ask = (method: "GET" | "POST", path: string, shown: Shown | undefined, body?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const request = httpsRequest({
        ...{ host: "127.0.0.1", port: listener.port, method, path, agent: false, rejectUnauthorized: false },
        ...(shown === undefined ? {} : { key: shown.key.export({ type: "pkcs8", format: "pem" }), cert: shown.chain }),
        headers:
          text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      });
      request.once("error", reject);
      request.once("response", (response) => {
        let whole = "";
        response.on("data", (chunk: Buffer) => (whole += chunk.toString()));
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, value: whole === "" ? undefined : JSON.parse(whole) }),
        );
      });
      request.end(text);
    });
  const token = async (node: string): Promise<string> => {
    const asked = { node, ttlSeconds: 60, bundle: authority.bundle(), now: now() };
    return (await newJoinToken(store, asked, "test")).token;
  };
  const attest = async (attestation: Attestation): Promise<Answer & { key: KeyObject }> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const csr = await makeCsr(privateKey);
    return { ...(await ask("POST", "/v1/nodes/attest", undefined, { attestation, csr })), key: privateKey };
  };
  const enrol = async (node: string): Promise<Shown> => {
    const { status, value, key } = await attest({ kind: "join-token", token: await token(node) });
    assert.equal(status, 200, JSON.stringify(value));
    return { key, chain: value.chain };
  };
  const change = async (): Promise<void> => {
    snapshot = await build();
    for (const each of listeners) each(snapshot);
  };
  return {
    store,
    clock,
    authority,
    nodes,
    listener,
    recorded,
    ledger,
    refused,
    ask,
    token,
    attest,
    enrol,
    change,
    now,
  };
}

const freshCsr = (): Promise<string> => makeCsr(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const ask1 = async (id: string, more: object = {}) => ({ requests: [{ id, csr: await freshCsr(), ...more }] });

test("a join token admits its node, once; the SVID is the agent's, and on record", async (t) => {
  const { token, attest, recorded } = await rig(t);
  const joining = await token("node-a");
  const first = await attest({ kind: "join-token", token: joining });
  assert.deepEqual([first.status, first.value.node, first.value.id], [200, "node-a", agentId(trustDomain, "node-a")]);
  assert.deepEqual(recorded.at(-1)?.objects[0]?.kind, "agent-svid");
  const again = await attest({ kind: "join-token", token: joining });
  assert.deepEqual([again.status, again.value.error.code], [403, "ACCESS_DENIED"]);
});

test("a token that has expired, was guessed or is malformed admits nobody", async (t) => {
  const { token, attest, clock } = await rig(t);
  const late = await token("node-a");
  clock.now += 61_000;
  assert.equal((await attest({ kind: "join-token", token: late })).status, 403);
  const { pins } = parseJoinToken(late);
  const pin = Buffer.from([...pins][0] ?? "", "hex").toString("base64url");
  assert.equal((await attest({ kind: "join-token", token: `cordon-join.${"A".repeat(32)}.${pin}` })).status, 403);
  assert.equal((await attest({ kind: "join-token", token: "cordon-join.x" })).status, 400);
});

test("an agent gets SVIDs for its own node's components and for no other's", async (t) => {
  const { enrol, ask } = await rig(t);
  const shown = await enrol("node-a");
  for (const [name, allowed] of [
    ["here", true],
    ["everywhere", true],
    ["there", false],
    ["nobody", false],
  ] as const) {
    const { value } = await ask("POST", "/v1/svids/x509", shown, await ask1(idOf(name)));
    assert.equal("chain" in value.svids[0], allowed, name);
  }
  const control = await ask("POST", "/v1/svids/x509", shown, await ask1(controlPlaneId(trustDomain)));
  assert.equal(control.value.svids[0].refused.code, "ACCESS_DENIED");
  const { value } = await ask("GET", "/v1/node/state", shown);
  assert.deepEqual(
    value.registrations.map(({ id }: { id: string }) => id.split("/").at(-1)),
    ["here", "modelled", "everywhere"],
  );
  assert.equal(JSON.stringify(value).includes("node-b"), false, "what other nodes run is not told");
});

test("a JWT-SVID is for components that may use one", async (t) => {
  const { enrol, ask } = await rig(t);
  const shown = await enrol("node-a");
  assert.equal((await ask("POST", "/v1/svids/jwt", shown, { id: idOf("here"), audience: ["x"] })).status, 200);
  assert.equal((await ask("POST", "/v1/svids/jwt", shown, { id: idOf("everywhere"), audience: ["x"] })).status, 403);
  assert.equal((await ask("POST", "/v1/svids/jwt", shown, { id: idOf("there"), audience: ["x"] })).status, 403);
});

test("without a certificate, or with a workload's, nothing but the bundle is told", async (t) => {
  const { ask, authority } = await rig(t);
  assert.equal((await ask("GET", "/v1/bundle", undefined)).status, 200);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const svid = await authority.issueX509Svid({
    id: idOf("here") as never,
    key: { publicKey: createPublicKey(privateKey) },
  });
  const workload = {
    key: privateKey,
    chain: svid.chain.map((der) => new x509.X509Certificate(Buffer.from(der)).toString("pem")).join("\n"),
  };
  for (const [shown, status] of [
    [undefined, 401],
    [workload, 403],
  ] as const) {
    assert.equal((await ask("GET", "/v1/node/state", shown)).status, status);
    assert.equal((await ask("POST", "/v1/svids/x509", shown, await ask1(idOf("here")))).status, status);
    assert.equal((await ask("POST", "/v1/nodes/renew", shown, { csr: await freshCsr() })).status, status);
  }
});

test("an SVID that is an agent's by name but of a key that never enrolled is refused", async (t) => {
  const { ask, authority } = await rig(t);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = agentId(trustDomain, "node-a");
  const svid = await authority.issueX509Svid({ id, key: { publicKey: createPublicKey(privateKey) } });
  const chain = svid.chain.map((der) => new x509.X509Certificate(Buffer.from(der)).toString("pem")).join("\n");
  assert.equal((await ask("GET", "/v1/node/state", { key: privateKey, chain })).status, 403);
});

test("an expired SVID renews itself with the enrolled key, and does nothing else", async (t) => {
  const { enrol, ask, clock, authority } = await rig(t);
  const shown = await enrol("node-a");
  clock.now += 2 * 3_600_000;
  await authority.maintain();
  assert.equal((await ask("GET", "/v1/node/state", shown)).status, 401);
  assert.equal((await ask("POST", "/v1/nodes/renew", shown, { csr: await freshCsr() })).status, 403, "another key");
  const renewed = await ask("POST", "/v1/nodes/renew", shown, { csr: await makeCsr(shown.key) });
  assert.equal(renewed.status, 200, JSON.stringify(renewed.value));
  assert.equal((await ask("GET", "/v1/node/state", { key: shown.key, chain: renewed.value.chain })).status, 200);
});

test("an evicted node is out at once, its held question too", async (t) => {
  const { enrol, ask, nodes, change, refused, now } = await rig(t);
  const shown = await enrol("node-a");
  const { value } = await ask("GET", "/v1/node/state", shown);
  const held = ask("GET", `/v1/node/state?after=${value.revision}`, shown).catch(() => "cut");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await nodes.evict("node-a", "drill", "test", now());
  await change();
  assert.equal(await held, "cut");
  await assert.rejects(ask("GET", "/v1/node/state", shown));
  assert.deepEqual(refused, ["SVID_REVOKED"]);
});

test("a held question is answered when there is news", async (t) => {
  const { enrol, ask, change, store, now } = await rig(t);
  const shown = await enrol("node-a");
  const { value } = await ask("GET", "/v1/node/state", shown);
  const held = ask("GET", `/v1/node/state?after=${value.revision}`, shown);
  const revocation = { type: "workload", id: idOf("here"), reason: "drill", at: now() };
  await store.transact("test", now(), (transaction) =>
    transaction.put({ kind: revocationKind, namespace: "system" as Namespace, name: "workload-x" }, revocation, "api"),
  );
  await change();
  const news = await held;
  assert.equal(JSON.stringify(news.value.registrations).includes("/here"), false, "a revoked component is absent");
});

test("a held question is answered when an authority is tainted, with the keys whose SVIDs have to go", async (t) => {
  const { enrol, ask, authority, change, listener } = await rig(t);
  const before = await servedCertificate(listener.port);
  const shown = await enrol("node-a");
  const { value } = await ask("GET", "/v1/node/state", shown);
  assert.deepEqual(value.tainted, []);
  const held = ask("GET", `/v1/node/state?after=${value.revision}`, shown);
  const { x509: roots } = await authority.authorities();
  const root = roots.find(({ state }) => state === "active");
  await authority.taint(root?.id ?? "", { early: true });
  await change(); // a question that comes only now finds a newer revision
  const news = await held;
  assert.deepEqual(news.value.tainted, [...authority.tainted()]);
  assert.equal((news.value.tainted as string[]).length > 0, true);
  // The listener's own certificate is replaced as well; the store must not close under it.
  for (let tries = 0; (await servedCertificate(listener.port)) === before; tries++) {
    assert.ok(tries < 500, "the listener's certificate stays that of the tainted authority");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

function servedCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

test("what cannot be recorded is not issued", async (t) => {
  const { enrol, ask, ledger } = await rig(t);
  const shown = await enrol("node-a");
  ledger.record = () => Promise.reject(new Error("the disk is full"));
  assert.equal((await ask("POST", "/v1/svids/x509", shown, await ask1(idOf("here")))).status, 500);
});

test("a component whose model is not admitted, or that serves another, gets no SVID", async (t) => {
  let admitted = true;
  const { enrol, ask } = await rig(t, {
    admission: {
      admitted: () => Promise.resolve(admitted ? { admitted: true } : { admitted: false, words: "withdrawn" }),
    },
  });
  const shown = await enrol("node-a");
  const of = async (more: object = {}) =>
    (await ask("POST", "/v1/svids/x509", shown, await ask1(idOf("modelled"), more))).value.svids[0];
  assert.ok("chain" in (await of({ modelDigest: `sha256:${digest}` })));
  assert.match((await of({ modelDigest: `sha256:${"b".repeat(64)}` })).refused.message, /another model/);
  admitted = false;
  assert.match((await of()).refused.message, /withdrawn/);
});

test("bodies are bounded and strict, paths closed", async (t) => {
  const { enrol, ask } = await rig(t);
  const shown = await enrol("node-a");
  const csr = await freshCsr();
  const many = { requests: Array.from({ length: 65 }, () => ({ id: idOf("here"), csr })) };
  assert.equal((await ask("POST", "/v1/svids/x509", shown, many)).status, 400);
  assert.equal((await ask("POST", "/v1/svids/x509", shown, { requests: [], extra: 1 })).status, 400);
  assert.ok(
    [400, 413].includes(
      (await ask("POST", "/v1/svids/x509", shown, { csr: "x".repeat(300_000) }).catch(() => ({ status: 413 }))).status,
    ),
  );
  assert.equal((await ask("GET", "/v1/node/state?after=-1", shown)).status, 400);
  assert.equal((await ask("GET", "/v2/node/state", shown)).status, 404);
});

test("the listener proves itself as the control plane", async (t) => {
  const { listener, authority, now } = await rig(t);
  const socket = connect({ host: "127.0.0.1", port: listener.port, rejectUnauthorized: false, ca: [] });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const revocations = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
  const trust = { bundles: new Map([[trustDomain, authority.bundle()]]), revocations };
  assert.equal(authenticatePeer(socket, trust, now()).id, controlPlaneId(trustDomain));
  socket.destroy();
});

const signing = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A machine's certificate from a small authority of its own. */
async function machine(name: string, life: { readonly from: number; readonly to: number }) {
  const authorityKeys = await crypto.subtle.generateKey(signing, true, ["sign", "verify"]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: "CN=Machines", keys: authorityKeys, signingAlgorithm: signing },
    ...{ notBefore: new Date(life.from), notAfter: new Date(life.to) },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leaf = await x509.X509CertificateGenerator.create({
    ...{ subject: "CN=machine", issuer: ca.subject, signingAlgorithm: signing, signingKey: authorityKeys.privateKey },
    ...{ notBefore: new Date(life.from), notAfter: new Date(life.to) },
    publicKey: new x509.PublicKey(publicKey.export({ type: "spki", format: "der" })),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  return { ca: ca.toString("pem"), leaf: Buffer.from(leaf.rawData).toString("base64"), privateKey };
}

test("a machine's certificate proves its node, for the request it signed and for no other", async () => {
  const now = Date.UTC(2026, 10, 23);
  const good = await machine("node-x.bank.internal", { from: now - 1000, to: now + 3_600_000 });
  const attestor = x509Attestor(trustDomain, () => Promise.resolve(good.ca));
  const csr = await freshCsr();
  const proof = (by: KeyObject, over: string) =>
    sign("sha256", x509Challenge(trustDomain, over), by).toString("base64");
  const attest = (leaf: string, signature: string, at = now) =>
    attestor.attest({ attestation: { kind: "x509", chain: [leaf], signature }, csr, now: at });
  assert.deepEqual(await attest(good.leaf, proof(good.privateKey, csr)), { node: "node-x.bank.internal" });
  const denied = { code: "ACCESS_DENIED" };
  await assert.rejects(attest(good.leaf, proof(good.privateKey, await freshCsr())), denied);
  await assert.rejects(attest(good.leaf, proof(good.privateKey, csr), now + 4_000_000), denied);
  const stranger = await machine("node-x.bank.internal", { from: now - 1000, to: now + 3_600_000 });
  await assert.rejects(attest(stranger.leaf, proof(stranger.privateKey, csr)), denied);
  const badName = await machine("*.bank.internal", { from: now - 1000, to: now + 3_600_000 });
  await assert.rejects(
    x509Attestor(trustDomain, () => Promise.resolve(badName.ca)).attest({
      attestation: { kind: "x509", chain: [badName.leaf], signature: proof(badName.privateKey, csr) },
      csr,
      now,
    }),
    denied,
  );
});

test("a projected token proves the node it is bound to, when cluster, audience, account and time are right", async () => {
  const now = Date.UTC(2026, 10, 23);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "RS256" }] };
  const attestor = kubernetesAttestor({
    issuer: "https://cluster.example",
    audience: "cordon",
    serviceAccounts: ["cordon:agent"],
    readKeys: () => Promise.resolve(Buffer.from(JSON.stringify(jwks))),
  });
  const good = {
    iss: "https://cluster.example",
    aud: ["cordon"],
    exp: now / 1000 + 600,
    nbf: now / 1000,
    "kubernetes.io": { namespace: "cordon", serviceaccount: { name: "agent" }, node: { name: "worker-1" } },
  };
  const tokenOf = (claims: object, header: object = { alg: "RS256", kid: "k1" }): string => {
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  };
  const attest = (token: string) => attestor.attest({ attestation: { kind: "kubernetes", token }, csr: "", now });
  assert.deepEqual(await attest(tokenOf(good)), { node: "worker-1" });
  const bound = good["kubernetes.io"];
  for (const bad of [
    { ...good, iss: "https://other.example" },
    { ...good, aud: ["vault"] },
    { ...good, exp: now / 1000 - 60 },
    { ...good, exp: undefined },
    { ...good, exp: now / 1000 + 1e6 },
    { ...good, nbf: now / 1000 + 600 },
    { ...good, "kubernetes.io": { ...bound, serviceaccount: { name: "default" } } },
    { ...good, "kubernetes.io": { ...bound, node: undefined } },
    { ...good, "kubernetes.io": { ...bound, node: { name: "../x" } } },
  ])
    await assert.rejects(attest(tokenOf(bad)), { code: "ACCESS_DENIED" }, JSON.stringify(bad));
  await assert.rejects(attest(tokenOf(good, { alg: "RS256", kid: "k2" })), { code: "ACCESS_DENIED" });
  await assert.rejects(attest(tokenOf(good, { alg: "none", kid: "k1" })), { code: "ACCESS_DENIED" });
  await assert.rejects(attest(`${tokenOf(good).slice(0, -4)}AAAA`), { code: "ACCESS_DENIED" });
});

test("a machine of Google Compute Engine enrols by its token, once, and only from a project that was named", async (context) => {
  const now = Date.UTC(2026, 10, 23);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "g1", use: "sig", alg: "RS256" }] };
  const attestor = gceAttestor({
    issuer: "https://accounts.google.com",
    audience: "cordon",
    projects: ["bank-ai"],
    readKeys: () => Promise.resolve(Buffer.from(JSON.stringify(jwks))),
  });
  const instance = { project_id: "bank-ai", zone: "asia-southeast1-b", instance_name: "gpu-7", instance_id: "1" };
  const good = { iss: "https://accounts.google.com", aud: "cordon", exp: now / 1000 + 3_600, iat: now / 1000 };
  const attest = (claims: object, header: object = { alg: "RS256", kid: "g1", typ: "JWT" }) => {
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const token = `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
    return attestor.attest({ attestation: { kind: "gce", token }, csr: "", now });
  };
  const of = (change: object = {}) => ({ ...good, google: { compute_engine: { ...instance, ...change } } });
  assert.deepEqual(await attest(of()), { node: "gpu-7.asia-southeast1-b.bank-ai", once: true });
  for (const bad of [
    good,
    of({ project_id: "somebody-else" }),
    of({ instance_name: "gpu-7.asia-southeast1-b.bank-ai" }),
    of({ zone: "../b" }),
    of({ instance_name: undefined }),
    { ...of(), aud: "https://cordon" },
    { ...of(), iss: "https://accounts.google.com.evil.example" },
    { ...of(), exp: now / 1000 - 60 },
    { ...of(), exp: now / 1000 + 7_200 },
  ])
    await assert.rejects(attest(bad), { code: "ACCESS_DENIED" }, JSON.stringify(bad));
  await assert.rejects(attest(of(), { alg: "none", kid: "g1" }), { code: "ACCESS_DENIED" });
  await assert.rejects(attest(of(), { alg: "RS256", kid: "g2" }), { code: "ACCESS_DENIED" });

  const { store } = await estate(context);
  const nodes = openNodes(store);
  const agent = { name: "gpu-7", attestedBy: "gce", keyFingerprint: "a".repeat(64), enrolledAt: now };
  await nodes.enrol(agent, true);
  await nodes.enrol(agent, true);
  // Whoever runs on the machine has the same token, and a key of his own.
  const thief = { ...agent, keyFingerprint: "b".repeat(64) };
  await assert.rejects(nodes.enrol(thief, true), { code: "ACCESS_DENIED", message: /--evict gpu-7/ });
  assert.equal((await nodes.find("gpu-7"))?.keyFingerprint, "a".repeat(64));
  await nodes.evict("gpu-7", "made anew", "test", now);
  await nodes.enrol(thief, true);
});
