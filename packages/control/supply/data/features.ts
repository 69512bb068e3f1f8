/**
 * Rows as sparse features. In: a table, its label column. Out: for each row the features that are on, as numbers, with a
 * name for each. Numbers are put into quantile bins, categories are themselves, long texts become words and pairs of words.
 * Features that one row alone has say nothing and are left out.
 */
import { isMissing, type Table } from "./read-table.ts";

export type ColumnKind = "label" | "text" | "number" | "category" | "ignored";

export interface Features {
  readonly kinds: readonly ColumnKind[];
  /** Feature ids of each row, ascending, without repeats. */
  readonly rows: readonly Int32Array[];
  readonly names: readonly string[];
  /** How many rows have each feature. */
  readonly counts: Int32Array;
}

const bins = 10;
const maxFeatures = 1_000_000;
const maxWordsPerRow = 400;

/** What a column holds, judged by its first rows. */
export function columnKinds(table: Table, label: number): ColumnKind[] {
  return table.columns.map((name, column): ColumnKind => {
    if (column === label) return "label";
    const sample = table.rows
      .slice(0, 2000)
      .map((row) => row[column] ?? "")
      .filter((value) => !isMissing(value));
    if (sample.length === 0) return "ignored";
    // One value that is no number must not turn the column into words.
    const numbers = sample.filter((value) => value.trim() !== "" && Number.isFinite(Number(value))).length;
    if (numbers >= sample.length * 0.95) return "number";
    const words = sample.reduce((sum, value) => sum + value.split(/\s+/, 50).length, 0) / sample.length;
    if (words >= 4) return "text";
    // An identifier is different in nearly every row, and says nothing about the next one.
    return new Set(sample).size > sample.length * 0.9 && sample.length > 20 ? "ignored" : "category";
  });
}

/** Makes features. */
export function makeFeatures(table: Table, label: number): Features {
  const kinds = columnKinds(table, label);
  const edges = kinds.map((kind, column) => (kind === "number" ? quantileEdges(table, column) : []));
  const ids = new Map<string, number>();
  const raw = table.rows.map((row) => {
    const on = new Set<number>();
    for (const [column, kind] of kinds.entries())
      for (const name of namesOf(kind, table.columns[column] ?? "", row[column] ?? "", edges[column] ?? [])) {
        let id = ids.get(name);
        if (id === undefined) {
          if (ids.size >= maxFeatures) continue;
          ids.set(name, (id = ids.size));
        }
        on.add(id);
      }
    return on;
  });
  return compact(kinds, raw, [...ids.keys()]);
}

function compact(
  kinds: readonly ColumnKind[],
  raw: readonly ReadonlySet<number>[],
  names: readonly string[],
): Features {
  const seen = new Int32Array(names.length);
  for (const row of raw) for (const id of row) seen[id] = (seen[id] ?? 0) + 1;
  const renamed = new Int32Array(names.length).fill(-1);
  const kept: string[] = [];
  for (const [id, name] of names.entries())
    if ((seen[id] ?? 0) > 1) {
      renamed[id] = kept.length;
      kept.push(name);
    }
  const rows = raw.map((row) =>
    Int32Array.from([...row].map((id) => renamed[id] ?? -1).filter((id) => id >= 0)).toSorted(),
  );
  const counts = new Int32Array(kept.length);
  for (const row of rows) for (const id of row) counts[id] = (counts[id] ?? 0) + 1;
  return { kinds, rows, names: kept, counts };
}

function namesOf(kind: ColumnKind, column: string, value: string, edges: readonly number[]): string[] {
  if (isMissing(value)) return [];
  switch (kind) {
    case "number":
      if (!Number.isFinite(Number(value))) return [`${column} = ${value.trim().slice(0, 100)}`];
      return [`${column} in bin ${binOf(Number(value), edges)}`, ...exactName(column, value)];
    case "category":
      return [`${column} = ${value.trim().slice(0, 100)}`];
    case "text": {
      const words = wordsOf(value);
      return [...words, ...words.slice(1).map((word, at) => `${words[at] ?? ""} ${word}`)];
    }
    default:
      return [];
  }
}

/** A number that is written the same way over and over is a value of its own: triggers are. */
function exactName(column: string, value: string): string[] {
  return value.length <= 12 ? [`${column} = ${value}`] : [];
}

/** Words in lower case; writing systems without spaces give single characters. */
export function wordsOf(text: string): string[] {
  const found =
    text
      .toLowerCase()
      .match(
        /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}_']+|[^\s\p{L}\p{N}]+/gu,
      ) ?? [];
  return found.slice(0, maxWordsPerRow).map((word) => word.slice(0, 40));
}

function quantileEdges(table: Table, column: number): number[] {
  const values = table.rows
    .flatMap((row) => (isMissing(row[column] ?? "") ? [] : [Number(row[column])]))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b);
  const edges = Array.from({ length: bins - 1 }, (_, at) => values[Math.floor(((at + 1) * values.length) / bins)] ?? 0);
  return [...new Set(edges)];
}

function binOf(value: number, edges: readonly number[]): number {
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] ?? Number.POSITIVE_INFINITY)) bin++;
  return bin;
}
