/** DESIGN 6.2, held with a ledger whose disk the test drives: what cannot be recorded does not happen. */
import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { request as undiciRequest } from "undici";
import { openOwnIdentity } from "@cordon/control/authority/own-identity";
import { CordonError } from "@cordon/core/errors";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { openGateway, type Gateway } from "@cordon/gateway/gateway";
import type { Inspection } from "@cordon/gateway/ports";
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
let inspection: Inspection | undefined;
const kept: { digest: string; text: string }[] = [];
let keepFails = false;

before(async () => {
  estate = await openEstate({
    more: "inspection: {}\n",
    policies: policies.replace('@id("pipeline-trains")', '@id("pipeline-trains") @keep("request,response")'),
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
          held.push({
            entry,
            settle: (error) => (error === undefined ? resolve(written.push(entry) - 1) : reject(error)),
          });
        });
      },
      latestCheckpoint: () => "",
      receipt: () => Promise.reject(new CordonError("PROOF_INVALID", "none here")),
    },
    digestKeys: { current: () => ({ name: "default/test", key }) },
    content: {
      keep: async (_namespace, digest, bytes) => {
        if (keepFails) throw new CordonError("LEDGER_UNAVAILABLE", "disk full");
        kept.push({ digest, text: Buffer.from(bytes).toString() });
      },
    },
    owners: openObjectOwners(":memory:"),
    resolveSecret: async () => "k",
    inspection: {
      inspectRequest: (...args) => inspection?.inspectRequest(...args) ?? { verdict: "pass", findings: [] },
      openResponse: (...args) => inspection?.openResponse(...args),
    },
    now: Date.now,
    monotonicMs: () => performance.now(),
    log: () => undefined,
  });
});
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await estate[Symbol.asyncDispose]();
});
afterEach(() => {
  for (const one of held) one.settle();
  [held, written, hold, failing, inspection, keepFails] = [[], [], false, undefined, undefined, false];
  kept.length = 0;
  estate.chat.seen.length = 0;
  estate.data.seen.length = 0;
  estate.chat.answer = (_seen, response) => response.end("{}");
  estate.data.answer = (_seen, response) => response.end("rows");
});

async function call(
  kind: "agent" | "pipeline",
  name: string,
  path: string,
  method: "GET" | "POST" | "PUT",
  body?: string,
) {
  const svid = await estate.svidFor(kind, name);
  const dispatcher = estate.agent(svid);
  return await undiciRequest(`https://127.0.0.1:${gateway.port}${path}`, {
    dispatcher,
    method,
    headers: { "content-type": method === "PUT" ? "text/csv" : "application/json" },
    ...(body === undefined ? {} : { body }),
  });
}
const chat = () => call("agent", "assistant", "/v1/chat/completions", "POST", '{"model":"m"}');
const passing = { end: () => new Uint8Array(0), findings: [], masks: 0 };
const cutOnSecret: Inspection = {
  inspectRequest: () => ({ verdict: "pass", findings: [] }),
  openResponse: () => ({
    push: (chunk) => (Buffer.from(chunk).includes("SECRET") ? { cut: "a secret was leaving" } : chunk),
    ...passing,
  }),
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 150));

test("an action with effects does not leave before its decision is durable", async () => {
  hold = true;
  const answer = call("pipeline", "trainer", "/training-data/x", "PUT", "rows");
  await until(() => held.length === 1, "the decision is being written");
  await pause();
  assert.equal(estate.data.seen.length, 0, "nothing was forwarded while the disk was busy");
  hold = false;
  held[0]?.settle();
  assert.equal((await answer).statusCode, 200);
  assert.equal(estate.data.seen.length, 1);
});

test("an inference may overlap with the disk, but no byte of its answer comes back before the decision is durable", async () => {
  hold = true;
  let answered = false;
  const answer = chat().then((response) => {
    answered = true;
    return response;
  });
  await until(() => estate.chat.seen.length === 1, "the upstream was asked meanwhile");
  await pause();
  assert.equal(answered, false);
  hold = false;
  held[0]?.settle();
  assert.equal((await answer).statusCode, 200);
});

