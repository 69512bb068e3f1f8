/**
 * Learns what rows look like from a table. In: a table, and columns to leave out, such as the label. Out: a profile: ranges,
 * categories, missing values, and the distance from which a row lies further out than all but a few of the table's own.
 */
import { tableSchema } from "@cordon/core/contract/table-schema";
import { CordonError } from "@cordon/core/errors";
import { squaredDistance } from "@cordon/core/inspection/tabular/check";
import {
  isMissing,
  isNumber,
  maxColumns,
  maxDistanceColumns,
  type ColumnProfile,
  type DistanceProfile,
  type TableProfile,
} from "@cordon/core/inspection/tabular/profile";
import type { Table } from "../supply/data/read-table.ts";

export interface LearnOptions {
  readonly leaveOut: readonly string[];
  /** The share of the table's own rows that may lie outside: of each range together, and of the distance. */
  readonly outside: number;
  /** Columns that are text whatever it looks like; see {@link textColumns}. */
  readonly texts?: ReadonlySet<string>;
  /** JSON Pointer of the rows in a request's body; the body itself where it is left out. */
  readonly at?: string;
}

/** More values than this, or longer ones, are free text. */
const maxValues = 64;
const maxValueLength = 256;
/** The longest that the configuration lets a free text be. */
const maxLongest = 1_000_000;
/** Added to the diagonal of the correlations, so that columns that say the same do not make any row infinitely far. */
const ridge = 0.05;

/** @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function learnProfile(table: Table, { leaveOut, outside, texts, at = "" }: LearnOptions): TableProfile {
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
      else present.push(value);
    }
    const gaps = missing ? { missing: true } : {};
    // Always empty: so may it stay.
    if (present.length === 0) return { name, values: [""], ...gaps };
    if (texts?.has(name) !== true && present.every(isNumber)) {
      const values = present.map(Number);
      const sorted = Float64Array.from(values).sort();
      numbers.push({ name, values: table.rows.map((row) => (isMissing(row[place] ?? "") ? NaN : Number(row[place]))) });
      const drop = Math.floor((sorted.length * outside) / 2 / kept.length);
      const [least = 0, most = 0] = [sorted[drop], sorted[sorted.length - 1 - drop]];
      return { name, least, most, ...(values.every(Number.isInteger) ? { whole: true } : {}), ...gaps };
    }
    const longest = present.reduce((most, text) => Math.max(most, text.length), 1);
    const distinct = new Set(present.map((text) => text.trim()));
    if (distinct.size <= maxValues && longest <= maxValueLength)
      return { name, values: [...distinct].toSorted(), ...gaps };
    return { name, longest: Math.max(longest, Math.min(2 * longest, maxLongest)), ...gaps };
  });
  const distance = distanceOf(numbers, outside);
  return readable({ at, columns, others: false, ...(distance === undefined ? {} : { distance }) });
}

/**
 * Columns that hold texts, whatever these look like: JSON lines tell `"40"` from `40`. Of CSV, which has no types, none: a
 * number is what is written as one.
 *
 * @param bytes a file that `readTable` takes
 */
export function textColumns(bytes: Buffer, file: string): ReadonlySet<string> {
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  const names = new Set<string>();
  if (!/\.(?:jsonl|ndjson)$/i.test(file) && !text.trimStart().startsWith("{")) return names;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = JSON.parse(line) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(row))
      if (typeof value === "string" && !isMissing(value)) names.add(name);
  }
  return names;
}

