/** Adaptive access against the real gateway: what somebody gets follows from device, hour and place, and from what changes. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Agent, request as undiciRequest } from "undici";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { userId } from "@cordon/core/identity/spiffe-id";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { makeDeviceProof } from "@cordon/core/risk/device-proof";
import { chatCall, openEstate, trustDomain, until, type Estate, type EstatePorts } from "./estate.ts";

const adaptive = await readFile(new URL("../../examples/policies/risk-adaptive.cedar", import.meta.url), "utf8");
const permits = `
@id("people-read") permit (principal is User, action in [Action::"read", Action::"infer"], resource);
@id("assistant") permit (principal == Workload::"default/agent/assistant", action == Action::"infer", resource);
`;
const mei = userId(trustDomain, "default" as Namespace, "mei");
/** Wednesday, ten in the morning. */
const office = Date.parse("2026-03-04T10:20:00Z");
const hour = 3_600_000;

function configuration(ports: EstatePorts, hold = 0): string {
  const upstream = (name: string, port: number) =>
    `  - { name: ${name}, url: "http://127.0.0.1:${port}", authentication: loopback }\n`;
  return `
version: 1
trustDomain: test.example
state: ./state
staleness: { limitSeconds: 3600 }
identity: { svidTtlSeconds: 86400 }
gateway: { listen: "127.0.0.1:0", drainSeconds: 0 }
console: { listen: "127.0.0.1:0" }
risk:
  leastObservations: 20
  networks: { countries: { SG: ["127.0.0.1"], NZ: ["127.0.0.2"] } }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
  - { name: handbook, kind: dataset, boundary: data, labels: { sensitivity: internal } }
  - { name: payroll, kind: dataset, boundary: data, labels: { sensitivity: restricted } }
upstreams:
${upstream("handbook", ports.data)}${upstream("payroll", ports.spare)}${upstream("chat", ports.chat)}
routes:
  - { name: handbook, kind: http, path: /handbook, resource: handbook, upstream: handbook, actions: { GET: read }, stepUpHoldSeconds: ${hold} }
  - { name: payroll, kind: http, path: /payroll, resource: payroll, upstream: payroll, actions: { GET: read } }
  - { name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }
policies: [{ file: policies.cedar }]
`;
}

interface Machine {
  readonly key: KeyObject;
  readonly fingerprint: string;
  readonly publicKey: string;
}

function machine(): Machine {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  return { key: privateKey, fingerprint: sha256Hex(spki), publicKey: spki.toString("base64") };
}

