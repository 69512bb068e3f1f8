import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Features } from "./features.ts";
import { makeKernel, plainKernel } from "./kernel.ts";
import { hidden, packVectors, tokensInBlock, width } from "./network.ts";

const vectors = 500;

/** Numbers that are the same each time, spread over [0, 1). */
function drawn(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

function weightsFrom(draw: () => number): Parameters<typeof makeKernel>[0] {
  return {
    packed: packVectors(Int8Array.from({ length: vectors * width }, () => Math.floor(draw() * 256) - 128)),
    layer: Float64Array.from({ length: hidden * (width + 1) }, () => Math.fround(draw() - 0.5)),
    output: Float64Array.from({ length: hidden + width + 1 }, () => Math.fround(draw() - 0.5)),
  };
}

function featuresFrom(draw: () => number, tokens: number): Features {
  let count = 0;
  const until = Int32Array.from({ length: tokens }, () => (count += Math.floor(draw() * 33)));
  const ids = Int32Array.from({ length: count }, () => Math.floor(draw() * vectors));
  return { ids, until, ideas: new Int32Array(tokens) };
}

test("gives the network's own numbers, to the last bit, whatever the weights and the text", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 3000 }), (seed, tokens) => {
      const draw = drawn(seed);
      const weights = weightsFrom(draw);
      const features = featuresFrom(draw, tokens);
      const [fast, plain] = [makeKernel(weights), plainKernel(weights)];
      const rows = Math.ceil(tokens / tokensInBlock);
      const sums = fast.totals(features).slice(0, (rows + 1) * width);
      assert.deepEqual(sums, plain.totals(features).slice(0, (rows + 1) * width));
      for (let turn = 0; turn < 20; turn++) {
        const row = Math.floor(draw() * rows);
        const end = row + 1 + Math.floor(draw() * (rows - row));
        const factor = 1 / (1 + Math.floor(draw() * 3000));
        assert.ok(Object.is(fast.logit(row, end, factor), plain.logit(row, end, factor)));
      }
    }),
    { numRuns: 60 },
  );
});

test("a text longer than all before it has room for its totals", () => {
  const draw = drawn(7);
  const weights = weightsFrom(draw);
  const [fast, plain] = [makeKernel(weights), plainKernel(weights)];
  for (const tokens of [9, 60_000, 10, 90_000]) {
    const features = featuresFrom(draw, tokens);
    const rows = Math.ceil(tokens / tokensInBlock);
    fast.totals(features);
    plain.totals(features);
    assert.ok(Object.is(fast.logit(rows - 1, rows, 0.01), plain.logit(rows - 1, rows, 0.01)));
  }
});