/** The profile, if `cordon.yaml` takes it. @throws {CordonError} `SUPPLY_INPUT_INVALID` with the column, and what to do */
function readable(profile: TableProfile): TableProfile {
  const { error } = tableSchema.safeParse(profile);
  const issue = error?.issues[0];
  if (issue === undefined) return profile;
  const [part, place, field] = issue.path;
  const column = part === "columns" && typeof place === "number" ? profile.columns[place] : undefined;
  if (column === undefined)
    throw new CordonError(
      "SUPPLY_INPUT_INVALID",
      `the profile would not be read from cordon.yaml: \`${issue.path.join(".")}\`: ${issue.message}`,
    );
  const shown = column.name.length > 40 ? `${column.name.slice(0, 40)}...` : column.name;
  const what =
    column.name === ""
      ? `column ${Number(place) + 1} of those learned has no name: give it one in the table's header, or leave it out with \`--leave-out ""\``
      : field === "name"
        ? `the name of column \`${shown}\` has ${column.name.length} characters, and cordon.yaml takes 128: shorten it in the table and in what the model is sent, or leave it out with \`--leave-out\``
        : `column \`${shown}\` cannot stand in cordon.yaml (\`${String(field)}\`: ${issue.message}): leave it out with \`--leave-out\``;
  throw new CordonError("SUPPLY_INPUT_INVALID", what);
}

/** Deviations between which their squares, and what is divided by them, are numbers still. */
const [leastDeviation, mostDeviation] = [1e-100, 1e100];

/** From the columns that vary; what is missing lies in the middle. */
function distanceOf(
  numbers: readonly { readonly name: string; readonly values: readonly number[] }[],
  outside: number,
): DistanceProfile | undefined {
  const varying = numbers
    .flatMap(({ name, values }) => {
      const present = values.filter((value) => !Number.isNaN(value));
      const first = present[0] ?? 0;
      // From the first value on: numbers far from zero that differ little (times, identifiers) lose nothing.
      const mean = first + present.reduce((sum, value) => sum + (value - first), 0) / present.length;
      const deviation = Math.sqrt(present.reduce((sum, value) => sum + (value - mean) ** 2, 0) / present.length);
      if (!(deviation >= leastDeviation && deviation <= mostDeviation)) return [];
      return [{ name, mean, deviation, values, offsets: offsetsFrom(mean, values) }];
    })
    .slice(0, maxDistanceColumns);
  if (varying.length < 2) return undefined;
  const rows = varying[0]?.offsets.length ?? 0;
  const correlation = varying.map((a, i) =>
    varying.map((b, j) => {
      let sum = 0;
      for (let at = 0; at < rows; at++)
        sum += ((a.offsets[at] ?? 0) / a.deviation) * ((b.offsets[at] ?? 0) / b.deviation);
      return sum / rows + (i === j ? ridge : 0);
    }),
  );
  const inverse = inverted(correlation).map((row, i) =>
    row.map((value, j) => rounded(value / (varying[i]?.deviation ?? 1) / (varying[j]?.deviation ?? 1))),
  );
  const means = varying.map(({ mean, deviation }) => roundedMean(mean, deviation));
  // By the numbers as they are printed, as judging does: rounding must make no row of the table's own far.
  const squared = new Float64Array(rows);
  const printed = varying.map(({ values }, place) => offsetsFrom(means[place] ?? 0, values));
  for (let at = 0; at < rows; at++)
    squared[at] = squaredDistance(
      inverse,
      printed.map((offsets) => offsets[at] ?? 0),
    );
  squared.sort();
  const from = squared[Math.min(rows - 1, Math.floor(rows * (1 - outside)))] ?? 0;
  // Where nearly all rows lack all of these numbers, nothing can be said of the rest.
  if (!(from > 0)) return undefined;
  return { columns: varying.map(({ name }) => name), means, inverse, from: roundedUp(from) };
}

/** How far each value lies from a mean; what is missing, not at all. */
function offsetsFrom(mean: number, values: readonly number[]): readonly number[] {
  return values.map((value) => (Number.isNaN(value) ? 0 : value - mean));
}

/** Seven digits: a profile is read by people. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}

function roundedUp(value: number): number {
  const near = rounded(value);
  return near >= value ? near : rounded(near + 10 ** (Math.floor(Math.log10(value)) - 6));
}

/** Seven digits of how far values lie apart: of a time in milliseconds the first seven are the same all day. */
function roundedMean(mean: number, deviation: number): number {
  const digits = mean === 0 ? 7 : 7 + Math.floor(Math.log10(Math.abs(mean))) - Math.floor(Math.log10(deviation));
  return Number(mean.toPrecision(Math.min(17, Math.max(7, digits))));
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
