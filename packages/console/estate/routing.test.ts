import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linksOf } from "./flows.ts";
import { layOut, type Box } from "./layout.ts";
import { linePath, overlap, placeLabels } from "./line.ts";
import { drawEstate, fitted } from "./picture.ts";
import { routeLinks, type Point, type Route } from "./routing.ts";
import { component, flow, someEstate } from "./test-components.ts";

const pieces = ({ points }: Route): (readonly [Point, Point])[] =>
  points.slice(1).map((point, index) => [points[index] ?? point, point]);

/** The piece as a box without breadth; its two ends may lie on a side. */
const crosses = ([from, to]: readonly [Point, Point], box: Box): boolean =>
  Math.min(from.x, to.x) < box.x + box.width &&
  Math.max(from.x, to.x) > box.x &&
  Math.min(from.y, to.y) < box.y + box.height &&
  Math.max(from.y, to.y) > box.y;

test("no line runs across a component, and none is slanted", () => {
  fc.assert(
    fc.property(someEstate, ([components, links]) => {
      const layout = layOut(components);
      const routes = routeLinks(layout, links);
      assert.equal(routes.length, links.length);
      for (const route of routes)
        for (const piece of pieces(route)) {
          assert.ok(piece[0].x === piece[1].x || piece[0].y === piece[1].y, "slanted");
          for (const placed of layout.components)
            assert.ok(!crosses(piece, placed), `${route.link.id} crosses ${placed.component.name}`);
        }
    }),
  );
});

test("each line begins at its principal's side and ends at its resource's", () => {
  fc.assert(
    fc.property(someEstate, ([components, links]) => {
      const layout = layOut(components);
      const places = new Map(layout.components.map((placed) => [placed.component.id, placed]));
      for (const { link, points } of routeLinks(layout, links))
        for (const [id, point] of [
          [link.source, points[0]],
          [link.target, points.at(-1)],
        ] as const) {
          const box = places.get(id);
          assert.ok(box && point && (point.x === box.x || point.x === box.x + box.width), id);
          assert.ok(point.y > box.y && point.y < box.y + box.height, id);
        }
    }),
  );
});

test("two lines never lie on one another from end to end", () => {
  const [a, b] = [component("a", "api"), component("b", "data")];
  const links = linksOf(new Set([a.id, b.id]), [flow(a, b, { denied: 1 }), flow(b, a)]);
  const routes = routeLinks(layOut([a, b]), links);
  assert.equal(new Set(routes.map(({ points }) => JSON.stringify(points.toSorted((p, q) => p.x - q.x)))).size, 3);
});

test("a line goes straight where nothing stands in its way", () => {
  const [a, b] = [component("a", "api"), component("b", "data")];
  const [route] = routeLinks(layOut([a, b]), linksOf(new Set([a.id, b.id]), [flow(a, b)]));
  assert.equal(route?.points.length, 2);
});

test("labels lie on their own lines, and over components only where there is no other place", () => {
  const components = ["a", "b", "c"].map((name) => component(name, "api"));
  const targets = ["d", "e", "f"].map((name) => component(name, "data"));
  const flows = components.flatMap((from) => targets.map((to) => flow(from, to, { denied: 2 })));
  const { layout, links } = drawEstate({ components: [...components, ...targets], flows });
  assert.equal(links.length, 18);
  const at = new Set(links.map(({ label }) => `${label.x} ${label.y}`));
  assert.equal(at.size, links.length, "no two labels in one place");
  for (const { label, points, link } of links) {
    const on = pieces({ points, link }).some(
      ([from, to]) =>
        Math.min(from.x, to.x) - 1 <= label.x &&
        label.x <= Math.max(from.x, to.x) + 1 &&
        Math.min(from.y, to.y) - 1 <= label.y &&
        label.y <= Math.max(from.y, to.y) + 1,
    );
    assert.ok(on, link.id);
    const box = { x: label.x - 20, y: label.y - 9, width: 40, height: 18 };
    assert.ok(
      layout.components.every((placed) => !overlap(box, placed)),
      link.id,
    );
  }
});

test("a line's path goes through its ends and rounds its corners", () => {
  assert.equal(
    linePath([
      { x: 0, y: 0 },
      { x: 9, y: 0 },
    ]),
    "M 0 0 L 9 0",
  );
  const path = linePath([
    { x: 0, y: 0 },
    { x: 50, y: 0 },
    { x: 50, y: 30 },
  ]);
  assert.equal(path, "M 0 0 L 40 0 Q 50 0 50 10 L 50 30");
  assert.equal(linePath([]), "");
  assert.deepEqual([...placeLabels([], [], () => "")], []);
});

test("the whole picture fits into its frame, and is never blown up", () => {
  const frame = { width: 1_000, height: 600 };
  for (const size of [
    { width: 1_300, height: 500 },
    { width: 400, height: 2_000 },
    { width: 100, height: 100 },
  ]) {
    const { x, y, zoom } = fitted(size, frame);
    assert.ok(zoom <= 1.25 && x >= 0 && y >= 0);
    assert.ok(x + size.width * zoom <= frame.width && y + size.height * zoom <= frame.height + 1);
  }
});
