/** A route as a line with round corners, and where its label sits. In: corners. Out: an SVG path, and places for labels. */
import type { Box } from "./layout.ts";
import type { Point, Route } from "./routing.ts";

const radius = 10;
/** Enough for `callTool, read 12,480` at the label's size. */
const labelSize = { perCharacter: 6.4, padding: 18, height: 20 } as const;

/** An SVG path through the corners. */
export function linePath(points: readonly Point[]): string {
  const [start] = points;
  if (start === undefined) return "";
  let path = `M ${start.x} ${start.y}`;
  for (let index = 1; index < points.length; index++) {
    const [before, corner, after] = [points[index - 1] ?? start, points[index] ?? start, points[index + 1]];
    if (after === undefined) return `${path} L ${corner.x} ${corner.y}`;
    const into = towards(corner, before);
    const out = towards(corner, after);
    path += ` L ${into.x} ${into.y} Q ${corner.x} ${corner.y} ${out.x} ${out.y}`;
  }
  return path;
}

/** The point on the way from a corner to a neighbour where the round part ends. */
function towards(corner: Point, neighbour: Point): Point {
  const length = Math.hypot(neighbour.x - corner.x, neighbour.y - corner.y);
  const part = length === 0 ? 0 : Math.min(radius, length / 2) / length;
  return { x: corner.x + (neighbour.x - corner.x) * part, y: corner.y + (neighbour.y - corner.y) * part };
}

/**
 * Where each route's label sits: on its own line, over no component and, as far as there is room, over no other label.
 *
 * @param words the label's text, for its width
 */
export function placeLabels(
  routes: readonly Route[],
  obstacles: readonly Box[],
  words: (route: Route) => string,
): Map<string, Point> {
  const places = new Map<string, Point>();
  const labels: Box[] = [];
  for (const route of routes) {
    const width = words(route).length * labelSize.perCharacter + labelSize.padding;
    const candidates = candidatesOn(route.points);
    const boxAt = ({ x, y }: Point): Box => ({
      ...{ x: x - width / 2, y: y - labelSize.height / 2, width, height: labelSize.height },
    });
    const clear = (boxes: readonly Box[]) => (point: Point) => boxes.every((box) => !overlap(boxAt(point), box));
    const place =
      candidates.find(clear([...obstacles, ...labels])) ?? candidates.find(clear(obstacles)) ?? candidates[0];
    if (place === undefined) continue;
    places.set(route.link.id, place);
    labels.push(boxAt(place));
  }
  return places;
}

/** Points on the line, from its middle outwards. */
function candidatesOn(points: readonly Point[]): Point[] {
  const shares = [0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86, 0.1, 0.9];
  const lengths = points.slice(1).map((point, index) => {
    const before = points[index] ?? point;
    return Math.hypot(point.x - before.x, point.y - before.y);
  });
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return shares.map((share) => pointAt(points, lengths, total * share));
}

function pointAt(points: readonly Point[], lengths: readonly number[], distance: number): Point {
  let left = distance;
  for (const [index, length] of lengths.entries()) {
    const [from, to] = [points[index], points[index + 1]];
    if (from === undefined || to === undefined) break;
    if (left <= length && length > 0)
      return { x: from.x + ((to.x - from.x) * left) / length, y: from.y + ((to.y - from.y) * left) / length };
    left -= length;
  }
  return points.at(-1) ?? { x: 0, y: 0 };
}

export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
