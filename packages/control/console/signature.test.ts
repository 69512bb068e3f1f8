import assert from "node:assert/strict";
import { test } from "node:test";
import { maxSignatureAgeMs, signatureHeader } from "@cordon/core/contract/console-api";
import { consoleKeyTtlMs } from "./console-keys.ts";
import { rememberNonces } from "./nonces.ts";
import { browserOf, makeKey, open, openRig, type Forgery } from "./testing/rig.ts";

test("a request that a paired browser signed is answered", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const answer = await browser.call("/v1/overview");
  assert.equal(answer.status, 200);
  assert.equal((JSON.parse(answer.text) as { trustDomain: string }).trustDomain, "bank.example");
});

const other = makeKey();
const forgeries: readonly (readonly [string, Forgery])[] = [
  ["signed by another key", { key: other.privateKey }],
  ["naming a key that was never paired", { keyId: "00112233445566778899" }],
  ["signed for another method", { method: "POST" }],
  ["signed for another host", { host: "console.bank.example" }],
  ["signed for another target", { target: "/v1/estate" }],
  ["signed for the same path with another query", { target: "/v1/overview?since=1" }],
  ["signed over another body", { body: "{}" }],
  ["signed too long ago", { timestampMs: Date.now() - maxSignatureAgeMs - 1000 }],
  ["signed too far ahead", { timestampMs: Date.now() + 10 * maxSignatureAgeMs }],
  ["signed before this server started", { timestampMs: Date.now() - 1000 }],
  ["with a nonce too short to be one", { nonce: "short" }],
];

test("whatever is wrong with a signature gets the same 401 and nothing else", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const bodies = new Set<string>();
  for (const [what, forgery] of forgeries) {
    const signature = browser.signature("GET", "/v1/overview", "", forgery);
    const answer = await rig.call("/v1/overview", { headers: { [signatureHeader]: signature } });
    assert.equal(answer.status, 401, what);
    bodies.add(answer.text);
  }
  for (const malformed of [
    "",
    "x",
    "a b c d",
    `${browser.keyId} 1 ${"n".repeat(22)} ${"s".repeat(86)}`,
    "x".repeat(9000),
  ]) {
    const answer = await rig.call("/v1/overview", { headers: { [signatureHeader]: malformed } });
    assert.equal(answer.status, 401, malformed.slice(0, 40));
    bodies.add(answer.text);
  }
  const twice = browser.signature("GET", "/v1/overview");
  const doubled = await rig.call("/v1/overview", { headers: { [signatureHeader]: [twice, twice] } });
  assert.equal(doubled.status, 401);
  bodies.add(doubled.text);
  assert.equal(bodies.size, 1, "a refusal says what was wrong");
  assert.equal((await browser.call("/v1/overview")).status, 200, "the same browser, rightly signed, is answered");
});

test("a captured request is refused when it is sent again; another nonce alone makes it pass", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const captured = browser.signature("GET", "/v1/estate");
  const send = (signature: string) => rig.call("/v1/estate", { headers: { [signatureHeader]: signature } });
  assert.equal((await send(captured)).status, 200);
  assert.equal((await send(captured)).status, 401);
  // What the nonces hold back: with a memory that forgets, the same bytes would be good again.
  const memory = rememberNonces();
  assert.equal(memory.take("key", "nonce", 100, 0), true);
  assert.equal(memory.take("key", "nonce", 100, 50), false);
  assert.equal(rememberNonces().take("key", "nonce", 100, 50), true);
});

test("a full memory of nonces refuses rather than forgets, and has room again once they are too old to be replayed", () => {
  const memory = rememberNonces(3);
  for (const nonce of ["a", "b", "c"]) assert.equal(memory.take("key", nonce, 60_000, 0), true);
  assert.equal(memory.take("key", "d", 60_000, 10), false);
  assert.equal(memory.take("key", "a", 60_000, 10), false);
  assert.equal(memory.take("another key", "a", 60_000, 10), true, "one key's flood is not another's");
  assert.equal(memory.take("key", "d", 120_000, 60_001), true);
});

