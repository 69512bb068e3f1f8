import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { fitLogistic, predict, type Sample } from "./logistic-regression.ts";
import { measure } from "./metrics.ts";

/** A number from 0 to 1 that looks random and is always the same. */
function draw(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE(0) / 2 ** 32;
}

function samplesOf(count: number, chance: (x: number, y: number) => number): readonly Sample[] {
  return Array.from({ length: count }, (_, at) => {
    const [x, y] = [draw(`x${at}`) * 2 - 1, draw(`y${at}`) * 2 - 1];
    return { features: [x, y], positive: draw(`z${at}`) < chance(x, y) };
  });
}

test("finds the weights that made the data", () => {
  const samples = samplesOf(20_000, (x, y) => 1 / (1 + Math.exp(-(0.5 + 2 * x - y))));
  const { intercept, weights } = fitLogistic(samples, 0);
  for (const [found, made] of [
    [intercept, 0.5],
    [weights[0] ?? 0, 2],
    [weights[1] ?? 0, -1],
  ] as const)
    assert.ok(Math.abs(found - made) < 0.1, `${found} is not about ${made}`);
});

test("a feature that says nothing weighs about nothing", () => {
  const { weights } = fitLogistic(
    samplesOf(5_000, (x) => (x > 0 ? 0.9 : 0.1)),
    1,
  );
  assert.ok(Math.abs(weights[1] ?? 1) < 0.2 && (weights[0] ?? 0) > 1);
});

test("data that a line separates does not run away, under a penalty", () => {
  const { weights } = fitLogistic(
    samplesOf(500, (x) => Number(x > 0)),
    1,
  );
  assert.ok(weights.every(Number.isFinite) && Math.abs(weights[0] ?? 0) < 50);
});

test("a prediction is a probability", () => {
  const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(
      number,
      fc.array(number, { maxLength: 8 }),
      fc.array(number, { maxLength: 8 }),
      (intercept, weights, row) => {
        const probability = predict({ intercept, weights }, row);
        assert.ok(probability >= 0 && probability <= 1);
      },
    ),
  );
});

test("the area under the curve is 1 for a perfect order, 0 for its reverse, a half for ties", () => {
  const auc = (...scored: readonly (readonly [number, boolean])[]) =>
    measure(scored.map(([probability, positive]) => ({ probability, positive }))).auc;
  assert.equal(auc([0.1, false], [0.4, false], [0.6, true], [0.9, true]), 1);
  assert.equal(auc([0.1, true], [0.4, true], [0.6, false], [0.9, false]), 0);
  assert.equal(auc([0.5, true], [0.5, false], [0.5, true], [0.5, false]), 0.5);
});
