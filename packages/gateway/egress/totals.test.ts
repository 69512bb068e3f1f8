import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { openEgressTotals } from "./totals.ts";

const namespace = "default" as Namespace;
const who = (name: string): SpiffeId => `spiffe://bank.example/${name}` as SpiffeId;
const to = (name: string, limit = {}) => ({ namespace, name, ...limit });

test("what passes is summed by principal and destination, whatever the order", () => {
  const piece = fc.record({
    principal: fc.constantFrom("a", "b"),
    destination: fc.constantFrom("x", "y"),
    out: fc.boolean(),
    bytes: fc.nat(10_000),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 50 }), (pieces) => {
      const totals = openEgressTotals(() => 0);
      for (const { principal, destination, out, bytes } of pieces) {
        const account = totals.of(who(principal), to(destination));
        assert.equal(out ? account.sent(bytes) : account.received(bytes), undefined);
      }
      for (const { principal, destination, bytesOut, bytesIn } of totals.list()) {
        const own = pieces.filter((one) => who(one.principal) === principal && one.destination === destination);
        const sum = (out: boolean): number => own.reduce((all, one) => all + (one.out === out ? one.bytes : 0), 0);
        assert.deepEqual([bytesOut, bytesIn], [sum(true), sum(false)]);
      }
    }),
  );
});

test("a limit lets through no byte more in a window, whatever it is cut into, and begins anew with the next", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.integer({ min: 1, max: 200 })), (bytesOut, pieces) => {
      let now = 5_000;
      const totals = openEgressTotals(() => now);
      const account = totals.of(who("a"), to("x", { limit: { perSeconds: 10, bytesOut } }));
      for (let window = 0; window < 2; window++) {
        const passed = pieces.filter((piece) => account.sent(piece) === undefined).reduce((a, b) => a + b, 0);
        assert.ok(passed <= bytesOut);
        assert.equal(totals.list()[0]?.used?.bytesOut, passed);
        now += 10_000;
      }
      assert.equal(account.received(1_000_000), undefined); // only what is named is limited
    }),
  );
});

test("requests are limited by their number, each principal by its own, and refusals count for nothing", () => {
  const totals = openEgressTotals(() => 0);
  const limit = { limit: { perSeconds: 10, requests: 2 } };
  const account = totals.of(who("a"), to("x", limit));
  account.decided("deny");
  account.decided("allow");
  assert.equal(account.usedUp(), undefined);
  account.decided("allow");
  assert.match(account.usedUp() ?? "", /a has used up what `x` allows it in 10 s: 2 requests/);
  assert.equal(totals.of(who("b"), to("x", limit)).usedUp(), undefined);
});

test("what there are too many of is counted together, and nothing is lost", () => {
  const totals = openEgressTotals(() => 0, 2);
  for (let at = 0; at < 5; at++) totals.of(who(String(at)), to("x")).sent(10);
  const list = totals.list();
  assert.deepEqual(
    list.map(({ principal, bytesOut }) => [principal, bytesOut]),
    [
      [who("0"), 10],
      [who("1"), 10],
      ["*", 30],
    ],
  );
});
