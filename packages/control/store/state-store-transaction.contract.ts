/** Contract, objects and transactions: what is written is read, whole or not at all, and only net changes count. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "./open-state-store.ts";
import { type CreateDatabase, key, origin, put, refusal, withStore } from "./state-store-fixture.ts";
import type { StateStore, StateTransaction } from "./state-store.ts";

export function transactionContract(createDatabase: CreateDatabase): void {
  const at = withStore(createDatabase);
  const headOf = async () => (await at.store.snapshot()).revision;

  test("an empty store is at revision 0", async () => {
    await using database = await createDatabase();
    await using store = await openStateStore(database.url);
    assert.deepEqual(await store.snapshot(), { revision: 0, objects: [] });
    assert.deepEqual(await store.changesSince(origin, 10), []);
    assert.equal(await store.get(key("nobody")), undefined);
  });

  test("what one transaction put, later reads give back with its revision and source", async () => {
    const { revision } = await put(at.store, "chat", { boundary: "model", tags: [1, null, true] });
    assert.deepEqual(await at.store.get(key("chat")), {
      ...key("chat"),
      source: "api",
      revision,
      value: { boundary: "model", tags: [1, null, true] },
    });
  });

  test("the log keeps who changed what and when, deletes included", async () => {
    const { revision } = await put(at.store, "logged", 1);
    const remove = (transaction: StateTransaction) => transaction.delete(key("logged"), "api");
    await at.store.transact("alice", 2000, remove);
    const object = { ...key("logged"), source: "api", revision, value: 1 };
    assert.deepEqual(await at.store.changesSince((revision - 1) as Revision, 2), [
      { ...key("logged"), revision, at: 1000, actor: "tester", op: "put", object },
      { ...key("logged"), revision: revision + 1, at: 2000, actor: "alice", op: "delete" },
    ]);
    assert.equal(await at.store.get(key("logged")), undefined);
  });

  test("a transaction reads its own writes; others do not see them before it commits", async () => {
    await put(at.store, "own", "old");
    const { result, revision } = await at.store.transact("tester", 1, async (transaction) => {
      await transaction.put(key("own"), "new", "api");
      await transaction.put(key("own-2"), "added", "api");
      assert.equal((await at.store.get(key("own")))?.value, "old");
      const listed = await transaction.list("component");
      return { own: await transaction.get(key("own")), names: listed.map(({ name }) => name) };
    });
    assert.deepEqual(result.own, { ...key("own"), source: "api", revision, value: "new" });
    assert.deepEqual(result.names.slice(-2), ["own", "own-2"]);
  });

  test("a transaction's list leaves out what it deleted", async () => {
    await put(at.store, "going", 1);
    const { result } = await at.store.transact("tester", 1, async (transaction) => {
      await transaction.delete(key("going"), "api");
      return transaction.list("component");
    });
    assert.equal(
      result.find(({ name }) => name === "going"),
      undefined,
    );
  });

  test("a throw rolls back everything, takes no revision, and arrives as it was thrown", async () => {
    const head = await headOf();
    const mine = new Error("changed my mind");
    const work = async (transaction: StateTransaction) => {
      await transaction.put(key("never"), 1, "api");
      throw mine;
    };
    await assert.rejects(at.store.transact("tester", 1, work), (error) => error === mine);
    assert.equal(await headOf(), head);
    assert.equal(await at.store.get(key("never")), undefined);
    assert.equal((await put(at.store, "after-rollback", 1)).revision, head + 1);
  });

  test("work that its own throw ended is not run again", async () => {
    let runs = 0;
    const work = async () => {
      runs += 1;
      throw new Error("no");
    };
    await assert.rejects(at.store.transact("tester", 1, work), /no/);
    assert.equal(runs, 1);
  });

  for (const [what, work] of [
    ["reads only", (transaction: StateTransaction) => transaction.get(key("steady"))],
    [
      "puts what is there already",
      (transaction: StateTransaction) => transaction.put(key("steady"), { a: 1, b: 2 }, "api"),
    ],
    [
      "puts it with its properties in another order",
      (transaction: StateTransaction) => transaction.put(key("steady"), { b: 2, a: 1 }, "api"),
    ],
    ["deletes what is not there", (transaction: StateTransaction) => transaction.delete(key("absent"), "api")],
    [
      "undoes its own change",
      async (transaction: StateTransaction) => {
        await transaction.put(key("steady"), "other", "api");
        await transaction.put(key("passing"), "other", "api");
        await transaction.put(key("steady"), { a: 1, b: 2 }, "api");
        await transaction.delete(key("passing"), "api");
      },
    ],
  ] as const) {
    test(`a transaction that ${what} takes no revision`, async () => {
      await put(at.store, "steady", { a: 1, b: 2 });
      const head = await headOf();
      const { revision } = await at.store.transact("tester", 1, async (transaction) => void (await work(transaction)));
      assert.equal(revision, head);
      assert.equal(await headOf(), head);
    });
  }

  test("only net changes are logged: an object that is put back keeps the revision it had", async () => {
    const before = await put(at.store, "kept", 1);
    await at.store.transact("tester", 1, async (transaction) => {
      await transaction.put(key("kept"), 2, "api");
      await transaction.put(key("kept"), 1, "api");
      await transaction.put(key("really-new"), 1, "api");
    });
    assert.equal((await at.store.get(key("kept")))?.revision, before.revision);
    const changes = await at.store.changesSince(before.revision, 1);
    assert.deepEqual(
      changes.map(({ name }) => name),
      ["really-new"],
    );
  });

  test("a thousand objects change in one revision", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `many-${String(index).padStart(4, "0")}`);
    const { revision } = await at.store.transact("tester", 1, async (transaction) => {
      for (const name of names) await transaction.put(key(name, "default", "bulk"), { name }, "config");
    });
    assert.deepEqual(
      (await at.store.list("bulk")).map(({ name }) => name),
      names,
    );
    assert.equal((await at.store.changesSince((revision - 1) as Revision, 1)).length, 1000);
    await at.store.transact("tester", 1, async (transaction) => {
      for (const { name } of await transaction.list("bulk"))
        await transaction.delete(key(name, "default", "bulk"), "config");
    });
    assert.deepEqual(await at.store.list("bulk"), []);
  });

  test("changesSince gives at most the given number of revisions, each whole", async () => {
    const start = await headOf();
    for (let round = 0; round < 3; round += 1) {
      await at.store.transact("tester", 1, async (transaction) => {
        for (const name of ["w1", "w2", "w3"]) await transaction.put(key(name), round, "api");
      });
    }
    const revisions = (await at.store.changesSince(start, 2)).map((change) => change.revision - start);
    assert.deepEqual(revisions, [1, 1, 1, 2, 2, 2]);
    assert.deepEqual(await at.store.changesSince((start + 3) as Revision, 2), []);
  });

  test("snapshot is one instant: its revision is the newest of what it holds", async () => {
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 30; round += 1) {
        await at.store.transact("tester", round, async (transaction) => {
          for (const name of ["s1", "s2"]) await transaction.put(key(name, "default", "pair"), { round }, "api");
        });
      }
      writing = false;
    })();
    while (writing) {
      const { revision, objects } = await at.store.snapshot();
      const pair = objects.filter(({ kind }) => kind === "pair");
      assert.deepEqual(pair[0]?.value, pair[1]?.value);
      assert.ok(objects.every((object) => object.revision <= revision));
      if (pair[0] && writing) assert.equal(pair[0].revision, revision);
    }
    await writer;
  });

  test("lists come sorted by namespace and name, by code point, within a transaction too", async () => {
    const names = ["\u{1f511}", "Z", "a", "\uffee", "é", "a-b", "ab"];
    const { result } = await at.store.transact("tester", 1, async (transaction) => {
      for (const name of names) await transaction.put(key(name, "sorted", "sort"), name, "api");
      await transaction.put(key("zz", "a-sorted", "sort"), 1, "api");
      return transaction.list("sort");
    });
    const expected = ["zz", "Z", "a", "a-b", "ab", "é", "\uffee", "\u{1f511}"];
    assert.deepEqual(
      result.map(({ name }) => name),
      expected,
    );
    assert.deepEqual(
      (await at.store.list("sort")).map(({ name }) => name),
      expected,
    );
  });

  for (const [owner, other] of [
    ["config", "api"],
    ["api", "config"],
    ["system", "api"],
  ] as const) {
    test(`what ${owner} owns, ${other} can neither put nor delete, and the refusal names both`, async () => {
      const mine = key(`owned-by-${owner}`, "team-a", "route");
      await at.store.transact("tester", 1, (transaction) => transaction.put(mine, 1, owner));
      const head = await headOf();
      const names = new RegExp(`route team-a/owned-by-${owner} .*"${owner}".*"${other}"`);
      const attempts = [
        (transaction: StateTransaction) => transaction.put(mine, 2, other),
        (transaction: StateTransaction) => transaction.put(mine, 1, other),
        (transaction: StateTransaction) => transaction.delete(mine, other),
      ];
      for (const attempt of attempts) {
        await assert.rejects(at.store.transact("tester", 1, attempt), refusal("STORE_CONFLICT", names));
      }
      assert.equal(await headOf(), head);
      await at.store.transact("tester", 1, (transaction) => transaction.delete(mine, owner));
      await at.store.transact("tester", 1, (transaction) => transaction.put(mine, 2, other));
      assert.equal((await at.store.get(mine))?.source, other);
    });
  }

  test("operations that work started but did not await are part of the transaction", async () => {
    const { revision } = await at.store.transact("tester", 1, async (transaction) => {
      void transaction.put(key("not-awaited"), 1, "api");
    });
    assert.equal((await at.store.get(key("not-awaited")))?.revision, revision);
  });

  test("operations started together take turns", async () => {
    await at.store.transact("tester", 1, async (transaction) => {
      await Promise.all(["t1", "t2", "t3"].map((name) => transaction.put(key(name), name, "api")));
      await Promise.all([transaction.list("component"), transaction.get(key("t1")), transaction.get(key("t9"))]);
    });
    assert.equal((await at.store.get(key("t3")))?.value, "t3");
  });

  test("a transaction that has ended, well or badly, refuses further writes", async () => {
    let kept: StateTransaction | undefined;
    await at.store.transact("tester", 1, async (transaction) => void (kept = transaction));
    await assert.rejects(kept?.put(key("late"), 1, "api") ?? assert.fail(), refusal("STORE_REQUEST_INVALID", /ended/));
    const failing = async (transaction: StateTransaction) => {
      kept = transaction;
      throw new Error("no");
    };
    await assert.rejects(at.store.transact("tester", 1, failing), /no/);
    await assert.rejects(kept?.put(key("late"), 1, "api") ?? assert.fail(), refusal("STORE_REQUEST_INVALID", /ended/));
    assert.equal(await at.store.get(key("late")), undefined);
  });

  test("transact within transact is refused instead of waiting for itself", async () => {
    const nested = () => put(at.store, "inner", 1);
    await assert.rejects(at.store.transact("tester", 1, nested), refusal("STORE_REQUEST_INVALID", /inside the work/));
    assert.equal((await put(at.store, "afterwards", 1)).result, undefined);
  });

  test("two stores that read and then write one counter lose no count", async () => {
    await using second = await openStateStore(at.database.url);
    const count = (store: StateStore) =>
      store.transact("tester", 1, async (transaction) => {
        const value = Number((await transaction.get(key("counter")))?.value ?? 0);
        await transaction.put(key("counter"), value + 1, "api");
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => count(index % 2 === 0 ? at.store : second)));
    assert.equal((await at.store.get(key("counter")))?.value, 20);
  });

  test("a closed store answers nothing, and closing twice is closing once", async () => {
    const store = await openStateStore(at.database.url);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await assert.rejects(store.snapshot(), refusal("STORE_UNAVAILABLE", /closed/));
    await assert.rejects(put(store, "x", 1), refusal("STORE_UNAVAILABLE", /closed/));
  });

  test("closing waits for the transaction in progress", async () => {
    const store = await openStateStore(at.database.url);
    const written = put(store, "last-words", 1);
    await store[Symbol.asyncDispose]();
    assert.equal((await at.store.get(key("last-words")))?.revision, (await written).revision);
  });
}
