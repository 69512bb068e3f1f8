/**
 * Shared signals pushed to a receiver that listens on HTTPS, as a receiver's operator would see it: verification, refusals, outages,
 * restarts and crashes of Cordon. Nothing that was acknowledged to an administrator is missing there.
 */
import "reflect-metadata";
import assert from "node:assert/strict";
import { generateKeyPairSync, KeyObject, webcrypto } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as x509 from "@peculiar/x509";
import { startCordon, type Cordon } from "@cordon/cli/up/wire";
import { eventTypes } from "@cordon/core/risk/ssf/events";
import { verifySet, type ReceivedEvent } from "@cordon/core/risk/ssf/set";
import { openStateStore } from "@cordon/control/store/open-state-store";
import { openTransmitter } from "@cordon/control/risk/ssf/transmitter";
import { streamsIn, mostWaiting } from "@cordon/control/risk/ssf/stream-store";
import { openEstate, until, upstreamKey } from "./estate.ts";

/** A certificate for localhost, signed by itself. */
async function certificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  x509.cryptoProvider.set(webcrypto);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
      new x509.BasicConstraintsExtension(true, undefined, true),
    ],
  });
  const key = String(KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }));
  return { cert: made.toString("pem"), key };
}

interface Heard {
  readonly text: string;
  readonly type: string | undefined;
  readonly accept: string | undefined;
  readonly authorization: string | undefined;
}

