/** A running Cordon whose ledger can be written no more, and then again; and a second one started beside it by mistake. */
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Agent } from "undici";
import { Agent as HttpAgent, request } from "undici";
import { run as exportLedger } from "@cordon/cli/commands/ledger/export";
import { run as verifyLedger } from "@cordon/cli/commands/ledger/verify";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { startCordonProcess } from "./cordon-process.ts";
import { chatCall, until } from "./estate.ts";
import { cordonCommand } from "./people-estate.ts";

test("what cannot be recorded does not happen; what was under way ends; with the disk back, Cordon starts anew by itself", async () => {
  await using cordon = await startCordonProcess();
  const assistant = await cordon.svidFor("assistant");
  const call = async (dispatcher: Agent) =>
    request(`${(await cordon.control.gateway()).url}/v1/chat/completions`, {
      ...{ dispatcher, method: "POST" as const },
      ...{ headers: { "content-type": "application/json" }, body: '{"model":"m","stream":true}' },
    });
  cordon.upstream.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write(`data: {"choices":[]}\n\n`), 20);
    response.once("close", () => clearInterval(timer));
  };
  const agent = new HttpAgent({ connect: clientTlsOptions(assistant) as never });
  const streaming = await call(agent);
  assert.equal(streaming.statusCode, 200);
  const ended = (async () => {
    for await (const _ of streaming.body);
  })().then(
    () => "whole",
    () => "cut",
  );

  const folder = join(cordon.folder, "state", "ledger");
  await rename(folder, `${folder}.away`);
  await until(() => cordon.stderr().includes("ledger-lost"), "the loss is in the log");
  assert.equal(await ended, "cut");
  cordon.upstream.answer = (_seen, response) => response.end("{}");
  const heard = cordon.upstream.seen.length;
  const refused = await cordon.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [503, "LEDGER_UNAVAILABLE"]);
  assert.equal(cordon.upstream.seen.length, heard, "nothing was forwarded");

  await rename(`${folder}.away`, folder);
  await until(() => (cordon.stderr().match(/listening at/g) ?? []).length === 2, "it started anew");
  const again = new HttpAgent({ connect: clientTlsOptions(await cordon.svidFor("assistant")) as never });
  const answered = await call(again);
  assert.equal(answered.statusCode, 200, await answered.body.text());
  await Promise.all([agent.destroy(), again.destroy()]);
  assert.equal(await cordon.stop(), 0);

  let said = "";
  const io = { stdout: (text: string) => void (said += text), stderr: (text: string) => void (said += text) };
  assert.equal(await verifyLedger([folder], io), 0, said);
  said = "";
  await exportLedger([folder, "--format", "jsonl"], { ...io, stderr: () => undefined });
  const entries = said
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: LedgerEntry }).entry);
  const decided = entries.filter((entry) => entry.kind === "decision").map(({ id }) => id);
  const outcomes = entries.filter((entry) => entry.kind === "outcome").map(({ id }) => id);
  assert.deepEqual(outcomes.toSorted(), decided.toSorted(), "each that was decided has one outcome");
  assert.equal(decided.length, 2);
});

test("a second Cordon on the same state folder is refused by name, before it changes anything", async () => {
  await using cordon = await startCordonProcess();
  const { revision } = await cordon.control.status();
  const path = join(cordon.folder, "cordon.yaml");
  const second = cordonCommand(["up", "--config", path], { TEST_UPSTREAM_KEY: "x" });
  assert.equal(await second.ended, 2);
  assert.match(
    second.stderr,
    /STORE_UNAVAILABLE: (process \d+|another process) runs Cordon with the state folder .* already/,
  );
  assert.equal((await cordon.control.status()).revision, revision);
});
