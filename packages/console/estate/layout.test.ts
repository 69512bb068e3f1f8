import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { laneOrder, layOut, type Box } from "./layout.ts";
import { overlap } from "./line.ts";
import { component, someComponents } from "./test-components.ts";

const inside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

test("everybody stands in the lane of their boundary, and nobody on another", () => {
  fc.assert(
    fc.property(someComponents, (components) => {
      const { lanes, components: placed } = layOut(components);
      assert.equal(placed.length, components.length);
      for (const each of placed) {
        const lane = lanes.find(({ boundary }) => boundary === each.component.boundary);
        assert.ok(lane && inside(each, lane), each.component.name);
        for (const other of placed) assert.ok(other === each || !overlap(each, other));
      }
      for (const lane of lanes) for (const other of lanes) assert.ok(lane === other || !overlap(lane, other));
    }),
  );
});

test("the order in which components are told moves nobody", () => {
  const shuffled = someComponents.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(fc.property(shuffled, ([all, other]) => assert.deepEqual(layOut(other), layOut(all))));
});

test("all four lanes are there, though nobody may stand in them", () => {
  const { lanes } = layOut([]);
  assert.deepEqual(
    lanes.map(({ boundary, components }) => [boundary, components]),
    laneOrder.map((each) => [each, 0]),
  );
});

test("a lane with many grows columns, not without end downwards", () => {
  const many = layOut(Array.from({ length: 30 }, (_, index) => component(`c${index}`, "data")));
  assert.equal(many.rows, 6);
  assert.equal(new Set(many.components.map(({ column }) => column)).size, 5);
});
