import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openFairLine } from "./fair-line.ts";

test("one who comes behind a principal's many is next but one", () => {
  const line = openFairLine<string>(32);
  for (let at = 0; at < 9; at++) assert.equal(line.join("flood", `flood ${at}`), undefined);
  assert.equal(line.join("other", "other 0"), undefined);
  assert.equal(line.next(), "flood 0");
  assert.equal(line.next(), "other 0");
  assert.equal(line.next(), "flood 1");
});

test("a line that one principal fills makes room for others, and not for more of the same", () => {
  const line = openFairLine<string>(4);
  for (let at = 0; at < 4; at++) assert.equal(line.join("flood", `flood ${at}`), undefined);
  assert.equal(line.join("flood", "flood 4"), "flood 4");
  assert.equal(line.join("other", "other 0"), "flood 3");
  assert.equal(line.join("third", "third 0"), "flood 2");
  assert.equal(line.join("fourth", "fourth 0"), "flood 1");
  assert.equal(line.join("fifth", "fifth 0"), "fifth 0", "one each: nobody has one too many");
  line.leave("other", "other 0");
  line.leave("other", "other 7");
  assert.equal(line.length, 3);
  assert.deepEqual(line.clear(), ["flood 0", "third 0", "fourth 0"]);
  assert.equal(line.next(), undefined);
});

interface One {
  readonly principal: string;
  readonly number: number;
  /** Who went before it since it was its principal's first. */
  readonly passed: Set<string>;
}

const steps = fc.array(
  fc.record({
    act: fc.constantFrom("join", "join", "next", "leave"),
    principal: fc.constantFrom("a", "b", "c", "d"),
  }),
  { maxLength: 60 },
);

test("whatever comes and goes: nobody is lost, each principal's keep their order, and nobody goes twice before another", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const line = openFairLine<One>(6);
      let inside: One[] = [];
      const of = (principal: string): One[] => inside.filter((each) => each.principal === principal);
      for (const [number, { act, principal }] of all.entries()) {
        if (act === "join") {
          const one = { principal, number, passed: new Set<string>() };
          const full = inside.length === 6;
          const own = of(principal).length;
          const turnedAway = line.join(principal, one);
          inside = [...inside, one].filter((each) => each !== turnedAway);
          assert.equal(turnedAway !== undefined, full);
          if (turnedAway === undefined) continue;
          const lengths = ["a", "b", "c", "d"].map((each) => of(each).length);
          if (turnedAway === one) assert.ok(Math.max(...lengths) <= own + 1);
          else assert.ok(of(turnedAway.principal).every((each) => each.number < turnedAway.number));
        } else if (act === "leave") {
          const last = of(principal).at(-1);
          if (last !== undefined) line.leave(principal, last);
          inside = inside.filter((each) => each !== last);
        } else {
          const served = line.next();
          assert.equal(served, of(served?.principal ?? "")[0]);
          assert.equal(served === undefined, inside.length === 0);
          inside = inside.filter((each) => each !== served);
          for (const first of ["a", "b", "c", "d"].flatMap((each) => of(each).slice(0, 1))) {
            if (served === undefined || first.principal === served.principal) continue;
            assert.ok(!first.passed.has(served.principal), "the same principal went twice before it");
            first.passed.add(served.principal);
          }
        }
        assert.equal(line.length, inside.length);
      }
    }),
    { numRuns: 500 },
  );
});
