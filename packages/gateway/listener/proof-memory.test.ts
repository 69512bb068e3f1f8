import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openProofMemory, rememberedMs } from "./proof-memory.ts";

test("a proof is new once, for as long as it could be good", () => {
  let now = 0;
  const memory = openProofMemory(() => now);
  assert.equal(memory.take("key", "a"), "new");
  now = rememberedMs - 1;
  assert.equal(memory.take("key", "a"), "seen");
  now = rememberedMs + 1;
  assert.equal(memory.take("key", "a"), "seen");
});

test("when it is full nothing more is taken, and nothing is forgotten early", () => {
  let now = 0;
  const memory = openProofMemory(() => now, { most: 3, mostOfOne: 2 });
  assert.deepEqual(
    ["a", "b", "c"].map((id) => memory.take("greedy", id)),
    ["new", "new", "full"],
  );
  assert.equal(memory.take("other", "d"), "new");
  assert.equal(memory.take("third", "e"), "full");
  assert.equal(memory.take("greedy", "a"), "seen");
  now = rememberedMs;
  assert.equal(memory.take("third", "e"), "new");
  assert.equal(memory.take("greedy", "a"), "seen");
});

test("whatever order and time they come in, no proof is new twice within its life", () => {
  const step = fc.record({ id: fc.constantFrom("a", "b", "c"), after: fc.nat(rememberedMs) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 0;
      const memory = openProofMemory(() => now);
      const taken = new Map<string, number>();
      for (const { id, after } of steps) {
        now += after;
        const verdict = memory.take("key", id);
        const before = taken.get(id);
        if (before !== undefined && now - before < rememberedMs) assert.equal(verdict, "seen");
        if (verdict === "new") taken.set(id, now);
      }
    }),
  );
});