test("a captured request is refused after a restart, which forgets nonces", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const { host } = rig;
  const captured = browser.signature("GET", "/v1/overview");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await rig.restart();
  // The port is another one here; where it is the same, so is the host that was signed.
  const again = browser.signature("GET", "/v1/overview", "", { timestampMs: Number(captured.split(" ")[1]) });
  assert.equal((await rig.call("/v1/overview", { headers: { [signatureHeader]: again } })).status, 401);
  assert.notEqual(rig.host, host);
  assert.equal((await browser.call("/v1/overview")).status, 200, "the pairing itself outlives the restart");
});

test("a revoked key signs nothing any more", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const stays = await rig.pair();
  assert.equal((await browser.call("/v1/overview")).status, 200);
  await rig.console.keys.revoke(browser.keyId, "local-administrator");
  assert.equal((await browser.call("/v1/overview")).status, 401);
  assert.equal((await stays.call("/v1/overview")).status, 200);
});

test("a key ends when its time is over", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  rig.skewMs = consoleKeyTtlMs - 1000;
  assert.equal((await browser.call("/v1/overview")).status, 200);
  rig.skewMs = consoleKeyTtlMs + 1000;
  assert.equal((await browser.call("/v1/overview")).status, 401);
  assert.deepEqual(await rig.console.keys.list(), []);
});

test("a body that is longer than the console reads is refused like any other, and so is one that does not fit", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const long = "x".repeat(70_000);
  const response = await open(rig.console.port, rig.host, "/v1/ledger/verify", {
    method: "POST",
    body: long,
    headers: { [signatureHeader]: browser.signature("POST", "/v1/ledger/verify", long) },
  });
  assert.equal(response.statusCode, 401);
  response.destroy();
  const changed = await rig.call("/v1/ledger/verify", {
    method: "POST",
    body: "{}",
    headers: { [signatureHeader]: browser.signature("POST", "/v1/ledger/verify", "[]") },
  });
  assert.equal(changed.status, 401);
});

const endpoints = [
  ["GET", "/v1/overview"],
  ["GET", "/v1/estate"],
  ["GET", "/v1/events"],
  ["GET", "/v1/events?since=0"],
  ["GET", "/v1/policies"],
  ["GET", "/v1/ledger/receipt/0"],
  ["POST", "/v1/ledger/verify"],
  ["GET", "/v1/pair"],
  ["GET", "/v1"],
  ["GET", "/v1/"],
  ["GET", "/v1/no-such-thing"],
  ["DELETE", "/v1/overview"],
] as const;

test("without a signature no path of the API says anything, not even whether it exists", async (t) => {
  const rig = await openRig(t);
  rig.verify = async () => assert.fail("the ledger was verified for a stranger");
  const stranger = browserOf(rig, "00112233445566778899", other.privateKey);
  const bodies = new Set<string>();
  for (const [method, target] of endpoints) {
    for (const headers of [{}, { [signatureHeader]: stranger.signature(method, target) }]) {
      const answer = await rig.call(target, { method, headers });
      assert.equal(answer.status, 401, `${method} ${target}`);
      bodies.add(answer.text);
    }
  }
  assert.equal(bodies.size, 1);
  assert.equal(rig.logged.length, 1, "one line, however often a stranger asks");
});

test("what a paired browser asks that does not exist is not there", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  assert.equal((await browser.call("/v1/no-such-thing")).status, 404);
  assert.equal((await browser.call("/v1/overview", { method: "DELETE" })).status, 404);
  assert.equal((await browser.call("/v1/ledger/receipt/9")).status, 404);
  for (const index of ["-1", "01", "1.5", "x", "99999999999999999999"])
    assert.equal((await browser.call(`/v1/ledger/receipt/${index}`)).status, 400, index);
  assert.equal((await browser.call("/v1/events?since=x")).status, 400);
  const receipt = await browser.call("/v1/ledger/receipt/2");
  assert.deepEqual([receipt.status, receipt.text], [200, "receipt of 2\n"]);
});
