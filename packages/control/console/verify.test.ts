import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { CordonError } from "@cordon/core/errors";
import { open, openRig, readLines, verdict } from "./testing/rig.ts";

test("verifying says how far it is, then its verdict", async (t) => {
  const rig = await openRig(t);
  rig.verify = async (progress) => {
    progress(256, 512);
    progress(512, 512);
    return verdict;
  };
  const answer = await (await rig.pair()).call("/v1/ledger/verify", { method: "POST" });
  assert.deepEqual(
    answer.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    [
      { type: "progress", entries: 256, size: 512 },
      { type: "progress", entries: 512, size: 512 },
      { type: "verdict", ...verdict },
    ],
  );
});

test("one verification at a time: another one is refused meanwhile, and runs afterwards", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const finish = Promise.withResolvers<typeof verdict>();
  rig.verify = () => finish.promise;
  const headers = { [signatureHeader]: browser.signature("POST", "/v1/ledger/verify") };
  const first = await open(rig.console.port, rig.host, "/v1/ledger/verify", { method: "POST", headers });
  assert.equal((await browser.call("/v1/ledger/verify", { method: "POST" })).status, 409);
  finish.resolve(verdict);
  assert.equal((await readLines(first)).lines.length, 1);
  assert.equal((await browser.call("/v1/ledger/verify", { method: "POST" })).status, 200);
});

test("a verification whose browser left is given up", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const given = Promise.withResolvers<void>();
  rig.verify = async (_, signal) => {
    await once(signal, "abort");
    given.resolve();
    throw new CordonError("LEDGER_UNAVAILABLE", "given up");
  };
  const headers = { [signatureHeader]: browser.signature("POST", "/v1/ledger/verify") };
  const response = await open(rig.console.port, rig.host, "/v1/ledger/verify", { method: "POST", headers });
  response.on("error", () => undefined).destroy();
  await given.promise;
});

test("a verification that could not be carried out is a verdict, and not a good one", async (t) => {
  const rig = await openRig(t);
  rig.verify = async () => {
    throw new CordonError("LEDGER_UNAVAILABLE", "the thread ended");
  };
  const answer = await (await rig.pair()).call("/v1/ledger/verify", { method: "POST" });
  const said = JSON.parse(answer.text) as typeof verdict;
  assert.equal(said.ok, false);
  assert.match(said.findings[0]?.words ?? "", /could not be carried out: the thread ended/);
});
