import assert from "node:assert/strict";
import { test } from "node:test";
import { openConsoleKeys } from "./console-keys.ts";
import { codeTtlMs, maxWrongTries, newPairingCode, openPairingDesk } from "./pairing.ts";
import { browserOf, makeKey, openRig, pairCall } from "./testing/rig.ts";

const wrong = "00000-00000";

test("a code pairs one browser, once, however it is typed", async (t) => {
  const rig = await openRig(t);
  const { code } = rig.console.pairing.newCode();
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  const browser = await rig.pair(` ${code.toLowerCase().replace("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `);
  assert.equal((await browser.call("/v1/overview")).status, 200);
  await assert.rejects(rig.pair(code), /refused: 403/);
});

test("codes do not repeat, and every letter of the alphabet comes up", () => {
  const codes = Array.from({ length: 2000 }, newPairingCode);
  assert.equal(new Set(codes).size, codes.length);
  assert.equal(new Set(codes.join("")).size, 33);
});

test("five wrong tries void the code: the right one no longer pairs, and guessing on is not heard", async (t) => {
  const rig = await openRig(t);
  const { code } = rig.console.pairing.newCode();
  const { publicKey } = makeKey();
  const answers = new Set<string>();
  for (let n = 0; n < maxWrongTries; n++) {
    const { status, text } = await rig.call("/v1/pair", pairCall({ code: wrong, publicKey, label: "thief" }));
    assert.equal(status, 403);
    answers.add(text);
  }
  const right = await rig.call("/v1/pair", pairCall({ code, publicKey, label: "late" }));
  assert.equal(right.status, 403);
  answers.add(right.text);
  assert.equal(answers.size, 1, "a refusal says whether the code was right");
  assert.deepEqual(await rig.console.keys.list(), []);
  const refusals = rig.recorded.filter(({ kind }) => kind === "refusal");
  assert.equal(refusals.length, maxWrongTries, "each wrong try is in the ledger, and none once there is no code");
  assert.equal((await (await rig.pair()).call("/v1/overview")).status, 200, "a new code pairs");
});

test("one try less, and the code is still good", async (t) => {
  const rig = await openRig(t);
  const { code } = rig.console.pairing.newCode();
  for (let n = 1; n < maxWrongTries; n++) await assert.rejects(rig.pair(wrong), /403/);
  assert.equal((await (await rig.pair(code)).call("/v1/overview")).status, 200);
});

test("wrong tries count for the code, not for the browser that makes them; a new code counts anew", () => {
  const desk = openPairingDesk({ now: () => 0, monotonicMs: () => 0 });
  assert.equal(desk.redeem(wrong), "none", "before there is a code");
  desk.newCode();
  for (let n = 1; n < maxWrongTries; n++) assert.equal(desk.redeem(wrong), "wrong");
  const { code } = desk.newCode();
  assert.equal(desk.redeem(wrong), "wrong");
  assert.equal(desk.redeem(code), "paired");
  assert.equal(desk.redeem(code), "none");
});

test("a new code voids the one before it", async (t) => {
  const rig = await openRig(t);
  const { code: before } = rig.console.pairing.newCode();
  rig.console.pairing.newCode();
  await assert.rejects(rig.pair(before), /403/);
});

test("a code is good for ten minutes by either clock", () => {
  for (const clock of ["wall", "monotonic"] as const) {
    let [wall, monotonic] = [1_000_000, 0];
    const desk = openPairingDesk({ now: () => wall, monotonicMs: () => monotonic });
    const { code, expiresAt } = desk.newCode();
    assert.equal(expiresAt, wall + codeTtlMs);
    if (clock === "wall") wall += codeTtlMs;
    else monotonic += codeTtlMs; // and the wall clock was set back
    assert.equal(desk.redeem(code), "none", clock);
  }
  const desk = openPairingDesk({ now: () => 0, monotonicMs: () => codeTtlMs - 1 });
  assert.equal(desk.redeem(desk.newCode().code), "paired");
});

