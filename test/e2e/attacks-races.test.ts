/** Attacks on the gateway by timing: the disk, the client, the upstream and policy, each at the worst moment. */
import assert from "node:assert/strict";
import { createHash, createSecretKey, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, afterEach, before, test } from "node:test";
import { request as undiciRequest, type Dispatcher } from "undici";
import { openOwnIdentity } from "@cordon/control/authority/own-identity";
import { controlClient } from "@cordon/agent/run/control-client";
import type { RevocationRequest } from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { openGateway, type Gateway } from "@cordon/gateway/gateway";
import { openObjectOwners } from "@cordon/gateway/routes/ownership";
import { idOf, openEstate, policies, until, type Estate } from "./estate.ts";

interface Held {
  readonly entry: LedgerEntry;
  readonly settle: (error?: CordonError) => void;
}

let estate: Estate;
let gateway: Gateway;
let held: Held[] = [];
let written: LedgerEntry[] = [];
let hold = false;
let failing: CordonError | undefined;
let ownersFail = false;
let keeping: { release: () => void } | undefined;
let holdKeeping = false;
let secretFails = false;
const crashes: unknown[] = [];
const crashed = (error: unknown): void => void crashes.push(error);
const owners = openObjectOwners(":memory:");

before(async () => {
  process.on("uncaughtException", crashed).on("unhandledRejection", crashed);
  estate = await openEstate({
    policies: policies.replace('@id("pipeline-trains")', '@id("pipeline-trains") @keep("response")'),
  });
  const { authority, snapshots } = estate.cordon.control;
  const key = createSecretKey(randomBytes(32));
  gateway = await openGateway({
    options: {
      listen: { host: "127.0.0.1", port: 0 },
      limits: { headerBytes: 16_384, connections: 100 },
      drainMs: 200,
      connectionMaxAgeMs: 3_600_000,
      receiveTimeoutMs: 2000,
    },
    identity: await openOwnIdentity({
      authority,
      id: idOf("service", "gateway"),
      dnsNames: [],
      ipAddresses: ["127.0.0.1"],
      now: Date.now,
      onProblem: (error) => assert.fail(String(error)),
    }),
    snapshots,
    ledger: {
      append(entry) {
        if (failing !== undefined) return Promise.reject(failing);
        if (!hold) return Promise.resolve(written.push(entry) - 1);
        return new Promise((resolve, reject) => {
          const settle = (error?: CordonError) =>
            error === undefined ? resolve(written.push(entry) - 1) : reject(error);
          held.push({ entry, settle });
        });
      },
      latestCheckpoint: () => "",
      receipt: () => Promise.reject(new CordonError("PROOF_INVALID", "none here")),
    },
    digestKeys: { current: () => ({ name: "default/test", key }) },
    content: {
      keep: async () => {
        if (holdKeeping) await new Promise<void>((release) => (keeping = { release }));
      },
    },
    owners: {
      ...owners,
      record(object) {
        if (ownersFail) throw new Error("database or disk is full");
        owners.record(object);
      },
    },
    resolveSecret: async () => {
      if (secretFails) throw new CordonError("SECRET_UNAVAILABLE", "the file /run/keys/openai cannot be read");
      return "k";
    },
    now: Date.now,
    monotonicMs: () => performance.now(),
    log: () => undefined,
  });
});
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await estate[Symbol.asyncDispose]();
  process.off("uncaughtException", crashed).off("unhandledRejection", crashed);
});
afterEach(async () => {
  hold = false;
  for (const one of held) one.settle();
  [held, written, failing, ownersFail, holdKeeping, keeping] = [[], [], undefined, false, false, undefined];
  estate.chat.seen.length = 0;
  estate.data.seen.length = 0;
  estate.chat.answer = (_seen, response) => response.end("{}");
  estate.data.answer = (_seen, response) => response.end("rows");
  await pause();
  const escaped = crashes.splice(0);
  assert.deepEqual(escaped, [], "nothing escapes into the process");
});

