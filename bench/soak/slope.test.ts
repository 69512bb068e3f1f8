import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesPerRequest, heapGrowth, isFlat, residentGrowth, secondHalf, type Sample } from "./slope.ts";

const MiB = 2 ** 20;
const run = (rss: (at: number) => number): Sample[] =>
  Array.from({ length: 20 }, (_, at) => ({ requests: at * 10_000, rssBytes: rss(at) }));
/** A heap that fills and is collected every seventh sample, down to a floor. */
const heap = (floor: (at: number) => number): number[] =>
  Array.from({ length: 60 }, (_, at) => floor(at) + (at % 7) * 15 * MiB);

test("a process that leaks a hundred bytes a request is not flat by what it has resident", () => {
  const leaking = run((at) => 100 * MiB + at * 10_000 * 100);
  assert.ok(Math.abs(bytesPerRequest(secondHalf(leaking)) - 100) < 1e-6);
  assert.equal(isFlat(residentGrowth(leaking), Number.NaN), false);
});

test("one that grows while it warms up and then moves up and down is", () => {
  const warming = run((at) => (at < 10 ? 100 + at * 20 : 300 + (at % 3) * 3) * MiB);
  assert.equal(isFlat(residentGrowth(warming), Number.NaN), true);
});

test("a heap whose floor rises is a leak, though it goes up and down; one whose floor stays is none", () => {
  assert.ok(Math.abs(heapGrowth(heap(() => 80 * MiB))) < 0.01);
  assert.equal(isFlat(0.1, heapGrowth(heap(() => 80 * MiB))), true, "pages that the runtime keeps are no leak");
  assert.equal(isFlat(0.0, heapGrowth(heap((at) => (80 + at) * MiB))), false);
});

test("a few samples say nothing of the heap", () => {
  assert.ok(Number.isNaN(heapGrowth([1, 2, 3])));
});
