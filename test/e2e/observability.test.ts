import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { request } from "undici";
import { chatCall, configurationText, openEstate, until } from "./estate.ts";

const watched = (extra: string) => ({
  configuration: (ports: Parameters<typeof configurationText>[0]) =>
    `${configurationText(ports)}operations: { listen: "127.0.0.1:0" }\n${extra}`,
});

async function scrape(url: string | undefined): Promise<Map<string, number>> {
  const { body, headers } = await request(`${url}/metrics`);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const lines = (await body.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test("metrics count what was allowed, denied and refused, and how long it took", async () => {
  await using estate = await openEstate(watched(""));
  const assistant = await estate.svidFor("agent", "assistant");
  const trainer = await estate.svidFor("pipeline", "trainer");
  for (let at = 0; at < 3; at++)
    assert.equal(
      (await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m", messages: [] }))).status,
      200,
    );
  assert.equal(
    (await estate.call(trainer, "/v1/chat/completions", chatCall({ model: "m", messages: [] }))).status,
    403,
  );
  assert.equal((await estate.call(assistant, "/nowhere")).status, 404);
  const route = 'namespace="default",route="chat"';
  const done = `cordon_requests_total{${route},kind="openai",effect="allow",end="complete"}`;
  await until(() => estate.cordon.gateway.liveCount() === 0, "all have ended");
  const metrics = await scrape(estate.cordon.operationsUrl);
  assert.equal(metrics.get(done), 3);
  assert.equal(metrics.get(`cordon_requests_total{${route},kind="openai",effect="deny",end="denied"}`), 1);
  assert.equal(metrics.get('cordon_refusals_total{at="request",code="ROUTE_UNKNOWN"}'), 1);
  assert.equal(metrics.get("cordon_decision_seconds_count"), 4);
  assert.equal(metrics.get("cordon_ledger_wait_seconds_count"), 4);
  assert.equal(metrics.get(`cordon_upstream_first_byte_seconds_count{${route}}`), 3);
  assert.equal(metrics.get(`cordon_request_seconds_count{${route}}`), 4);
  assert.ok((metrics.get("cordon_ledger_wait_seconds_sum") ?? 0) > 0);
  for (const name of [
    "cordon_live_exchanges",
    "cordon_connections",
    "cordon_ledger_entries_total",
    "cordon_ledger_outstanding",
    "cordon_snapshot_revision",
    "cordon_snapshot_age_seconds",
    "cordon_svid_expiry_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
  ])
    assert.ok(Number.isFinite(metrics.get(name)), name);
});

test("a connection without an identity is counted among the refused", async () => {
  await using estate = await openEstate(watched(""));
  await assert.rejects(estate.call(undefined, "/v1/models"));
  let metrics = new Map<string, number>();
  for (
    let tries = 0;
    tries < 100 && !metrics.has('cordon_refusals_total{at="connection",code="IDENTITY_REQUIRED"}');
    tries++
  )
    metrics = await scrape(estate.cordon.operationsUrl);
  assert.equal(metrics.get('cordon_refusals_total{at="connection",code="IDENTITY_REQUIRED"}'), 1);
});

test("every entry of a run is an event in the file, in the ledger's order, from the first request to the stop", async () => {
  await using estate = await openEstate(watched("events: [{ file: events.jsonl }]\n"));
  const assistant = await estate.svidFor("agent", "assistant");
  await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m", messages: [] }));
  await estate.call(assistant, "/training-data/x");
  const entries = await estate.entries();
  const text = await readFile(join(estate.folder, "events.jsonl"), "utf8");
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { metadata: { sequence: number }; unmapped: { entry: unknown } });
  const first = events[0]?.metadata.sequence ?? -1;
  assert.ok(first >= 0 && first <= 2, "only the writer's own start may come before");
  assert.deepEqual(
    events.map(({ metadata }) => metadata.sequence),
    entries.slice(first).map((_, at) => first + at),
  );
  assert.deepEqual(
    events.map(({ unmapped }) => unmapped.entry),
    entries.slice(first),
  );
});
