/** Contract, working records: serial in a room, found by whoever else follows, gone without a trace, beside the versioned state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openStateStore } from "./open-state-store.ts";
import { origin, put, refusal, withStore, type CreateDatabase } from "./state-store-fixture.ts";

export function recordsContract(createDatabase: CreateDatabase): void {
  const with_ = withStore(createDatabase);

  test("what one process wrote another finds, in the order of the commits, and nothing else changes", async () => {
    const { store, database } = with_;
    await using other = await openStateStore(database.url);
    const before = await store.snapshot();
    await store.records.transact("found", (transaction) =>
      transaction.put([
        { owner: "a", name: "1", value: { text: "\u0000 and \ud83d" } },
        { owner: "b", name: "1", value: 1 },
      ]),
    );
    const seen = await other.records.changedSince("found", 0, 10);
    assert.deepEqual(
      seen.map(({ owner, name, value }) => [owner, name, value]),
      [
        ["a", "1", { text: "\u0000 and \ud83d" }],
        ["b", "1", 1],
      ],
    );
    await other.records.transact("found", (transaction) => transaction.put([{ owner: "a", name: "1", value: 2 }]));
    const [news, ...more] = await store.records.changedSince("found", seen.at(-1)?.stamp ?? 0, 10);
    assert.deepEqual([news?.owner, news?.value, more], ["a", 2, []]);
    await store.records.transact("found", (transaction) => transaction.delete("a", ["1"]));
    await store.records.transact("found", (transaction) => transaction.put([{ owner: "c", name: "1", value: 3 }]));
    const [last] = await other.records.changedSince("found", news?.stamp ?? 0, 10);
    assert.equal(last?.value, 3, "what comes after a delete is news too");
    assert.deepEqual(await store.records.changedSince("elsewhere", 0, 10), []);
    assert.deepEqual(await store.snapshot(), before);
    assert.deepEqual(await store.changesSince(origin, 1), []);
  });

  test("a transaction is one at a time in a room, whichever process it is in: no count is lost", async () => {
    const { store, database } = with_;
    await using other = await openStateStore(database.url);
    const key = { owner: "count", name: "one" };
    const count = (of: typeof store): Promise<void> =>
      of.records.transact("counted", async (transaction) => {
        const held = (await transaction.get(key)) as number | undefined;
        await transaction.put([{ ...key, value: (held ?? 0) + 1 }]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, at) => count(at % 2 === 0 ? store : other)));
    assert.equal((await store.records.changedSince("counted", 0, 5))[0]?.value, 40);
  });

  test("work that throws leaves nothing; what it threw is what comes out; a key or value that no database holds is refused", async () => {
    const { store } = with_;
    const records = store.records;
    const thrown = new Error("of its own");
    await assert.rejects(
      records.transact("left", async (transaction) => {
        await transaction.put([{ owner: "a", name: "b", value: 1 }]);
        throw thrown;
      }),
      thrown,
    );
    assert.deepEqual(await records.changedSince("left", 0, 5), []);
    const putting = (owner: string, name: string, value: unknown) =>
      records.transact("left", (transaction) => transaction.put([{ owner, name, value }]));
    await assert.rejects(putting("a", "x\0", 1), refusal("STORE_REQUEST_INVALID", /NUL/));
    await assert.rejects(putting("a", "x", Number.NaN), refusal("STORE_REQUEST_INVALID", /JSON/));
    await assert.rejects(putting("a", "x", "y".repeat(1_100_000)), refusal("STORE_OBJECT_TOO_LARGE", /1048576/));
    let kept: { put(records: readonly never[]): Promise<void> } | undefined;
    await records.transact("left", async (transaction) => void (kept = transaction));
    await assert.rejects(async () => kept?.put([]), refusal("STORE_REQUEST_INVALID", /after it had ended/));
    await putting("a", "still", "works");
  });

  test("revisions and records do not wait for one another for good", async () => {
    const { store } = with_;
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        at % 2 === 0
          ? put(store, `r${at}`, at)
          : store.records.transact("beside", (transaction) =>
              transaction.put([{ owner: "a", name: `r${at}`, value: at }]),
            ),
      ),
    );
    assert.equal((await store.records.changedSince("beside", 0, 50)).length, 10);
  });

  test("whatever is put, deleted and cleared, what is left is what a map would hold", async () => {
    const { store } = with_;
    let room = 0;
    const step = fc.oneof(
      fc.record({
        op: fc.constant("put" as const),
        owner: fc.constantFrom("a", "b"),
        name: fc.constantFrom("x", "y", "z"),
        value: fc.nat(9),
      }),
      fc.record({
        op: fc.constant("delete" as const),
        owner: fc.constantFrom("a", "b"),
        name: fc.constantFrom("x", "y", "z"),
      }),
      fc.record({ op: fc.constant("clear" as const), owner: fc.constantFrom("a", "b") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 4 }), async (batches) => {
        const name = `model-${(room += 1)}`;
        const held = new Map<string, number>();
        for (const batch of batches)
          await store.records.transact(name, async (transaction) => {
            for (const one of batch) {
              if (one.op === "put") {
                held.set(`${one.owner}/${one.name}`, one.value);
                await transaction.put([one]);
              } else if (one.op === "delete") {
                held.delete(`${one.owner}/${one.name}`);
                await transaction.delete(one.owner, [one.name]);
              } else {
                for (const key of held.keys()) if (key.startsWith(`${one.owner}/`)) held.delete(key);
                await transaction.clear(one.owner);
              }
              const own = [...held.keys()].filter((key) => key.startsWith("a/"));
              assert.equal(await transaction.count("a"), own.length);
              assert.deepEqual(
                (await transaction.list("a", 9)).map((record) => `a/${record.name}`),
                own.toSorted(),
              );
            }
          });
        const left = await store.records.changedSince(name, 0, 100);
        assert.deepEqual(new Map(left.map((one) => [`${one.owner}/${one.name}`, one.value])), new Map([...held]));
      }),
      { numRuns: 25 },
    );
  });
}