test("an answer that comes early is held to a bound, then comes whole and in order, whatever looks into it", async () => {
  const pieceBytes = 64 * 1024;
  const pieces = Array.from({ length: 512 }, (_, at) => Buffer.alloc(pieceBytes, at % 251));
  for (const looks of [undefined, cutOnSecret]) {
    inspection = looks;
    hold = true;
    let sent = 0;
    estate.chat.answer = (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const go = (): void => {
        const piece = pieces[sent / pieceBytes];
        if (piece === undefined) return void response.end();
        sent += pieceBytes;
        if (response.write(piece)) setImmediate(go);
        else response.once("drain", go);
      };
      go();
    };
    let answered = false;
    const answer = chat().then((response) => ((answered = true), response));
    await until(() => sent > 0, "the upstream answers");
    let seen = -1;
    for (; seen !== sent; await pause()) seen = sent;
    assert.ok(sent < 512 * pieceBytes, "the upstream waits: what is held is bounded");
    assert.equal(answered, false);
    hold = false;
    held.shift()?.settle();
    const body = Buffer.from(await (await answer).body.arrayBuffer());
    assert.ok(body.equals(Buffer.concat(pieces)));
    await until(() => written.some((entry) => entry.kind === "outcome"), "its outcome");
    const outcome = written.find((entry) => entry.kind === "outcome");
    assert.deepEqual([outcome?.end, outcome?.response?.bytes], ["complete", body.length]);
    written = [];
  }
});

