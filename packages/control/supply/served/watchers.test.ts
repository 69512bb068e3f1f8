/** Who watches is known to all machines of a store: by signs of life, not by clocks. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CordonError } from "@cordon/core/errors";
import { openStateStore } from "../../store/open-state-store.ts";
import type { WorkingRecords } from "../../store/working-records.ts";
import { heardElsewhere, openWatchers } from "./watchers.ts";

test("a watcher that speaks to any machine is not silent; while the store cannot be asked, nobody is", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-watchers-"));
  const store = await openStateStore(`sqlite:${join(folder, "state.db")}`);
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  let clock = 0;
  let broken = false;
  const records: WorkingRecords = {
    transact: (...asked) => store.records.transact(...asked),
    read: (...asked) => store.records.read(...asked),
    changedSince: (...asked) =>
      broken ? Promise.reject(new CordonError("STORE_UNAVAILABLE", "gone")) : store.records.changedSince(...asked),
  };
  const open = (machine: string, wall: number, from = records) =>
    openWatchers({ records: from, machine, now: () => wall, monotonicMs: () => clock });
  const here = open("gateway-here", 1_000_000);
  const there = open("gateway-there", 9_000_000_000, store.records); // its clock is months ahead
  const node = "on node gpu-1";

  assert.equal(here.silentMs(node), 0, "nobody was asked yet");
  await here.exchange();
  clock = 50_000;
  assert.equal(here.silentMs(node), 50_000);
  there.heard(node);
  await there.exchange();
  await here.exchange();
  assert.equal(here.silentMs(node), 0);
  clock = 80_000;
  await here.exchange();
  assert.equal(here.silentMs(node), 30_000, "what was said once is no sign of life for ever");

  broken = true;
  clock = 500_000;
  await assert.rejects(here.exchange(), { code: "STORE_UNAVAILABLE" });
  assert.equal(here.silentMs(node), 0);
  broken = false;
  clock = 510_000;
  await here.exchange();
  clock = 520_000;
  assert.equal(here.silentMs(node), 10_000, "it has had no chance to be heard before");

  assert.deepEqual(await heardElsewhere(store.records, "gateway-here", 9_000_030_000), new Set([node]));
  assert.deepEqual(await heardElsewhere(store.records, "gateway-here", 9_000_090_000), new Set(), "too long ago");
  assert.deepEqual(await heardElsewhere(store.records, "gateway-there", 9_000_030_000), new Set(), "by itself");
  await here.forget(node);
  assert.deepEqual(await heardElsewhere(store.records, "gateway-here", 9_000_030_000), new Set());
});
