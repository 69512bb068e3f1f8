/**
 * Learns what rows look like from a table. In: a table, and columns to leave out, such as the label. Out: a profile: ranges,
 * categories, missing values, and the distance from which a row lies further out than all but a few of the table's own.
 */
import { CordonError } from "@cordon/core/errors";
import {
  maxColumns,
  maxDistanceColumns,
  type ColumnProfile,
  type DistanceProfile,
  type TableProfile,
} from "@cordon/core/inspection/tabular/profile";
import { isMissing, type Table } from "../supply/data/read-table.ts";

export interface LearnOptions {
  readonly leaveOut: readonly string[];
  /** The share of the table's own rows that may lie outside: of each range together, and of the distance. */
  readonly outside: number;
}

/** More values than this are free text. */
const maxValues = 64;
/** Added to the diagonal of the correlations, so that columns that say the same do not make any row infinitely far. */
const ridge = 0.05;

/** @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function learnProfile(table: Table, { leaveOut, outside }: LearnOptions): TableProfile {
  for (const name of leaveOut)
    if (!table.columns.includes(name))
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `the table has no column \`${name}\`; it has ${table.columns.slice(0, 20).join(", ")}`,
      );
  const kept = table.columns.flatMap((name, place) => (leaveOut.includes(name) ? [] : [{ name, place }]));
  if (kept.length === 0 || kept.length > maxColumns)
    throw new CordonError(
      "SUPPLY_INPUT_INVALID",
      `the table has ${kept.length} columns to learn; 1 to ${maxColumns} can be`,
    );
  const numbers: { name: string; values: readonly number[] }[] = [];
  const columns = kept.map(({ name, place }): ColumnProfile => {
    const present: string[] = [];
    let missing = false;
    for (const row of table.rows) {
      const value = row[place] ?? "";
      if (isMissing(value)) missing = true;
      else present.push(value.trim());
    }
    const gaps = missing ? { missing: true } : {};
    const values = present.map(Number);
    if (present.length > 0 && values.every(Number.isFinite)) {
      const sorted = Float64Array.from(values).sort();
      numbers.push({ name, values: table.rows.map((row) => (isMissing(row[place] ?? "") ? NaN : Number(row[place]))) });
      const drop = Math.floor((sorted.length * outside) / 2 / kept.length);
      const [least = 0, most = 0] = [sorted[drop], sorted[sorted.length - 1 - drop]];
      return { name, least, most, ...(values.every(Number.isInteger) ? { whole: true } : {}), ...gaps };
    }
    const distinct = new Set(present);
    if (distinct.size <= maxValues) return { name, values: [...distinct].toSorted(), ...gaps };
    return { name, longest: 2 * present.reduce((most, text) => Math.max(most, text.length), 1), ...gaps };
  });
  const distance = distanceOf(numbers.slice(0, maxDistanceColumns), outside);
  return { at: "", columns, others: false, ...(distance === undefined ? {} : { distance }) };
}

/** From the columns that vary; what is missing lies in the middle. */
function distanceOf(
  numbers: readonly { readonly name: string; readonly values: readonly number[] }[],
  outside: number,
): DistanceProfile | undefined {
  const varying = numbers.flatMap(({ name, values }) => {
    const present = values.filter((value) => !Number.isNaN(value));
    const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
    const deviation = Math.sqrt(present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / present.length);
    if (!(deviation > 0)) return [];
    return [
      { name, mean, deviation, scaled: values.map((value) => (Number.isNaN(value) ? 0 : (value - mean) / deviation)) },
    ];
  });
  if (varying.length < 2) return undefined;
  const rows = varying[0]?.scaled.length ?? 0;
  const correlation = varying.map((a, i) =>
    varying.map((b, j) => {
      let sum = 0;
      for (let at = 0; at < rows; at++) sum += (a.scaled[at] ?? 0) * (b.scaled[at] ?? 0);
      return sum / rows + (i === j ? ridge : 0);
    }),
  );
  const inverse = inverted(correlation).map((row, i) =>
    row.map((value, j) => rounded(value / (varying[i]?.deviation ?? 1) / (varying[j]?.deviation ?? 1))),
  );
  const means = varying.map(({ mean }) => rounded(mean));
  const squared = new Float64Array(rows);
  for (let at = 0; at < rows; at++) {
    let sum = 0;
    varying.forEach((a, i) =>
      varying.forEach((b, j) => {
        sum += (a.scaled[at] ?? 0) * a.deviation * (inverse[i]?.[j] ?? 0) * (b.scaled[at] ?? 0) * b.deviation;
      }),
    );
    squared[at] = sum;
  }
  squared.sort();
  const from = squared[Math.min(rows - 1, Math.floor(rows * (1 - outside)))] ?? 0;
  return { columns: varying.map(({ name }) => name), means, inverse, from: rounded(from) };
}

/** Seven digits: a profile is read by people. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}

/** Gauss and Jordan, with pivots: the matrix is symmetric, and positive by its ridge. */
function inverted(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(work[row]?.[column] ?? 0) > Math.abs(work[pivot]?.[column] ?? 0)) pivot = row;
    const top = work[pivot] ?? [];
    work[pivot] = work[column] ?? [];
    work[column] = top;
    const lead = top[column] ?? 1;
    for (let at = 0; at < 2 * size; at++) top[at] = (top[at] ?? 0) / lead;
    work.forEach((row, index) => {
      const factor = row[column] ?? 0;
      if (index === column || factor === 0) return;
      for (let at = 0; at < 2 * size; at++) row[at] = (row[at] ?? 0) - factor * (top[at] ?? 0);
    });
  }
  return work.map((row) => row.slice(size));
}
