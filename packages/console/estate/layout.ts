/**
 * Where everybody stands in the estate's picture. In: components. Out: four lanes and a place for each component, on one
 * grid, so that lines between lanes can run in the gaps. The same components always give the same picture.
 */
import type { EstateResponse } from "@cordon/core/contract/console-api";

export type Component = EstateResponse["components"][number];
export type Boundary = Component["boundary"];

/** From where calls come to what they are about: most flows then run from left to right. */
export const laneOrder = ["api", "pipeline", "model", "data"] as const satisfies readonly Boundary[];

/** In pixels of the picture at its natural size. */
export const nodeSize = { width: 212, height: 82 } as const;
/** Between rows, and between columns of one lane: lines run there. */
export const rowGap = 46;
const columnGap = 70;
const lanePadding = { x: 20, top: 50, bottom: 6 } as const;
const laneGap = 112;
/** A lane with more than this grows a column. */
const maxRowsInLane = 7;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Lane extends Box {
  readonly boundary: Boundary;
  readonly components: number;
}

export interface PlacedComponent extends Box {
  readonly component: Component;
  /** Counted over all lanes, from the left. */
  readonly column: number;
  readonly row: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly Lane[];
  readonly components: readonly PlacedComponent[];
  /** Left edge of each column. */
  readonly columns: readonly number[];
  readonly rows: number;
}

export function layOut(components: readonly Component[]): Layout {
  const byLane = laneOrder.map((boundary) => {
    const members = components.filter((component) => component.boundary === boundary).toSorted(byName);
    const columns = Math.max(1, Math.ceil(members.length / maxRowsInLane));
    return { boundary, members, columns, rows: Math.ceil(members.length / columns) };
  });
  const rows = Math.max(3, ...byLane.map((lane) => lane.rows));
  const height = lanePadding.top + rows * (nodeSize.height + rowGap) + rowGap / 2 + lanePadding.bottom;
  const lanes: Lane[] = [];
  const placed: PlacedComponent[] = [];
  const columns: number[] = [];
  let x = 0;
  for (const lane of byLane) {
    const width = 2 * lanePadding.x + lane.columns * (nodeSize.width + columnGap) - columnGap;
    lanes.push({ boundary: lane.boundary, components: lane.members.length, x, y: 0, width, height });
    // A lane with few stands in the middle, on the same rows as the others.
    const firstRow = Math.floor((rows - lane.rows) / 2);
    const firstColumn = columns.length;
    for (let column = 0; column < lane.columns; column++)
      columns.push(x + lanePadding.x + column * (nodeSize.width + columnGap));
    lane.members.forEach((component, position) => {
      const column = firstColumn + Math.floor(position / lane.rows);
      const row = firstRow + (position % lane.rows);
      placed.push({ component, column, row, x: columns[column] ?? x, y: rowTop(row), ...nodeSize });
    });
    x += width + laneGap;
  }
  return { width: x - laneGap, height, lanes, components: placed, columns, rows };
}

/** The upper edge of the components in a row. */
export function rowTop(row: number): number {
  return lanePadding.top + rowGap / 2 + row * (nodeSize.height + rowGap);
}

function byName(a: Component, b: Component): number {
  return a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id);
}