async function openSiem(folder: string) {
  const { cert, key } = await certificate();
  await writeFile(join(folder, "siem.pem"), cert);
  const heard: Heard[] = [];
  const siem = {
    /** What it answers to the next events; 202 once there is none left. */
    answers: [] as { readonly status: number; readonly body?: string }[],
    down: false,
    heard,
    url: "",
  };
  const server = createServer({ cert, key }, (request, response) => {
    if (siem.down) return void request.socket.destroy();
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    request.on("end", () => {
      const { "content-type": type, accept, authorization } = request.headers;
      heard.push({ text, type, accept, authorization });
      const { status, body = "" } = siem.answers.shift() ?? { status: 202 };
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  siem.url = `https://localhost:${(server.address() as AddressInfo).port}/events`;
  return Object.assign(siem, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function openPlace() {
  const folder = await mkdtemp(join(tmpdir(), "cordon-push-"));
  await writeFile(join(folder, "token"), "siem-token", { mode: 0o600 });
  const siem = await openSiem(folder);
  const secret = `{ file: "${join(folder, "token")}" }`;
  const push = `{ url: "${siem.url}", token: ${secret}, caFile: "${join(folder, "siem.pem")}" }`;
  const more = `
signals:
  listen: "127.0.0.1:0"
  issuer: "https://signals.test.example"
  transmit: [{ name: siem, audience: "https://siem.example", token: ${secret}, push: ${push} }]
`;
  const estate = await openEstate({ more });
  let { cordon } = estate;
  const call = async (path: string, body?: object, method = body === undefined ? "GET" : "POST") => {
    const answer = await fetch(`${cordon.signalsUrl}${path}`, {
      method,
      headers: { authorization: "Bearer siem-token", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, value: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
  };
  /** A revocation, as an administrator makes one: once it resolves, it is acknowledged. */
  const revoke = (name: string): Promise<unknown> =>
    cordon.control.store.transact("test", Date.now(), (transaction) =>
      transaction.put(
        { kind: "revocation", namespace: "default" as never, name: `workload-${name}` },
        { type: "workload", id: `spiffe://test.example/ns/default/agent/${name}`, reason: "leaked", at: Date.now() },
        "api",
      ),
    );
  let keys: { readonly kid: string }[] = [];
  const read = ({ text }: Heard): ReceivedEvent => {
    const known = verifySet(text, {
      ...{ issuer: "https://signals.test.example", audiences: ["https://siem.example"], now: Date.now() },
      ...{ maxAgeMs: 600_000, keys: keys.map((key) => ({ kid: key.kid, jwk: key as never })) },
    });
    assert.ok("event" in known, JSON.stringify(known));
    return known;
  };
  const place = {
    estate,
    siem,
    call,
    revoke,
    read,
    names: (): string[] =>
      siem.heard.map(read).flatMap(({ subject }) => {
        const { uri } = subject as { readonly uri?: string };
        return uri === undefined ? [] : [uri.slice(uri.lastIndexOf("/") + 1)];
      }),
    async stream(): Promise<string> {
      const made = await call("/ssf/stream", {
        events_requested: Object.values(eventTypes),
        delivery: { method: "urn:ietf:rfc:8935", endpoint_url: siem.url },
      });
      assert.equal(made.status, 201, JSON.stringify(made.value));
      keys = ((await call("/ssf/jwks")).value?.["keys"] ?? []) as typeof keys;
      return String(made.value?.["stream_id"]);
    },
    async restart(): Promise<Cordon> {
      await cordon[Symbol.asyncDispose]();
      cordon = await startCordon({
        ...{
          path: estate.configuration,
          env: { TEST_UPSTREAM_KEY: upstreamKey },
          version: "test",
          log: () => undefined,
        },
      });
      return cordon;
    },
    cordon: () => cordon,
    async [Symbol.asyncDispose]() {
      await cordon[Symbol.asyncDispose]();
      await estate[Symbol.asyncDispose]();
      await siem[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
  return place;
}

test("events are pushed in order over HTTPS, one that is refused for good does not stand in the way, others are tried again", async () => {
  await using place = await openPlace();
  const { siem } = place;
  const stream_id = await place.stream();
  assert.equal((await place.call("/ssf/verify", { stream_id, state: "are you there" })).status, 204);
  await until(() => siem.heard.length === 1, "the verification event came");
  const [first] = siem.heard;
  assert.deepEqual(
    [first?.type, first?.accept, first?.authorization],
    ["application/secevent+jwt", "application/json", "Bearer siem-token"],
  );
  const verification = place.read(first as Heard);
  assert.equal(verification.event.kind === "verification" && verification.event.state, "are you there");
  assert.deepEqual(verification.subject, { format: "opaque", id: stream_id });

  siem.answers.push({ status: 503 }, { status: 429 }, { status: 400, body: '{"err":"invalid_audience"}' });
  for (const name of ["a", "b", "c"]) await place.revoke(name);
  await until(() => siem.heard.length === 6, "all were pushed");
  assert.deepEqual(place.names(), ["a", "a", "a", "b", "c"], "tried until it was answered for, then the next");
  const jtis = siem.heard.slice(1, 4).map((one) => place.read(one).jti);
  assert.equal(new Set(jtis).size, 1, "the same event, by the same name");
  assert.ok(place.estate.log.some((line) => line.includes("siem refuses an event for good: invalid_audience")));
  assert.ok(place.estate.log.some((line) => line.includes("siem answered 503 to an event")));
});

test("a receiver that is away, and Cordon started anew meanwhile: every event comes, once it is back, in order", async () => {
  await using place = await openPlace();
  const { siem } = place;
  const stream_id = await place.stream();
  siem.down = true;
  await place.revoke("before");
  await until(() => place.estate.log.some((line) => line.includes("does not answer")), "it was tried");
  await place.restart();
  await place.revoke("between");
  await place.restart();
  const { value } = await place.call("/ssf/stream");
  assert.equal((value as unknown as { stream_id: string }[])[0]?.stream_id, stream_id, "the stream is still theirs");
  await place.revoke("after");
  assert.equal(siem.heard.length, 0);
  siem.down = false;
  await until(() => siem.heard.length >= 3, "they came");
  assert.deepEqual(place.names(), ["before", "between", "after"]);
  await place.restart();
  await place.revoke("last");
  await until(() => siem.heard.length >= 4, "the last came");
  assert.deepEqual(place.names(), ["before", "between", "after", "last"], "and nothing comes again");
});

test("a change that was acknowledged and not told of before a crash is told of afterwards, whose session it was included", async () => {
  await using place = await openPlace();
  const { siem } = place;
  await place.stream();
  const session = { kind: "session", namespace: "system" as never, name: "ab".repeat(32) };
  const user = "spiffe://test.example/ns/default/user/mei";
  const { store } = place.cordon().control;
  const value = { user, kind: "cli", passkey: "p", label: "x", authenticatedAt: 1, ends: Date.now() + 9e6 };
  await store.transact("test", Date.now(), (transaction) => transaction.put(session, value, "api"));
  await place.revoke("told");
  await until(() => siem.heard.length === 1, "what came before is told");
  // What a crash leaves: a revision of which nobody heard. The follower is gone, the state is written.
  await place.cordon()[Symbol.asyncDispose]();
  {
    await using alone = await openStateStore(`sqlite:${join(place.estate.folder, "state", "cordon.db")}`);
    await alone.transact("test", Date.now(), (transaction) => transaction.delete(session, "api"));
  }
  await place.restart();
  await until(() => siem.heard.length === 2, "the end of the session is told");
  const ended = place.read(siem.heard[1] as Heard);
  assert.equal(ended.event.kind, "session-revoked");
  assert.match(JSON.stringify(ended.subject), /user\/mei/);
});

test("of two processes over one store one tells, and what both see comes once; a queue that nobody empties stays bounded", async () => {
  await using place = await openPlace();
  const { siem } = place;
  await place.stream();
  const { records } = place.cordon().control.store;
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const receiver = { name: "siem", audience: "https://siem.example", token: { env: "X" } } as const;
  const problems: unknown[] = [];
  await using other = await openTransmitter({
    ...{ issuer: "https://other.example", receivers: [receiver], records, key, now: Date.now },
    ...{ secrets: {} as never, onProblem: (error) => void problems.push(error) },
  });
  await place.revoke("one");
  await until(() => siem.heard.length === 1, "it was told");
  const { revision } = await place.cordon().control.store.snapshot();
  const event = { subject: { format: "opaque", id: "x" }, type: eventTypes.sessionRevoked, payload: {} };
  await other.send([event], revision);
  await place.revoke("two");
  await until(() => siem.heard.length === 2, "the next was told");
  assert.deepEqual(place.names(), ["one", "two"], "what the first told the second does not tell");

  // As full as it may be: the oldest makes room, loudly.
  siem.down = true;
  const waiting = (): Promise<number> =>
    streamsIn(records, async (streams) => (await streams.waiting("siem", 2 * mostWaiting)).length);
  await streamsIn(records, async (streams) => {
    const stream = await streams.read("siem");
    assert.ok(stream);
    const filled = Array.from({ length: mostWaiting }, (_, at) => at + stream.next);
    await records.changedSince("none", 0, 1); // reading beside it does not wait
    for (const number of filled)
      await streams.append("siem", { ...stream, next: number }, (jti) => ({ jti, text: "x" }));
  });
  const head = (await place.cordon().control.store.snapshot()).revision;
  await other.send([event, event], head + 1);
  assert.equal(await waiting(), mostWaiting);
  assert.match(String(problems[0]), /10000 wait; the oldest was dropped/);
});