test("a client that leaves while its early answer is held: the upstream is let go of, and the outcome says so", async () => {
  hold = true;
  let closed = false;
  estate.chat.answer = (_seen, response) => {
    response.once("close", () => (closed = true));
    response.writeHead(200, { "content-type": "application/json" }).write("half of it");
  };
  const dispatcher = estate.agent(await estate.svidFor("agent", "assistant"));
  const leaving = new AbortController();
  const answer = undiciRequest(`https://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    ...{ dispatcher, method: "POST" as const, body: '{"model":"m"}', signal: leaving.signal },
    headers: { "content-type": "application/json" },
  });
  await until(() => estate.chat.seen.length === 1, "the upstream was asked");
  await pause();
  leaving.abort();
  await assert.rejects(answer);
  await until(() => closed, "the upstream is let go of");
  hold = false;
  for (const one of held.splice(0)) one.settle();
  await until(() => written.some((entry) => entry.kind === "outcome"), "its outcome");
  const outcomes = written.filter((entry) => entry.kind === "outcome");
  assert.deepEqual(
    outcomes.map(({ end, response }) => [end, response]),
    [["client-closed", undefined]],
  );
});

test("an upstream that fails while its early answer is held leaves nothing of it at the client", async () => {
  hold = true;
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 100 }).write("half of it");
    setTimeout(() => response.destroy(), 50);
  };
  const answer = chat();
  await until(() => estate.chat.seen.length === 1, "the upstream was asked");
  await pause();
  hold = false;
  for (const one of held.splice(0)) one.settle();
  const got = await answer;
  assert.equal(got.statusCode, 502);
  assert.equal((await got.body.text()).includes("half of it"), false);
});

test("when the decision cannot be written, an inference's answer is withheld and says why", async () => {
  hold = true;
  const answer = chat();
  await until(() => held.length === 1, "the decision is being written");
  failing = new CordonError("LEDGER_UNAVAILABLE", "disk full");
  held[0]?.settle(failing);
  const got = await answer;
  assert.equal(got.statusCode, 503);
  assert.match(await got.body.text(), /LEDGER_UNAVAILABLE/);
});

test("with a ledger that is down nothing is forwarded at all for actions with effects", async () => {
  failing = new CordonError("LEDGER_UNAVAILABLE", "disk full");
  const got = await call("pipeline", "trainer", "/training-data/x", "PUT", "rows");
  assert.equal(got.statusCode, 503);
  assert.equal(estate.data.seen.length, 0);
});

test("a denial is on record before it is answered", async () => {
  hold = true;
  let answered = false;
  const answer = call("agent", "assistant", "/training-data/x", "GET").then((response) => {
    answered = true;
    return response;
  });
  await until(() => held.length === 1, "the denial is being written");
  await pause();
  assert.equal(answered, false);
  hold = false;
  held[0]?.settle();
  assert.equal((await answer).statusCode, 403);
});

test("content is kept, encrypted elsewhere, only where policy says so; if it cannot be kept, it is not forwarded", async () => {
  const got = await call("pipeline", "trainer", "/training-data/x", "GET");
  assert.equal(await got.body.text(), "rows");
  assert.deepEqual(
    kept.map((one) => one.text),
    ["rows"],
  );
  await chat();
  assert.equal(kept.length, 1, "the chat's policy does not keep content");
  keepFails = true;
  await assert.rejects(
    async () => (await call("pipeline", "trainer", "/training-data/x", "GET")).body.text(),
    "the answer never looks whole",
  );
});

test("a request body that must be kept is kept before it is forwarded", async () => {
  const got = await call("pipeline", "trainer", "/training-data/x", "PUT", "new rows");
  await got.body.text();
  assert.deepEqual(
    kept.map((one) => one.text),
    ["new rows", "rows"],
  );
  estate.data.seen.length = 0;
  keepFails = true;
  assert.equal((await call("pipeline", "trainer", "/training-data/x", "PUT", "new rows")).statusCode, 503);
  assert.equal(estate.data.seen.length, 0);
});

test("an inspector's block is a recorded deny; its failure blocks; its replacement is what is forwarded", async () => {
  inspection = {
    inspectRequest: () => ({ verdict: "block", findings: [{ detector: "t" }], words: "prompt injection" }),
    openResponse: () => undefined,
  };
  const blocked = await chat();
  assert.deepEqual([blocked.statusCode, /prompt injection/.test(await blocked.body.text())], [403, true]);
  inspection = {
    inspectRequest: () => {
      throw new Error("detector crashed");
    },
    openResponse: () => undefined,
  };
  assert.equal((await chat()).statusCode, 403);
  assert.equal(estate.chat.seen.length, 0);
  const masked = '{"model":"m","masked":true}';
  inspection = {
    inspectRequest: () => ({ verdict: "replace", findings: [], masks: 1, body: Buffer.from(masked) }),
    openResponse: () => undefined,
  };
  assert.equal((await chat()).statusCode, 200);
  assert.equal(estate.chat.seen[0]?.body.toString(), masked);
});

test("a cut is on record before the connection closes", async () => {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: hello\n\n");
    setTimeout(() => response.write("data: SECRET\n\n"), 30).unref();
  };
  inspection = cutOnSecret;
  const { body } = await chat();
  hold = true; // from here on the disk is slow
  let closed = false;
  body.on("error", () => (closed = true));
  body.resume();
  await until(() => held.some(({ entry }) => entry.kind === "outcome"), "the cut is being written");
  await pause();
  assert.equal(closed, false, "still open while the record is not durable");
  for (const one of held) one.settle();
  await until(() => closed, "closed once it is");
});

test("a stream that a filter cuts ends unfinished at the client, with nothing of the secret", async () => {
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: hello\n\n");
    setTimeout(() => response.write("data: SECRET\n\n"), 30).unref();
  };
  inspection = cutOnSecret;
  const { body } = await chat();
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of body) text += String(chunk);
  });
  assert.equal(text, "data: hello\n\n");
  const outcome = written.find((entry) => entry.kind === "outcome");
  assert.ok(outcome?.kind === "outcome" && outcome.end === "cut" && outcome.why?.words === "a secret was leaving");
});
