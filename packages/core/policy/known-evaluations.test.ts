import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KnownEvaluations } from "./known-evaluations.ts";

const places = fc.uniqueArray(fc.nat(40), { maxLength: 6 }).map((list) => list.toSorted((a, b) => a - b));

test("an evaluation is given again for the same policies, and never for others", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(places, places), { maxLength: 60 }), (asked) => {
      const known = new KnownEvaluations();
      for (const [permits, forbids] of asked) {
        const name = JSON.stringify([permits, forbids]);
        const evaluation = known.of(permits, forbids, () => ({ permits: [], forbids: [], errors: [], name }) as never);
        assert.equal((evaluation as unknown as { name: string }).name, name);
      }
    }),
  );
});

test("permits and forbids do not pass for one another", () => {
  const known = new KnownEvaluations();
  const first = known.of([1], [], () => ({ name: "permit" }) as never);
  const second = known.of([], [1], () => ({ name: "forbid" }) as never);
  assert.notEqual(first, second);
});
