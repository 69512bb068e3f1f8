import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { copyStateStore } from "./copy-state-store.ts";
import { openStateStore } from "./open-state-store.ts";
import { key, origin, put, refusal } from "./state-store-fixture.ts";
import type { StateTransaction } from "./state-store.ts";

describe("copying a store", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-copy-"));
  after(() => rmSync(folder, { recursive: true }));
  let files = 0;
  const open = () => openStateStore(`sqlite:${join(folder, `${(files += 1)}.db`)}`);

  test("replays every revision with its author and time, deletes and changes of owner included", async () => {
    await using from = await open();
    await using to = await open();
    for (let round = 0; round < 130; round += 1) await put(from, "often", round);
    await from.transact("alice", 5, async (transaction) => {
      await transaction.delete(key("often"), "api");
      await transaction.put(key("often"), "mine now", "config");
      await transaction.put(key("other"), 1, "system");
    });
    await from.transact("bob", 6, (transaction: StateTransaction) => transaction.delete(key("other"), "system"));
    const reached: number[] = [];
    assert.equal(await copyStateStore(from, to, (revision) => void reached.push(revision)), 132);
    assert.deepEqual(reached, [64, 128, 132]);
    assert.deepEqual(await to.snapshot(), await from.snapshot());
    assert.deepEqual(await to.changesSince(origin, 200), await from.changesSince(origin, 200));
  });

  test("working records go with it", async () => {
    await using from = await open();
    await using to = await open();
    await put(from, "a", 1);
    const records = Array.from({ length: 1_203 }, (_, at) => ({ owner: "s", name: `e${at}`, value: at }));
    await from.records.transact("shared-signals", (transaction) => transaction.put(records));
    await copyStateStore(from, to);
    const copied = await to.records.changedSince("shared-signals", 0, 5_000);
    assert.deepEqual(
      copied.map(({ owner, name, value }) => ({ owner, name, value })),
      records,
    );
  });

  test("refuses a store that holds something already", async () => {
    await using from = await open();
    await using to = await open();
    await put(from, "a", 1);
    await put(to, "b", 1);
    await assert.rejects(copyStateStore(from, to), refusal("STORE_CONFLICT", /name an empty one/));
    assert.equal(await to.get(key("a")), undefined);
  });
});
