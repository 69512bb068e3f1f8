/** Contract, crashes: a killed writer leaves whole revisions, loses none that it was told of, and holds no lock. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "./open-state-store.ts";
import type { StateStore, StoredObject } from "./state-store.ts";
import { type CreateDatabase, key, origin, put } from "./state-store-fixture.ts";

const bounded = { timeout: 90_000 };
const kills = 5;

export function crashContract(createDatabase: CreateDatabase): void {
  test("a writer killed at any moment leaves every acknowledged revision, and only whole ones", bounded, async () => {
    await using database = await createDatabase();
    for (let kill = 0; kill < kills; kill += 1) {
      const acknowledged = await killWriter(["endless", database.url], 1 + Math.floor(Math.random() * 20));
      await using store = await openStateStore(database.url);
      const head = await assertWhole(store);
      assert.ok(head >= Number(acknowledged), `revision ${acknowledged} was acknowledged, the head is ${head}`);
      const [one, two, three] = await Promise.all(["one", "two", "three"].map((name) => store.get(key(name))));
      assert.deepEqual([two?.value, three?.value], [one?.value, one?.value]);
      assert.equal(one?.revision, head);
    }
  });

  test(
    "a code that was given out is there after a kill, one that was used is used, and records say the same",
    bounded,
    async () => {
      await using database = await createDatabase();
      for (let kill = 0; kill < kills; kill += 1) {
        const first = kill * 10_000;
        const last = await killWriter(["codes", database.url, String(first)], 1 + Math.floor(Math.random() * 30));
        const [did = "", said = ""] = last.split(" ");
        const round = Number(said);
        await using store = await openStateStore(database.url);
        for (let each = first; each <= round; each += 1) {
          const found = await store.shortLived.find({ kind: "code", id: String(each) }, 1);
          assert.equal(found?.value, String(each));
          const mustBeUsed = each < round || did !== "added";
          if (!mustBeUsed) continue;
          assert.equal(found.consumedAt, 1, `${each} was used, and the last that was said is ${last}`);
          assert.equal(await store.shortLived.consume({ kind: "code", id: String(each) }, 2), false);
        }
        const kept = await store.records.read("room", "crash", undefined, 10);
        assert.equal(new Set(kept.map(({ value }) => value)).size, kept.length === 0 ? 0 : 1, "half of a change");
        if (did === "kept") assert.ok(Number(kept[0]?.value) >= round);
      }
    },
  );

  test("a writer killed inside its transaction leaves nothing of it, and its lock goes with it", bounded, async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    await put(store, "one", "before");
    await killWriter(["hold", database.url], 1);
    assert.equal((await put(store, "after", 1)).revision, 2);
    assert.equal((await store.get(key("one")))?.value, "before");
    assert.equal(await store.get(key("two")), undefined);
    await assertWhole(store);
  });
}

/** Kills the child with SIGKILL shortly after it said `lines` lines; gives the last line that it said. */
async function killWriter(args: readonly string[], lines: number): Promise<string> {
  const child = spawn(process.execPath, [`${import.meta.dirname}/state-store.child.ts`, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  let said = 0;
  let last = "";
  for await (const line of createInterface(child.stdout)) {
    said += 1;
    last = line;
    if (said === lines) void sleep(Math.random() * 5).then(() => child.kill("SIGKILL"));
  }
  const [, signal] = await closed;
  assert.equal(signal, "SIGKILL");
  return last;
}

/** The log has no gap, and replaying it gives the objects. Returns the head. */
async function assertWhole(store: StateStore): Promise<Revision> {
  const { revision: head, objects } = await store.snapshot();
  const changes = await store.changesSince(origin, Math.max(1, head));
  const revisions = [...new Set(changes.map(({ revision }) => revision))];
  assert.deepEqual(
    revisions,
    Array.from({ length: head }, (_, index) => index + 1),
  );
  const replayed = new Map<string, StoredObject>();
  for (const change of changes) {
    if (change.object === undefined) replayed.delete(change.name);
    else replayed.set(change.name, change.object);
  }
  assert.deepEqual(
    [...replayed.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    objects,
  );
  return head;
}