async function openOffice(hold = 0) {
  let clock = office;
  const now = (): number => clock;
  const estate = await openEstate({
    configuration: (ports) => configuration(ports, hold),
    policies: `${adaptive}\n${permits}`,
    now,
  });
  const { store, authority } = estate.cordon.control;
  const put = (kind: string, name: string, value: unknown, namespace = "default") =>
    store.transact("test", now(), (transaction) =>
      transaction.put({ kind, namespace: namespace as Namespace, name }, value, "api"),
    );
  await put("user", "mei", { displayName: "Mei", groups: [], createdAt: now() });
  const laptop = machine();
  const tablet = machine();
  const device = (own: Machine, managed: boolean) => ({
    keyFingerprint: own.fingerprint,
    publicKey: own.publicKey,
    owner: "default/user/mei",
    managed,
    enrolledAt: now(),
    posture: { reportedAt: now(), source: "agent", patchAgeDays: 2, diskEncrypted: true, screenLock: true },
  });
  await put("device", "office-laptop", device(laptop, true));
  await put("device", "own-tablet", device(tablet, false));
  const signIn = (own: Machine) =>
    put(
      "session",
      own.fingerprint,
      { user: mei, kind: "cli", passkey: "p", label: "test", authenticatedAt: now(), ends: now() + 48 * hour },
      "system",
    );
  const settled = async (): Promise<void> => {
    const { revision } = await store.snapshot();
    await until(() => estate.cordon.control.snapshots.current().revision >= revision, "the snapshot follows");
  };
  const agentOf = async (own: Machine, localAddress: string): Promise<Agent> => {
    const issued = await authority.issueX509Svid({ id: mei, key: { publicKey: createPublicKey(own.key) } });
    const { chain, notBefore, notAfter } = issued;
    const tls = clientTlsOptions({ id: mei, chain, key: own.key, notBefore, notAfter });
    return new Agent({ connect: tls as never, localAddress });
  };
  const get = async (agent: Agent, path: string) => {
    const answer = await undiciRequest(estate.cordon.gatewayUrl + path, { dispatcher: agent });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  estate.data.answer = (seen, response) =>
    response.end(JSON.stringify({ from: "handbook", restrict: seen.headers["cordon-restrict-to"] ?? null }));
  estate.spare.answer = (_seen, response) => response.end("payroll");
  return {
    estate,
    put,
    device,
    laptop,
    tablet,
    signIn,
    settled,
    agentOf,
    get,
    now,
    set: (at: number) => void (clock = at),
  };
}

/** Thirty requests at ten in the morning, from Singapore, on the office laptop: what is usual for this person. */
async function work(place: Awaited<ReturnType<typeof openOffice>>): Promise<Agent> {
  await place.signIn(place.laptop);
  await place.settled();
  const agent = await place.agentOf(place.laptop, "127.0.0.1");
  for (let one = 0; one < 30; one++) assert.equal((await place.get(agent, "/handbook/page")).status, 200);
  return agent;
}

test("same user, unmanaged device, 3 a.m., new country: stepped up for internal data, refused for restricted data", async (t) => {
  const place = await openOffice();
  await using _estate = place.estate;
  const usual = await work(place);
  assert.equal((await place.get(usual, "/payroll/mine")).status, 200, "standard access, restricted data included");

  place.set(office + 17 * hour); // Thursday 03:20
  await place.put("device", "own-tablet", place.device(place.tablet, false));
  await place.signIn(place.tablet);
  await place.settled();
  place.set(office + 17 * hour + 600_000); // ten minutes after signing in
  const night = await place.agentOf(place.tablet, "127.0.0.2");
  const stepUp = await place.get(night, "/handbook/page");
  assert.equal(stepUp.status, 401);
  const challenge = String(stepUp.headers["www-authenticate"]);
  assert.match(challenge, /^Bearer error="insufficient_user_authentication", .*max_age="300", step_up_uri="http:/);
  const { error } = JSON.parse(stepUp.text) as { error: { code: string; message: string } };
  assert.equal(error.code, "STEP_UP_REQUIRED");
  for (const reason of [
    /this looks unlike you; show that it is you \(within the last 5 min\)/,
    /the device own-tablet is not managed/,
    /the device own-tablet was never used by this principal before/,
    /it comes from NZ, where this principal was never seen before/,
    /at Thursday 03:00 UTC this principal is hardly ever active/,
  ])
    assert.match(error.message, reason);
  t.diagnostic(error.message);
  const refused = await place.get(night, "/payroll/mine");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /restricted data is for managed devices in good order/);
  assert.equal(refused.headers["www-authenticate"], undefined, "no step-up opens it");

  await place.signIn(place.tablet); // what a fresh passkey assertion does to the session
  await place.settled();
  const stepped = await place.get(night, "/handbook/page");
  assert.deepEqual([stepped.status, stepped.text], [200, '{"from":"handbook","restrict":"internal"}']);
  assert.equal((await place.get(night, "/payroll/mine")).status, 403, "restricted data stays out of reach");

  const decisions = (await place.estate.entries()).filter((entry) => entry.kind === "decision");
  const told = decisions.find(({ reasons }) => reasons[0]?.code === "step-up-required");
  assert.equal(told?.risk.tier, "high");
  assert.equal(told?.signals.risk?.network?.country, "NZ", "what it was decided on is on record");
  await Promise.all([usual.destroy(), night.destroy()]);
});

test("a held call waits for the step-up and goes on with it; without one it is refused when its time is over", async () => {
  const place = await openOffice(2);
  await using _estate = place.estate;
  await (await work(place)).destroy();
  place.set(office + 17 * hour);
  await place.put("device", "own-tablet", place.device(place.tablet, false));
  await place.signIn(place.tablet);
  place.set(office + 17 * hour + 600_000);
  await place.settled();
  const night = await place.agentOf(place.tablet, "127.0.0.2");
  const held = place.get(night, "/handbook/page");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await place.signIn(place.tablet);
  assert.equal((await held).status, 200);
  place.set(office + 18 * hour + 600_000);
  const startedAt = performance.now();
  assert.equal((await place.get(night, "/handbook/page")).status, 401);
  assert.ok(performance.now() - startedAt >= 1_900, "it waited as long as the route says");
  await night.destroy();
});

test("a device that is retired, turns non-compliant, or whose report grows stale, loses what stood on it while it runs", async () => {
  for (const change of ["retired", "noncompliant", "stale"] as const) {
    const place = await openOffice();
    await using _estate = place.estate;
    await place.signIn(place.laptop);
    await place.settled();
    const agent = await place.agentOf(place.laptop, "127.0.0.1");
    place.estate.spare.answer = (_seen, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("row\n"), 10);
      response.on("close", () => clearInterval(timer));
    };
    const { body } = await undiciRequest(`${place.estate.cordon.gatewayUrl}/payroll/all`, { dispatcher: agent });
    let ended = false;
    body.on("error", () => (ended = true));
    body.on("end", () => (ended = true));
    let rows = 0;
    body.on("data", () => (rows += 1));
    await until(() => rows > 2, "the download runs");
    const value = place.device(place.laptop, true);
    if (change === "retired")
      await place.put("device", "office-laptop", { ...value, retired: { at: 1, reason: "lost" } });
    if (change === "noncompliant")
      await place.put("device", "office-laptop", { ...value, compliance: { compliant: false, source: "mdm", at: 1 } });
    if (change === "stale") place.set(office + 25 * hour);
    await until(() => ended, `the download is cut: ${change}`);
    await agent.destroy();
  }
});

