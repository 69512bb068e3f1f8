import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesPerRequest, growth, isFlat, settled, type Sample } from "./slope.ts";

const run = (rss: (at: number) => number): Sample[] =>
  Array.from({ length: 20 }, (_, at) => ({ requests: at * 10_000, rssBytes: rss(at) }));
const MiB = 2 ** 20;

test("a process that leaks a hundred bytes a request is not flat", () => {
  const leaking = run((at) => 100 * MiB + at * 10_000 * 100);
  assert.ok(Math.abs(bytesPerRequest(settled(leaking)) - 100) < 1e-6);
  assert.ok(growth(leaking) > 0.04);
  assert.equal(isFlat(leaking), false);
});

test("one that grows while it warms up and then moves up and down is", () => {
  assert.equal(isFlat(run((at) => (at < 10 ? 100 + at * 20 : 300 + (at % 3) * 3) * MiB)), true);
});
