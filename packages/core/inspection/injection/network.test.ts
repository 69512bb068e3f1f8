import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { average, blockTotals, eachWindow, packVectors, shareOf, shrink, width } from "./network.ts";

const rows = 50;
const texts = fc.record({
  vectors: fc.array(fc.integer({ min: -127, max: 127 }), { minLength: rows * width, maxLength: rows * width }),
  tokens: fc.array(fc.array(fc.nat({ max: rows - 1 }), { maxLength: 32 }), { minLength: 1, maxLength: 90 }),
});

test("windows have the averages that adding each vector by itself gives", () => {
  fc.assert(
    fc.property(texts, ({ vectors, tokens }) => {
      let sum = 0;
      const until = Int32Array.from(tokens, ({ length }) => (sum += length));
      const features = { ids: Int32Array.from(tokens.flat()), until, ideas: new Int32Array(tokens.length) };
      const sums = blockTotals(features, packVectors(Int8Array.from(vectors)));
      const mean = new Float64Array(width);
      eachWindow(tokens.length, (from, to) => {
        average(sums, features, from, to, mean);
        const ids = tokens.slice(from, to).flat();
        const expected = Array.from(
          { length: width },
          (_, at) =>
            ids.reduce((total, id) => total + (vectors[id * width + at] ?? 0), 0) * (1 / (ids.length + shrink)),
        );
        assert.deepEqual(
          [...mean],
          expected.map((value) => value + 0),
        );
      });
    }),
    { numRuns: 40 },
  );
});

test("a block as full as it can be does not overflow", () => {
  for (const extreme of [-127, 127]) {
    const tokens = 8;
    const features = {
      ids: new Int32Array(tokens * 32),
      until: Int32Array.from({ length: tokens }, (_, at) => (at + 1) * 32),
      ideas: new Int32Array(tokens),
    };
    const packed = packVectors(new Int8Array(width).fill(extreme));
    assert.deepEqual([...blockTotals(features, packed).subarray(width, width * 2)], Array(width).fill(extreme * 256));
    const slopes = Float64Array.from({ length: width }, (_, at) => (at === 3 ? 1 : 0));
    assert.equal(shareOf(features, 2, packed, slopes), extreme * 32);
  }
});
