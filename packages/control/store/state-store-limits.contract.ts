/** Contract, limits: what the store takes comes back unchanged; what it could not give back so is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { type CreateDatabase, key, origin, put, refusal, withStore } from "./state-store-fixture.ts";
import type { StateTransaction } from "./state-store.ts";
import { maximumObjectBytes } from "./store-limits.ts";

export function limitsContract(createDatabase: CreateDatabase): void {
  const at = withStore(createDatabase);

  test("an object of exactly 1 MiB fits; one byte more is refused, counted in bytes", async () => {
    const largest = "x".repeat(maximumObjectBytes - 2);
    await put(at.store, "largest", largest);
    assert.equal((await at.store.get(key("largest")))?.value, largest);
    const tooLarge = refusal("STORE_OBJECT_TOO_LARGE", /component default\/larger is 1048577 bytes/);
    await assert.rejects(put(at.store, "larger", `${largest}x`), tooLarge);
    const wide = "é".repeat(maximumObjectBytes / 2);
    await assert.rejects(put(at.store, "larger", wide), refusal("STORE_OBJECT_TOO_LARGE", /larger/));
    assert.equal(await at.store.get(key("larger")), undefined);
  });

  test("awkward text survives in names and values", async () => {
    const awkward = [
      "__proto__",
      "constructor",
      "日本語/../é",
      "e\u0301",
      "' or 1=1; --",
      "%s $1 ?",
      "a\nb",
      "\u{1f600}",
    ];
    const value = JSON.parse('{"__proto__":{"polluted":true},"":"","\\u0000":"\\u0000","lone":"\\ud800","n":1e308}');
    await at.store.transact("tester", 1, async (transaction) => {
      for (const text of awkward) await transaction.put(key(text, text.slice(0, 9), text.slice(0, 9)), value, "api");
    });
    for (const text of awkward) {
      const found = await at.store.get(key(text, text.slice(0, 9), text.slice(0, 9)));
      assert.equal(found?.name, text);
      assert.deepEqual(found.value, value);
      assert.equal(JSON.stringify(found.value), JSON.stringify(value));
    }
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  test("a change hidden under __proto__ is a change", async () => {
    await put(at.store, "proto", JSON.parse('{"__proto__":{"a":1}}'));
    const { revision } = await put(at.store, "proto", JSON.parse('{"__proto__":{"a":2}}'));
    assert.equal((await at.store.get(key("proto")))?.revision, revision);
    const emptied = await put(at.store, "proto", {});
    assert.equal(emptied.revision, revision + 1);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  let deep: unknown = 0;
  for (let level = 0; level < 200_000; level += 1) deep = [deep];
  for (const [what, value] of [
    ["nothing", undefined],
    ["a function", () => 1],
    ["NaN", { score: Number.NaN }],
    ["infinity", [Number.POSITIVE_INFINITY]],
    ["a big integer", 1n],
    ["a cycle", cyclic],
    ["a list with a hole", [undefined]],
    ["nesting deeper than the stack", deep],
  ] as const) {
    test(`refuses ${what} as a value, since JSON would lose it`, async () => {
      await assert.rejects(
        put(at.store, "value", value),
        refusal("STORE_REQUEST_INVALID", /default\/value is not JSON/),
      );
    });
  }

  for (const [what, bad] of [
    ["an empty name", key("")],
    ["an empty kind", key("n", "default", "")],
    ["a NUL", key("a\0b")],
    ["a lone surrogate, which would turn two names into one", key("\ud800")],
    ["a name of more than 1024 bytes", key("é".repeat(513))],
    ["a kind of more than 64 bytes", key("n", "default", "k".repeat(65))],
  ] as const) {
    test(`refuses ${what} in a key, to readers and writers`, async () => {
      const invalid = refusal("STORE_REQUEST_INVALID", /The state store cannot do this/);
      await assert.rejects(at.store.get(bad), invalid);
      for (const attempt of [
        (transaction: StateTransaction) => transaction.put(bad, 1, "api"),
        (transaction: StateTransaction) => transaction.delete(bad, "api"),
        async (transaction: StateTransaction) => void (await transaction.get(bad)),
      ]) {
        await assert.rejects(at.store.transact("tester", 1, attempt), invalid);
      }
    });
  }

  test("refuses authors, times, sources, revisions and limits that mean nothing", async () => {
    const invalid = refusal("STORE_REQUEST_INVALID", /The state store cannot do this/);
    const nothing = async () => undefined;
    await assert.rejects(at.store.transact("", 1, nothing), invalid);
    await assert.rejects(at.store.transact("tester", 1.5, nothing), invalid);
    await assert.rejects(at.store.transact("tester", Number.NaN, nothing), invalid);
    const foreignSource = (transaction: StateTransaction) => transaction.put(key("x"), 1, "nobody" as "api");
    await assert.rejects(at.store.transact("tester", 1, foreignSource), invalid);
    await assert.rejects(at.store.changesSince(-1 as Revision, 1), invalid);
    await assert.rejects(at.store.changesSince(origin, 0), invalid);
  });
}