async function call(
  who: readonly ["agent" | "pipeline", string],
  path: string,
  method: Dispatcher.HttpMethod,
  body?: string,
) {
  const dispatcher = estate.agent(await estate.svidFor(...who));
  return await undiciRequest(`https://127.0.0.1:${gateway.port}${path}`, {
    dispatcher,
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
}
const assistant = ["agent", "assistant"] as const;
const trainer = ["pipeline", "trainer"] as const;
const chat = (model = "m", path = "/v1/chat/completions") => call(assistant, path, "POST", `{"model":"${model}"}`);
const revoke = (request: RevocationRequest) => controlClient(estate.cordon.socketPath).revoke(request);
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const outcomes = () => written.flatMap((entry) => (entry.kind === "outcome" ? [entry] : []));

test("a caller is not told where the upstream's credential is kept", async () => {
  secretFails = true;
  const got = await chat();
  secretFails = false;
  assert.equal(got.statusCode, 503);
  assert.doesNotMatch(await got.body.text(), /run.keys/);
});

test("an answer without a body waits for the disk as any other, and arrives when it is done", async () => {
  for (const answer of [
    { method: "HEAD", status: 200 },
    { method: "GET", status: 204 },
    { method: "GET", status: 304 },
  ] as const) {
    hold = true;
    estate.data.answer = (_seen, response) => response.writeHead(answer.status).end();
    const asked = call(trainer, "/training-data/x", answer.method);
    await until(() => held.length === 1 && estate.data.seen.length === 1, "the upstream has been asked");
    await pause();
    hold = false;
    held.splice(0)[0]?.settle();
    const late = new Promise<never>((_, reject) =>
      setTimeout(reject, 2000, new Error(`${answer.method} hangs`)).unref(),
    );
    const got = await Promise.race([asked, late]);
    assert.equal(got.statusCode, answer.status);
    await got.body.dump();
    await until(() => gateway.liveCount() === 0, "it has ended");
    estate.data.seen.length = 0;
  }
  assert.deepEqual(
    outcomes().map((outcome) => outcome.end),
    ["complete", "complete", "complete"],
  );
});

test("a ledger that fails while another model takes over ends that call, not the gateway", async () => {
  estate.chat.answer = (_seen, response) => {
    failing = new CordonError("LEDGER_UNAVAILABLE", "disk full");
    response.writeHead(503).end();
  };
  const got = await chat("brittle");
  assert.equal(got.statusCode, 503);
});

test("a client that leaves while the answer is being kept leaves one outcome", async () => {
  holdKeeping = true;
  const asked = await call(trainer, "/training-data/x", "GET");
  await until(() => keeping !== undefined, "the content is being kept");
  asked.body.on("error", () => undefined);
  asked.body.destroy();
  await until(() => outcomes().length === 1, "an outcome");
  keeping?.release();
  await pause();
  assert.deepEqual(
    outcomes().map((outcome) => outcome.end),
    ["client-closed"],
  );
});

test("an object whose owner cannot be written down is not handed out as if it had one", async () => {
  ownersFail = true;
  estate.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"id":"resp_1"}');
  await chat("m", "/v1/responses").then(
    async (got) => assert.rejects(got.body.text()),
    () => undefined,
  );
  await until(() => outcomes().length === 1, "an outcome");
  assert.equal(outcomes()[0]?.end, "upstream-failed");
});

test("an upload that is cut before it was recorded, and whose client then leaves, harms nobody", async () => {
  hold = true;
  const dispatcher = estate.agent(await estate.svidFor(...trainer));
  const gone = new AbortController();
  const body = new PassThrough();
  body.on("error", () => undefined);
  body.write("first");
  const asked = undiciRequest(`https://127.0.0.1:${gateway.port}/training-data/x`, {
    dispatcher,
    method: "PUT",
    body,
    signal: gone.signal,
  }).catch((error: unknown) => error);
  await until(() => held.length === 1, "the decision is being written");
  await writeFile(join(estate.folder, "policies.cedar"), policies.replace(/^@id\("pipeline-trains"\).*$/m, ""));
  await until(() => held.length >= 2, "the cut is being written");
  for (const one of held.splice(0)) one.settle();
  await pause();
  gone.abort();
  await asked;
  await pause();
  assert.equal(estate.data.seen.length, 0);
});

test("a caller whose certificate is withdrawn is cut for that, and the record says so", async () => {
  estate.chat.answer = (_seen, response) =>
    void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
  const svid = await estate.svidFor("agent", "rival");
  const got = await undiciRequest(`https://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    dispatcher: estate.agent(svid),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  got.body.on("error", () => undefined).resume();
  const sha256 = createHash("sha256")
    .update(svid.chain[0] as Uint8Array)
    .digest("hex");
  await revoke({ type: "certificate", sha256, reason: "test" });
  await until(() => outcomes().length === 1, "an outcome");
  assert.deepEqual([outcomes()[0]?.end, outcomes()[0]?.why?.code], ["cut", "revoked"]);
});
