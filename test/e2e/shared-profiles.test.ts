/** What one gateway learns of somebody the others know, and a restart does not forget; no request waits for it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { run as exportLedger } from "@cordon/cli/commands/ledger/export";
import { startCordon } from "@cordon/cli/up/wire";
import type { DecisionEntry, LedgerEntry } from "@cordon/core/ledger/entry";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { startCordonProcess, type CordonProcess } from "./cordon-process.ts";
import { openEstate, upstreamKey, type Estate } from "./estate.ts";
import { createSchema, noPostgres } from "./postgres-schema.ts";

const risk = (everySeconds: number): string =>
  `risk: { leastObservations: 10, shareEverySeconds: ${everySeconds}, networks: { countries: { SG: ["127.0.0.1"], NZ: ["127.0.0.2"] } } }\n`;

/** Chat calls from an address of the caller's choosing. */
async function calls(url: string, svid: X509Svid, localAddress: string, times: number): Promise<void> {
  const dispatcher = new Agent({ connect: clientTlsOptions(svid) as never, localAddress });
  for (let one = 0; one < times; one++) {
    const { statusCode, body } = await request(`${url}/v1/chat/completions`, {
      ...{ dispatcher, method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"m"}' },
    });
    assert.equal(statusCode, 200, await body.text());
  }
  await dispatcher.destroy();
}

async function decisionsIn(folder: string): Promise<readonly DecisionEntry[]> {
  let text = "";
  const io = { stdout: (more: string) => void (text += more), stderr: () => undefined };
  assert.equal(await exportLedger([folder, "--format", "jsonl"], io), 0);
  const entries = text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: LedgerEntry }).entry);
  return entries.filter((entry): entry is DecisionEntry => entry.kind === "decision");
}

const seenCountries = (decisions: readonly DecisionEntry[]) =>
  decisions.map(({ signals }) => [signals.risk?.network?.country, signals.risk?.network?.countrySeen]);

test(
  "two processes over PostgreSQL: what is usual at one is usual at the other, and a stranger cannot teach the second",
  { skip: noPostgres },
  async () => {
    await using schema = await createSchema();
    const keys = await mkdtemp(join(tmpdir(), "cordon-keys-"));
    await using _keys = { [Symbol.asyncDispose]: () => rm(keys, { recursive: true }) };
    const extra = `${schema.yaml}${risk(1)}keys: { root: { file: ${join(keys, "root")} } }\n`;
    await using first = await startCordonProcess({ extra });
    await using second = await startCordonProcess({ extra });
    const urlOf = async ({ control }: CordonProcess): Promise<string> => (await control.gateway()).url;
    const svid = await first.svidFor("assistant");
    await calls(await urlOf(first), svid, "127.0.0.1", 15);
    await sleep(4_000);
    // Nobody has seen it at the second gateway. There, a stranger with its key comes from elsewhere, many times.
    await calls(await urlOf(second), svid, "127.0.0.1", 1);
    await calls(await urlOf(second), svid, "127.0.0.2", 20);
    await sleep(4_000);
    await calls(await urlOf(first), svid, "127.0.0.2", 1);
    await Promise.all([first.stop(), second.stop()]);

    const there = await decisionsIn(join(second.folder, "state", "ledger"));
    assert.deepEqual(seenCountries(there).slice(0, 2), [
      ["SG", true],
      ["NZ", false],
    ]);
    assert.deepEqual(seenCountries(there).at(-1), ["NZ", false], "not even after twenty times");
    assert.equal(
      there.at(-1)?.risk.contributions.some(({ signal }) => signal === "country-new"),
      true,
    );
    const here = await decisionsIn(join(first.folder, "state", "ledger"));
    assert.deepEqual(seenCountries(here).at(-1), ["NZ", false], "nor is it taken up where it was known");
  },
);

test("with SQLite what is usual survives a restart, and nothing is written while requests come in", async () => {
  await using estate = await openEstate({ more: risk(3_600) });
  const { records } = estate.cordon.control.store;
  let written = 0;
  const real = records.transact.bind(records);
  Object.assign(records, {
    transact: (room: string, work: never) => {
      written += 1;
      return real(room, work);
    },
  });
  const svid = await estate.svidFor("agent", "assistant");
  await calls(estate.cordon.gatewayUrl, svid, "127.0.0.1", 200);
  assert.equal(written, 0, "no request waits for the store");
  await estate.cordon[Symbol.asyncDispose]();
  assert.ok(written > 0);

  await using again = await startCordon({
    ...{ path: estate.configuration, env: { TEST_UPSTREAM_KEY: upstreamKey }, version: "test", log: () => undefined },
  });
  const restarted = { ...estate, cordon: again } as Estate;
  await calls(restarted.cordon.gatewayUrl, svid, "127.0.0.2", 1);
  await calls(restarted.cordon.gatewayUrl, svid, "127.0.0.1", 1);
  await again[Symbol.asyncDispose]();
  assert.deepEqual(seenCountries(await decisionsIn(again.ledgerFolder)).slice(-2), [
    ["NZ", false],
    ["SG", true],
  ]);
});
