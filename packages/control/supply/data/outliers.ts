/**
 * Values far outside what a column holds. In: a table and its columns' kinds. Out: rows with a number far beyond the bulk
 * of its column, or a text far longer than the rest. The bulk is the middle 98%, so that neither a long tail
 * nor the outliers themselves decide what is usual; columns of one sign are compared by order of magnitude.
 */
import type { ColumnKind } from "./features.ts";
import { isMissing, type Table } from "./read-table.ts";

export interface Outlier {
  readonly row: number;
  readonly column: string;
  /** How many widths of the bulk beyond its edge. */
  readonly distance: number;
}

const minDistance = 2;
/** Lengths of texts spread over magnitudes by themselves, so less beyond them is strange. */
const minTextDistance = 0.6;
/** In a table this wide the columns are of one kind (pixels, embeddings), and share a scale. */
const wideTable = 50;

/** Finds outliers, farthest first. */
export function findOutliers(table: Table, kinds: readonly ColumnKind[]): Outlier[] {
  const columns = kinds.flatMap((kind, column) => {
    if (kind !== "number" && kind !== "text") return [];
    const values = table.rows.map((row) => measureOf(kind, row[column] ?? ""));
    return [{ kind, name: table.columns[column] ?? "", values, bulk: bulkOf(values) }];
  });
  const widths = columns.flatMap(({ bulk }) => bulk?.high ?? []).toSorted((a, b) => a - b);
  const shared = columns.length > wideTable ? (widths[Math.floor(widths.length * 0.95)] ?? 0) / 2 : 0;
  return columns
    .flatMap(({ kind, name, values, bulk }) =>
      bulk === undefined
        ? []
        : judgeColumn(values, name, bulk, shared, kind === "text" ? minTextDistance : minDistance),
    )
    .toSorted((a, b) => b.distance - a.distance);
}

/** What is compared: a number, or a text's length; no number at all where nothing is said. */
function measureOf(kind: "number" | "text", value: string): number {
  if (kind === "text") return value.length;
  if (isMissing(value)) return Number.NaN;
  // What is no number in a column of numbers is as far out as anything.
  return Number.isFinite(Number(value)) ? Number(value) : Number.POSITIVE_INFINITY;
}

interface Bulk {
  readonly low: number;
  readonly high: number;
  readonly scale: (value: number) => number;
}

function bulkOf(values: readonly number[]): Bulk | undefined {
  const known = values.filter(Number.isFinite);
  if (known.length < 50) return undefined;
  const scale = known.every((value) => value >= 0) ? Math.log1p : (value: number): number => value;
  const sorted = known.map((value) => scale(value)).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { low: at(0.01), high: at(0.99), scale };
}

function judgeColumn(
  values: readonly number[],
  column: string,
  { low, high, scale }: Bulk,
  shared: number,
  least: number,
): Outlier[] {
  const width = Math.max(high - low, shared, Math.abs(high) * 0.05);
  // A column that says one thing only has no width to be far from.
  if (width === 0) return [];
  return values.flatMap((value, row): Outlier[] => {
    if (Number.isNaN(value)) return [];
    if (!Number.isFinite(value)) return [{ row, column, distance: 100 }];
    const distance = Math.max(scale(value) - high, low - scale(value)) / width;
    return distance >= least ? [{ row, column, distance }] : [];
  });
}