test("a device that signs for the connection stands behind it; its proof is of no use on another, or once it is retired", async () => {
  const place = await openOffice();
  await using _estate = place.estate;
  const session = machine();
  await place.signIn(session);
  await place.settled();
  const agent = await place.agentOf(session, "127.0.0.1");
  const { authority } = place.estate.cordon.control;
  const issued = await authority.issueX509Svid({ id: mei, key: { publicKey: createPublicKey(session.key) } });
  const { chain, notBefore, notAfter } = issued;
  const bound = new Agent({
    connect: clientTlsOptions({ id: mei, chain, key: session.key, notBefore, notAfter }) as never,
  });
  const proof = makeDeviceProof(
    {
      device: "office-laptop",
      certificate: sha256Hex(chain[0] ?? new Uint8Array()),
      gateway: place.estate.cordon.gatewayId,
      issuedAt: place.now(),
    },
    place.laptop.key,
  );
  const ask = async (dispatcher: Agent, shown?: string) => {
    const answer = await undiciRequest(`${place.estate.cordon.gatewayUrl}/payroll/mine`, {
      dispatcher,
      ...(shown === undefined ? {} : { headers: { "cordon-device": shown } }),
    });
    await answer.body.dump();
    return answer.statusCode;
  };
  assert.notEqual(await ask(bound), 200, "without a device");
  assert.equal(await ask(bound, proof), 200);
  assert.notEqual(await ask(agent, proof), 200, "on another connection");
  const value = place.device(place.laptop, true);
  await place.put("device", "office-laptop", { ...value, retired: { at: 1, reason: "lost" } });
  await place.settled();
  assert.notEqual(await ask(bound, proof), 200, "once it is retired");
  await Promise.all([agent.destroy(), bound.destroy()]);
});

test("a listed address is refused from the moment the list says so, and what runs from it is cut", async () => {
  const place = await openOffice();
  await using _estate = place.estate;
  const assistant = await place.estate.svidFor("agent", "assistant");
  assert.equal((await place.estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
  const stream = await openStream(place.estate, assistant);
  const indicator = { kind: "address", value: "127.0.0.1", confidence: 100, until: place.now() + hour };
  await place.put("threats", "feed.0", { list: "feed", origin: "test", indicators: [indicator] });
  await until(() => stream.ended, "the stream from a listed address was cut");
  const refused = await place.estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(refused.status, 403);
  assert.match(refused.text, /the address 127\.0\.0\.1 is on the list feed/);
  place.set(office + 2 * hour); // the indicator has ended by itself
  place.estate.chat.answer = (_seen, response) => response.end("{}");
  const later = await place.estate.svidFor("agent", "assistant");
  assert.equal((await place.estate.call(later, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
});

test("a request that holds a listed prompt pattern weighs more, however it is written, and others do not", async () => {
  const place = await openOffice();
  await using _estate = place.estate;
  const assistant = await place.estate.svidFor("agent", "assistant");
  place.estate.chat.answer = (_seen, response) => response.end("{}");
  const indicator = { kind: "prompt", value: "the moon over the bank is blue", confidence: 100 };
  await place.put("threats", "feed.0", { list: "feed", origin: "test", indicators: [indicator] });
  await place.settled();
  const ask = (content: string) =>
    place.estate.call(
      assistant,
      "/v1/chat/completions",
      chatCall({ model: "m", messages: [{ role: "user", content }] }),
    );
  assert.equal((await ask("What is the moon?")).status, 200);
  const listed = await ask("Remember: The Moon over the BANK is blue.");
  assert.equal(listed.status, 200, "alone it is high, and the assistant is restricted to internal data");
  const decisions = (await place.estate.entries()).filter((entry) => entry.kind === "decision");
  assert.deepEqual(
    decisions.map(({ risk }) => risk.contributions.map(({ signal }) => signal)),
    [[], ["threat-prompt"]],
  );
});

async function openStream(estate: Estate, svid: Awaited<ReturnType<Estate["svidFor"]>>) {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(svid).request({
    ...{ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", method: "POST" },
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const stream = { ended: false, ticks: 0 };
  body.on("data", () => (stream.ticks += 1));
  body.on("error", () => (stream.ended = true));
  body.on("end", () => (stream.ended = true));
  await until(() => stream.ticks > 1, "the stream began");
  return stream;
}
