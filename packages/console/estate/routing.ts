/**
 * The lines between components, as a draughtsman would draw them: along the gaps between columns and rows, across no
 * component. In: where everybody stands, and the links. Out: for each link the corners of its line.
 *
 * A line leaves at the side, runs up or down in the gutter beside its column, crosses other columns in a row that is free
 * there or in the channel between two rows, and arrives through the gutter beside its target. Lines that share a gutter,
 * a channel or a side are spread over it.
 */
import type { Link } from "./flows.ts";
import { nodeSize, rowGap, rowTop, type Layout, type PlacedComponent } from "./layout.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Route {
  readonly link: Link;
  /** First and last lie on the sides of the two components; in between are the corners. */
  readonly points: readonly Point[];
}

/** How a line runs, before lines that share a place are told apart. */
interface Draft {
  readonly link: Link;
  readonly from: Port;
  readonly to: Port;
  /** Gutters are counted from the left; gutter `n` is left of column `n`. Both are the same for neighbours. */
  readonly first: number;
  readonly last: number;
  /** What it crosses other columns by: its own row, its target's row, or a channel (channel `n` is above row `n`). */
  readonly by: "nothing" | "source-row" | "target-row" | { readonly channel: number };
}

interface Port {
  readonly placed: PlacedComponent;
  readonly side: "left" | "right";
}

export function routeLinks(layout: Layout, links: readonly Link[]): Route[] {
  const places = new Map(layout.components.map((placed) => [placed.component.id, placed]));
  const taken = new Set(layout.components.map(({ column, row }) => `${column} ${row}`));
  const drafts = links.flatMap((link): Draft[] => {
    const source = places.get(link.source);
    const target = places.get(link.target);
    return source === undefined || target === undefined ? [] : [draft(link, source, target, taken)];
  });
  const ports = spread(
    drafts.flatMap((each) => [
      { key: portKey(each.from), owner: each, end: "from" as const, order: orderAtPort(each.to) },
      { key: portKey(each.to), owner: each, end: "to" as const, order: orderAtPort(each.from) },
    ]),
  );
  const gutters = spread(
    drafts.flatMap((each) =>
      [...new Set([each.first, each.last])].map((gutter) => ({
        ...{ key: `gutter ${gutter}`, owner: each, end: gutter === each.first ? ("from" as const) : ("to" as const) },
        order: middleRow(each),
      })),
    ),
  );
  const channels = spread(
    drafts.flatMap((each) =>
      typeof each.by === "string"
        ? []
        : [{ key: `channel ${each.by.channel}`, owner: each, end: "from" as const, order: middleRow(each) }],
    ),
  );
  return drafts.map((each) => {
    const start = portPoint(each.from, ports(each, "from"));
    const end = portPoint(each.to, ports(each, "to"));
    const x1 = gutterX(layout, each.first, gutters(each, "from"));
    const x2 = each.last === each.first ? x1 : gutterX(layout, each.last, gutters(each, "to"));
    return { link: each.link, points: straightened(corners(each, start, end, x1, x2, channels(each, "from"))) };
  });
}

function draft(link: Link, source: PlacedComponent, target: PlacedComponent, taken: ReadonlySet<string>): Draft {
  const way = Math.sign(target.column - source.column);
  const from: Port = { placed: source, side: way < 0 ? "left" : "right" };
  const to: Port = { placed: target, side: way > 0 ? "left" : "right" };
  const first = gutterOf(from);
  const last = gutterOf(to);
  if (first === last) return { link, from, to, first, last, by: "nothing" };
  const between: number[] = [];
  for (let column = source.column + way; column !== target.column; column += way) between.push(column);
  const isFree = (row: number): boolean => between.every((column) => !taken.has(`${column} ${row}`));
  const channel = target.row > source.row ? target.row : target.row < source.row ? target.row + 1 : source.row;
  const by = isFree(source.row) ? "source-row" : isFree(target.row) ? "target-row" : { channel };
  return { link, from, to, first, last, by };
}

function corners({ by }: Draft, start: Point, end: Point, x1: number, x2: number, track: number): Point[] {
  if (by === "nothing") return [start, { x: x1, y: start.y }, { x: x1, y: end.y }, end];
  const y = by === "source-row" ? start.y : by === "target-row" ? end.y : channelY(by.channel, track);
  return [start, { x: x1, y: start.y }, { x: x1, y }, { x: x2, y }, { x: x2, y: end.y }, end];
}

/** Without corners that are none. */
function straightened(points: readonly Point[]): Point[] {
  return points.filter((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined || after === undefined) return true;
    return !((before.x === point.x && point.x === after.x) || (before.y === point.y && point.y === after.y));
  });
}

interface Sharing {
  readonly key: string;
  readonly owner: Draft;
  readonly end: "from" | "to";
  readonly order: number;
}

/** For each user of a shared place, its part of it: between 0 and 1, in order, with room at both ends. */
function spread(uses: readonly Sharing[]): (owner: Draft, end: "from" | "to") => number {
  const shares = new Map<Draft, { from?: number; to?: number }>();
  for (const group of Map.groupBy(uses, ({ key }) => key).values()) {
    const ordered = group.toSorted((a, b) => a.order - b.order || a.owner.link.id.localeCompare(b.owner.link.id));
    ordered.forEach(({ owner, end }, index) => {
      const share = (index + 1) / (ordered.length + 1);
      shares.set(owner, { ...shares.get(owner), [end]: share });
    });
  }
  return (owner, end) => shares.get(owner)?.[end] ?? 0.5;
}

function gutterOf({ placed, side }: Port): number {
  return side === "left" ? placed.column : placed.column + 1;
}

function portKey({ placed, side }: Port): string {
  return `${placed.component.id} ${side}`;
}

/** Lines at one side are ordered as their other ends stand, so that they do not cross at once. */
function orderAtPort({ placed }: Port): number {
  return placed.row * 100 + placed.column;
}

function middleRow({ from, to }: Draft): number {
  return from.placed.row + to.placed.row;
}

function portPoint({ placed, side }: Port, share: number): Point {
  const x = side === "left" ? placed.x : placed.x + placed.width;
  return { x, y: placed.y + placed.height * (0.1 + 0.8 * share) };
}

/** A line in a gutter keeps away from the components on both sides. */
function gutterX({ columns, width }: Layout, gutter: number, share: number): number {
  const left = gutter === 0 ? -40 : (columns[gutter - 1] ?? 0) + nodeSize.width;
  const right = columns[gutter] ?? width + 40;
  return left + 20 + (right - left - 44) * share;
}

function channelY(channel: number, share: number): number {
  return rowTop(channel) - rowGap + 6 + (rowGap - 12) * share;
}