test("a pairing that is malformed uses up no try and no code", async (t) => {
  const rig = await openRig(t);
  const { code } = rig.console.pairing.newCode();
  const { publicKey } = makeKey();
  const off = { ...publicKey, y: publicKey.x };
  const bodies: unknown[] = [
    {},
    { code, publicKey, label: "" },
    { code, publicKey, label: "a\u001b[2Jb" },
    { code, publicKey: off, label: "no point of the curve" },
    { code, publicKey: { ...publicKey, d: "secret" }, label: "a private key" },
    { code, publicKey: { ...publicKey, crv: "P-384" }, label: "another curve" },
    { code, publicKey, label: "more", extra: true },
  ];
  for (const body of bodies) {
    const { status } = await rig.call("/v1/pair", pairCall(body));
    assert.equal(status, 400, JSON.stringify(body));
  }
  const form = { method: "POST", body: JSON.stringify({ code, publicKey, label: "form" }) };
  for (const type of ["text/plain", "application/x-www-form-urlencoded"])
    assert.equal((await rig.call("/v1/pair", { ...form, headers: { "content-type": type } })).status, 400);
  assert.equal((await rig.call("/v1/pair", pairCall("x".repeat(70_000)))).status, 413);
  assert.equal(rig.recorded.length, 0);
  assert.equal((await (await rig.pair(code)).call("/v1/overview")).status, 200);
});

test("pairings and revocations are in the ledger, with who and what", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair(undefined, "laptop");
  await rig.console.keys.revoke(browser.keyId, "local-administrator");
  const changes = rig.recorded.filter((entry) => entry.kind === "change");
  assert.deepEqual(
    changes.map(({ actor, objects }) => [actor, objects[0]?.op, objects[0]?.kind, objects[0]?.name]),
    [
      ["console:pairing", "put", "console-key", browser.keyId],
      ["local-administrator", "delete", "console-key", browser.keyId],
    ],
  );
  await assert.rejects(rig.console.keys.revoke(browser.keyId, "x"), { code: "COMPONENT_UNKNOWN" });
});

test("a pairing that cannot be recorded does not happen", async (t) => {
  const rig = await openRig(t);
  rig.isLedgerFull = true;
  const { privateKey, publicKey } = makeKey();
  const { code } = rig.console.pairing.newCode();
  const answer = await rig.call("/v1/pair", pairCall({ code, publicKey, label: "unrecorded" }));
  assert.equal(answer.status, 503);
  assert.doesNotMatch(answer.text, /disk/, "what went wrong inside is for the log");
  assert.match(rig.logged.join(), /the disk is full/);
  const [kept] = await rig.store.list("console-key");
  assert.equal(kept, undefined);
  assert.equal((await browserOf(rig, "0".repeat(20), privateKey).call("/v1/overview")).status, 401);
});

test("a restart keeps the pairings, and no code", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair(undefined, "laptop");
  const { code } = rig.console.pairing.newCode();
  await rig.restart();
  assert.equal((await browser.call("/v1/overview")).status, 200);
  const [key] = await rig.console.keys.list();
  assert.deepEqual([key?.id, key?.label], [browser.keyId, "laptop"]);
  await assert.rejects(rig.pair(code), /403/);
});

test("there is an end to the browsers that can be paired; those whose time is over make room", async (t) => {
  const rig = await openRig(t);
  let now = 1000;
  const keys = openConsoleKeys({ store: rig.store, record: async () => undefined, now: () => now, ttlMs: 10 });
  const { publicKey } = makeKey();
  for (let n = 0; n < 100; n++) await keys.add(publicKey, `browser ${n}`);
  await assert.rejects(keys.add(publicKey, "one more"), { code: "STORE_CONFLICT" });
  now += 10;
  await keys.add(publicKey, "one more");
  assert.equal((await rig.store.list("console-key")).length, 1);
});
