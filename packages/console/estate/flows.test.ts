import assert from "node:assert/strict";
import { test } from "node:test";
import { linksOf } from "./flows.ts";
import { component, flow } from "./test-components.ts";

const a = component("a", "api");
const b = component("b", "data");
const ids = new Set([a.id, b.id]);

test("the actions between two become one link for what was allowed and one for what was denied", () => {
  const flows = [
    flow(a, b, { allowed: 2, denied: 3 }),
    flow(a, b, { action: "write", allowed: 5, denied: 0, lastAt: 9 }),
    flow(b, a),
  ];
  assert.deepEqual(
    linksOf(ids, flows).map(({ source, effect, count, actions, lastAt }) => ({
      source,
      effect,
      count,
      actions,
      lastAt,
    })),
    [
      { source: a.id, effect: "allowed", count: 7, actions: ["write", "read"], lastAt: 9 },
      { source: a.id, effect: "denied", count: 3, actions: ["read"], lastAt: 5 },
      { source: b.id, effect: "allowed", count: 1, actions: ["read"], lastAt: 5 },
    ],
  );
});

test("what never happened, what is no longer registered and calls to oneself are no links", () => {
  const gone = component("gone", "model");
  assert.deepEqual(linksOf(ids, [flow(a, b, { allowed: 0 }), flow(a, gone), flow(gone, a), flow(a, a)]), []);
});
