/** Shared signals, device management and threat lists against the real Cordon: what other systems say is acted on at once. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventTypes } from "@cordon/core/risk/ssf/events";
import { verifySet, type ReceivedEvent } from "@cordon/core/risk/ssf/set";
import { chatCall, openEstate, until, type Estate } from "./estate.ts";

const issuer = "https://idp.example";
const audience = "https://cordon.example";
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...createPublicKey(privateKey).export({ format: "jwk" }), kid: "k1", use: "sig" };

function token(type: string, payload: object, subject: object, more: object = {}): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: audience,
    iat,
    jti: randomUUID(),
    sub_id: subject,
    events: { [type]: payload },
    ...more,
  };
  const signed = `${part({ alg: "RS256", kid: "k1", typ: "secevent+jwt" })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

async function openSignalled(more = "", env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-signals-"));
  await writeFile(join(folder, "jwks.json"), JSON.stringify({ keys: [jwk] }));
  for (const [name, value] of Object.entries({ PUSH: "push-token", MDM: "mdm-token", SIEM: "siem-token", ...env }))
    await writeFile(join(folder, name), value, { mode: 0o600 });
  const secret = (name: string) => `{ file: "${join(folder, name)}" }`;
  const policies = `
@id("infers") permit (principal, action == Action::"infer", resource);
@id("risky") forbid (principal, action, resource) when { context.risk.tier == "high" || context.risk.tier == "critical" };
`;
  const signals = `
signals:
  listen: "127.0.0.1:0"
  receive:
    - { name: idp, issuer: "${issuer}", audiences: ["${audience}"], jwksFile: "${join(folder, "jwks.json")}", token: ${secret("PUSH")} ${more} }
  transmit: [{ name: siem, audience: "https://siem.example", token: ${secret("SIEM")} }]
  management: [{ name: mdm, token: ${secret("MDM")} }]
`;
  const estate = await openEstate({ policies, more: signals });
  const url = estate.cordon.signalsUrl ?? "";
  const call = async (
    path: string,
    bearer: string | undefined,
    body?: object | string,
    method = body === undefined ? "GET" : "POST",
  ) => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined
          ? {}
          : { "content-type": typeof body === "string" ? "application/secevent+jwt" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, value: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
  };
  const push = (text: string, bearer: string | undefined = "push-token") => call("/ssf/push/idp", bearer, text);
  return {
    estate,
    call,
    push,
    async [Symbol.asyncDispose]() {
      await estate[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function stream(estate: Estate, name: string) {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const svid = await estate.svidFor("agent", name);
  const { body } = await estate.agent(svid).request({
    ...{ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", method: "POST" },
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const seen = { ticks: 0, ended: false };
  body.on("data", () => (seen.ticks += 1));
  body.on("error", () => (seen.ended = true));
  body.on("end", () => (seen.ended = true));
  await until(() => seen.ticks > 1, "the stream began");
  return seen;
}

const assistant = { format: "uri", uri: "spiffe://test.example/ns/default/agent/assistant" };

test("session-revoked cuts what runs and nobody else's; whoever connects anew comes in", async () => {
  await using place = await openSignalled();
  const { estate, push } = place;
  const [own, other] = [await stream(estate, "assistant"), await stream(estate, "rival")];
  assert.equal(
    (await push(token(eventTypes.sessionRevoked, { reason_admin: { en: "stolen" } }, assistant))).status,
    202,
  );
  await until(() => own.ended, "the stream of the one it names was cut");
  assert.equal(other.ended, false);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // tokens are dated in whole seconds
  estate.chat.answer = (_seen, response) => response.end("{}");
  const again = await estate.call(
    await estate.svidFor("agent", "assistant"),
    "/v1/chat/completions",
    chatCall({ model: "m" }),
  );
  assert.equal(again.status, 200, again.text);
});

test("risk-level-change refuses from then on, with whose word it was; an older event does not undo it; a newer one does", async () => {
  await using place = await openSignalled();
  const { estate, push } = place;
  const svid = await estate.svidFor("agent", "assistant");
  const ask = () => estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }));
  estate.chat.answer = (_seen, response) => response.end("{}");
  assert.equal((await ask()).status, 200);
  const at = Math.floor(Date.now() / 1000);
  const level = (current_level: string, event_timestamp: number) =>
    push(
      token(
        eventTypes.riskLevelChange,
        { principal: "USER", current_level, event_timestamp, risk_reason: "PASSWORD_FOUND_IN_DATA_BREACH" },
        assistant,
      ),
    );
  assert.equal((await level("HIGH", at)).status, 202);
  const refused = await ask();
  assert.equal(refused.status, 403);
  assert.match(refused.text, /idp reports high risk: PASSWORD_FOUND_IN_DATA_BREACH/);
  assert.equal((await level("LOW", at - 100)).status, 202);
  assert.equal((await ask()).status, 403, "older news undoes nothing");
  assert.equal((await level("LOW", at + 1)).status, 202);
  await until(
    () => estate.cordon.control.snapshots.current().subjects?.get("default/agent/assistant")?.reported?.level === "low",
    "the newer report",
  );
  assert.equal((await ask()).status, 200);
});

test("what does not prove itself changes nothing: no token, another's, a forged, replayed, or misdirected event", async () => {
  await using place = await openSignalled();
  const { estate, push } = place;
  const good = token(eventTypes.sessionRevoked, {}, assistant);
  assert.equal((await push(good, "guess")).status, 401);
  assert.equal((await place.call("/ssf/push/idp", undefined, good)).status, 401);
  assert.equal((await place.call("/ssf/push/nobody", "push-token", good)).status, 404);
  const misdirected = await push(token(eventTypes.sessionRevoked, {}, assistant, { aud: "https://other.example" }));
  assert.deepEqual([misdirected.status, misdirected.value?.["err"]], [400, "invalid_audience"]);
  const [header = "", payload = ""] = good.split(".");
  assert.equal((await push(`${header}.${payload}.${"A".repeat(342)}`)).value?.["err"], "authentication_failed");
  assert.equal(estate.cordon.control.snapshots.current().subjects?.size ?? 0, 0, "nothing was changed");
  assert.equal((await push(good)).status, 202);
  const { revision } = await estate.cordon.control.store.snapshot();
  assert.equal((await push(good)).status, 202, "taken already, and acknowledged again");
  assert.equal((await estate.cordon.control.store.snapshot()).revision, revision, "and nothing changed");
});

test("events are polled, acknowledged, and those that are refused are told to their transmitter", async () => {
  const waiting = new Map([
    ["a", token(eventTypes.sessionRevoked, {}, assistant)],
    ["b", "nonsense"],
  ]);
  const heard: { ack: string[]; setErrs: Record<string, { err: string }> }[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const asked = JSON.parse(text) as (typeof heard)[number];
      heard.push(asked);
      for (const jti of [...asked.ack, ...Object.keys(asked.setErrs)]) waiting.delete(jti);
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ sets: Object.fromEntries(waiting), moreAvailable: false }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/poll`;
  {
    await using place = await openSignalled(`, poll: { url: "${url}", everySeconds: 1 }`);
    await until(() => waiting.size === 0, "both were answered for");
    assert.ok(place.estate.cordon.control.snapshots.current().subjects?.has("default/agent/assistant"));
  }
  server.close();
  server.closeAllConnections();
  assert.ok(heard.some(({ ack }) => ack.includes("a")));
  assert.equal(heard.find(({ setErrs }) => "b" in setErrs)?.setErrs["b"]?.err, "invalid_request");
});

test("a receiver makes a stream, proves that it lives, and hears of revocations and of devices, in signed tokens", async () => {
  await using place = await openSignalled();
  const { estate, call } = place;
  const { value: known } = await call("/.well-known/ssf-configuration", undefined);
  assert.equal(known?.["spec_version"], "1_0");
  assert.equal((await call("/ssf/stream", "guess", {})).status, 401);
  const made = await call("/ssf/stream", "siem-token", { events_requested: Object.values(eventTypes) });
  assert.equal(made.status, 201);
  const stream_id = String(made.value?.["stream_id"]);
  assert.equal((await call("/ssf/stream", "siem-token", {})).status, 409, "one each");
  const refusedPush = await call("/ssf/stream", "siem-token", {
    delivery: { method: "urn:ietf:rfc:8935", endpoint_url: "http://127.0.0.1:1/" },
  });
  assert.notEqual(refusedPush.status, 201, "nobody has us call an address of theirs");
  assert.equal((await call("/ssf/verify", "siem-token", { stream_id, state: "s-1" })).status, 204);
  const keys = ((await call("/ssf/jwks", undefined)).value?.["keys"] ?? []) as { kid: string }[];
  const received: ReceivedEvent[] = [];
  const poll = async (): Promise<void> => {
    const { value } = await call("/ssf/poll", "siem-token", { ack: received.map(({ jti }) => jti) });
    for (const text of Object.values((value?.["sets"] ?? {}) as Record<string, string>)) {
      const read = verifySet(text, {
        ...{
          issuer: String(known?.["issuer"]),
          audiences: ["https://siem.example"],
          now: Date.now(),
          maxAgeMs: 60_000,
        },
        keys: keys.map((key) => ({ kid: key.kid, jwk: key as never })),
      });
      assert.ok("event" in read, JSON.stringify(read));
      if (!received.some(({ jti }) => jti === read.jti)) received.push(read);
    }
  };
  await poll();
  assert.deepEqual(
    received.map(({ event }) => (event.kind === "verification" ? event.state : event.kind)),
    ["s-1"],
  );

  await call("/ssf/status", "siem-token", { stream_id, status: "paused" });
  const { store } = estate.cordon.control;
  const posture = { patchAgeDays: 1, diskEncrypted: true, screenLock: true };
  await store.transact("test", Date.now(), (transaction) =>
    transaction.put(
      { kind: "device", namespace: "default" as never, name: "laptop" },
      { managed: true, enrolledAt: 0 },
      "api",
    ),
  );
  await until(() => estate.cordon.control.snapshots.current().devices?.has("laptop") === true, "the device is known");
  assert.equal((await call("/v1/devices/laptop/posture", "guess", posture)).status, 401);
  assert.equal((await call("/v1/devices/laptop/posture", "mdm-token", { ...posture, nice: true })).status, 400);
  assert.equal((await call("/v1/devices/laptop/posture", "mdm-token", posture)).status, 204);
  assert.equal(
    (await call("/v1/devices/laptop/posture", "mdm-token", { ...posture, diskEncrypted: false })).status,
    204,
  );
  const component = "spiffe://test.example/ns/default/agent/rival";
  await store.transact("test", Date.now(), (transaction) =>
    transaction.put(
      { kind: "revocation", namespace: "default" as never, name: "workload-x" },
      { type: "workload", id: component, reason: "leaked", at: Date.now() },
      "api",
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  await poll();
  assert.equal(received.length, 1, "a paused stream says nothing");
  await call("/ssf/status", "siem-token", { stream_id, status: "enabled" });
  await poll();
  const kinds = received
    .slice(1)
    .map(({ event }) => (event.kind === "device-compliance-change" ? `${event.kind} ${event.compliant}` : event.kind));
  assert.deepEqual(
    kinds,
    ["device-compliance-change true", "device-compliance-change false", "session-revoked"],
    "and forgets nothing",
  );
  assert.deepEqual(received.at(-1)?.subject, { format: "uri", uri: component });
});

test("a TAXII collection is read page by page, its indicators count while they last, and what is not taken is said", async () => {
  const indicator = (n: number, pattern: string) => ({
    ...{
      type: "indicator",
      spec_version: "2.1",
      id: `indicator--00000000-0000-4000-8000-00000000000${n}`,
      pattern,
      pattern_type: "stix",
    },
    ...{
      created: "2026-01-01T00:00:00Z",
      modified: "2026-01-01T00:00:00Z",
      valid_from: "2026-01-01T00:00:00Z",
      confidence: 95,
    },
  });
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.accept} ${request.headers.authorization} ${request.url}`);
    const second = request.url?.includes("next=p2") === true;
    response
      .writeHead(200, { "content-type": "application/taxii+json;version=2.1" })
      .end(
        JSON.stringify(
          second
            ? { objects: [indicator(2, "[ipv4-addr:value = '127.0.0.1']")] }
            : { more: true, next: "p2", objects: [indicator(1, "[process:name = 'x']")] },
        ),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = await mkdtemp(join(tmpdir(), "cordon-taxii-"));
  await writeFile(join(folder, "token"), "taxii-token", { mode: 0o600 });
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api1`;
  const more = `risk: { threats: [{ name: feed, taxii: "${root}", collection: c1, token: { file: "${join(folder, "token")}" } }] }\n`;
  {
    await using estate = await openEstate({
      policies:
        '@id("infers") permit (principal, action == Action::"infer", resource) when { context.risk.tier != "critical" };',
      more,
    });
    await until(() => estate.cordon.control.snapshots.current().threats?.size === 1, "the list was read");
    const answer = await estate.call(
      await estate.svidFor("agent", "assistant"),
      "/v1/chat/completions",
      chatCall({ model: "m" }),
    );
    assert.equal(answer.status, 403);
    assert.match(answer.text, /the address 127\.0\.0\.1 is on the list feed \(confidence 95\)/);
  }
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
  assert.match(
    asked[0] ?? "",
    /^application\/taxii\+json;version=2\.1 Bearer taxii-token \/api1\/collections\/c1\/objects\/\?match%5Btype%5D=indicator/,
  );
  assert.equal(asked.length, 2);
});

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
