import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openDeadlines } from "./deadlines.ts";

test("a wall clock that is set back, or stands still, ends nothing later; one that is set forward is the wall clock's affair", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.record({ passes: fc.nat(2_000), wallStep: fc.integer({ min: -100_000, max: 0 }) }), {
        maxLength: 30,
      }),
      (lasts, steps) => {
        let [wall, mono] = [1_000_000, 0];
        const late = openDeadlines(() => mono);
        const all = [{ id: "g", ends: wall + lasts }];
        assert.equal(late(all, wall).size, 0);
        for (const { passes, wallStep } of steps) {
          mono += passes;
          wall += passes + wallStep;
          assert.equal(late(all, wall).has("g"), mono >= lasts);
        }
      },
    ),
  );
});

test("another end is another deadline, and what is gone is forgotten", () => {
  let mono = 0;
  const late = openDeadlines(() => mono);
  late([{ id: "s", ends: 100 }], 0);
  mono = 90;
  assert.deepEqual([...late([{ id: "s", ends: 300 }], 90)], []);
  mono = 200;
  assert.deepEqual([...late([{ id: "s", ends: 300 }], 0)], []);
  mono = 300;
  assert.deepEqual([...late([{ id: "s", ends: 300 }], 0)], ["s"]);
  late([], 0);
  assert.deepEqual([...late([{ id: "s", ends: 300 }], 0)], [], "seen for the first time");
});
