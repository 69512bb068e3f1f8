import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { LiveExchanges, type LiveExchange } from "./live-exchanges.ts";

const snapshot = {} as Snapshot; // handed on, never read here
const denied = { effect: "deny" } as Decision;

/** One that leaves, as an exchange does, in the middle of being cut. */
function exchange(live: LiveExchanges, cuts: LiveExchange[], validUntil = Infinity): LiveExchange {
  return {
    validUntil,
    place: -1,
    dependsOn: () => [],
    redecide: () => denied,
    async cut() {
      cuts.push(this);
      live.remove(this);
    },
  };
}

/** Takes longer than a slice. */
function slow(): Decision {
  for (const end = performance.now() + 5; performance.now() < end;);
  return denied;
}

test("whatever comes and goes, what is held is what has come and not gone", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(19)), (steps) => {
      const live = new LiveExchanges();
      const all = Array.from({ length: 20 }, () => exchange(live, []));
      const expected = new Set<LiveExchange>();
      for (const step of steps) {
        const one = all[step] as LiveExchange;
        if (expected.delete(one)) live.remove(one);
        else {
          live.add(one);
          expected.add(one);
        }
        live.remove(exchange(live, [])); // a stranger takes nobody along
        assert.equal(live.size, expected.size);
        assert.deepEqual(indexes(all, live), indexes(all, expected));
      }
    }),
  );
});

test("those whose time has come are cut, each once, though each leaves while the others are looked at", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (overdue) => {
      const live = new LiveExchanges();
      const cuts: LiveExchange[] = [];
      const all = overdue.map((late) => exchange(live, cuts, late ? 5 : 50));
      for (const each of all) live.add(each);
      await live.redecideDue(snapshot, 10);
      assert.equal(new Set(cuts).size, cuts.length);
      assert.deepEqual(new Set(cuts), new Set(all.filter(({ validUntil }) => validUntil === 5)));
      assert.equal(live.size, overdue.filter((late) => !late).length);
    }),
  );
});

test("decisions that take longer than a slice leave the event loop a turn, and all are taken", async () => {
  const live = new LiveExchanges();
  const cuts: LiveExchange[] = [];
  for (let i = 0; i < 3; i++) live.add({ ...exchange(live, cuts, 5), redecide: slow });
  const all = live.redecideDue(snapshot, 10);
  assert.equal(cuts.length, 1);
  await all;
  assert.equal(new Set(cuts).size, 3);
  assert.equal(live.size, 0);
});

test("whoever asks while decisions are being taken waits for all of them, and what came late is taken too", async () => {
  const live = new LiveExchanges();
  const cuts: LiveExchange[] = [];
  for (let i = 0; i < 3; i++) live.add({ ...exchange(live, cuts, 5), redecide: slow });
  void live.redecideDue(snapshot, 10);
  await live.redecideDue(snapshot, 10);
  assert.equal(new Set(cuts).size, 3);

  // The first is through before the second asks: nobody may take its promise for the second's.
  for (const validUntil of [5, 50]) live.add(exchange(live, cuts, validUntil));
  void live.redecideDue(snapshot, 10);
  await live.redecideAll(snapshot);
  assert.equal(live.size, 0);
});

test("a decision that fails keeps nobody behind it from being decided later", async () => {
  const live = new LiveExchanges();
  const cuts: LiveExchange[] = [];
  const broken = (): never => {
    throw new Error("no decision");
  };
  const first = { ...exchange(live, cuts), redecide: broken };
  live.add(first);
  for (let i = 0; i < 3; i++) live.add(exchange(live, cuts));
  await assert.rejects(live.redecideAll(snapshot), /no decision/);
  live.remove(first);
  await live.redecideAll(snapshot);
  assert.equal(cuts.length, 3);
});

test("a new snapshot re-decides every one of them, in slices", async () => {
  const live = new LiveExchanges();
  const cuts: LiveExchange[] = [];
  for (let i = 0; i < 1_000; i++) live.add(exchange(live, cuts));
  await live.redecideAll(snapshot);
  assert.equal(cuts.length, 1_000);
  assert.equal(live.size, 0);
});

function indexes(all: readonly LiveExchange[], some: Iterable<LiveExchange>): Set<number> {
  return new Set([...some].map((each) => all.indexOf(each)));
}
