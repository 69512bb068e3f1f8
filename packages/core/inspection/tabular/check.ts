/**
 * Judges the rows of a request by a profile. In: a body as JSON. Out: findings of the category `out-of-distribution`, one for
 * each thing that is wrong, never a value. A body that holds no rows where the profile says they are is wrong as well.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { Finding } from "../finding.ts";
import { classified } from "../taxonomy.ts";
import { isMissing, maxRows, type ColumnProfile, type DistanceProfile, type TableProfile } from "./profile.ts";

/** Findings of one body: whoever sends thousands of wrong rows needs not be told of each. */
const maxFindings = 256;

/** Findings of a body; none where all is as the profile says. */
export function checkTable(profile: TableProfile, body: JsonValue): readonly Finding[] {
  const found: Finding[] = [];
  const note = (detector: string, score: number): void => {
    if (found.length >= maxFindings) return;
    const at = { category: "out-of-distribution", start: 0, end: 0 } as const;
    found.push(classified({ detector: `table/${detector}`, ...at, score }));
  };
  const rows = rowsAt(profile, body);
  if (rows === undefined || rows.length === 0 || rows.length > maxRows) {
    note("schema", 1);
    return found;
  }
  for (const row of rows) {
    const fields = fieldsOf(profile, row);
    if (fields === undefined) note("schema", 1);
    else checkRow(profile, fields, note);
    if (found.length >= maxFindings) break;
  }
  return found;
}

type Note = (detector: string, score: number) => void;

/** The rows that the body holds: one, or a list. */
function rowsAt({ at, columns }: TableProfile, body: JsonValue): readonly JsonValue[] | undefined {
  let value: JsonValue | undefined = body;
  for (const part of at === "" ? [] : at.slice(1).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = /^\d{1,6}$/.test(name) ? value[Number(name)] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  if (isJsonObject(value)) return [value];
  if (!Array.isArray(value)) return undefined;
  // A list of scalars is one row by place; of lists or objects, many.
  const isRow = value.length === columns.length && value.every((item) => typeof item !== "object" || item === null);
  return isRow && value.length > 0 ? [value] : value;
}

/** A row by names; `undefined` where it is none, or has other fields than it may. */
function fieldsOf({ columns, others }: TableProfile, row: JsonValue): JsonObject | undefined {
  if (Array.isArray(row)) {
    if (row.length !== columns.length) return undefined;
    return Object.fromEntries(columns.map(({ name }, place) => [name, row[place] ?? null]));
  }
  if (!isJsonObject(row)) return undefined;
  return others || Object.keys(row).every((name) => columns.some((column) => column.name === name)) ? row : undefined;
}

function checkRow({ columns, distance }: TableProfile, fields: JsonObject, note: Note): void {
  for (const column of columns) {
    const value = Object.hasOwn(fields, column.name) ? fields[column.name] : undefined;
    const score = scoreOf(column, value);
    if (score > 0) note(columnDetector(column.name), score);
  }
  const far = distance === undefined ? 0 : distanceScore(distance, fields);
  if (far > 0) note("distance", far);
}

/** How sure it is that a value does not belong: 0 where it may. */
function scoreOf(
  { least, most, whole, values, longest, missing }: ColumnProfile,
  value: JsonValue | undefined,
): number {
  if (value === undefined || value === null || value === "") return missing === true ? 0 : 1;
  if (typeof value === "object") return 1;
  if (missing === true && typeof value === "string" && isMissing(value)) return 0;
  if (values !== undefined) return isOneOf(values, value) ? 0 : 0.9;
  if (longest !== undefined) return typeof value === "string" ? (value.length <= longest ? 0 : 0.8) : 1;
  if (typeof value !== "number" || !Number.isFinite(value)) return 1;
  if (whole === true && !Number.isInteger(value)) return 0.9;
  const [low, high] = [least ?? -Infinity, most ?? Infinity];
  if (value >= low && value <= high) return 0;
  // A little outside is a doubt, far outside is none any more: a tenth of the range, and then the whole of it.
  const beyond = value < low ? low - value : value - high;
  const span = Number.isFinite(high - low) ? high - low : Math.max(1, Math.abs(value < low ? low : high));
  return beyond <= span / 10 ? 0.6 : beyond <= span ? 0.8 : 0.95;
}

/** Whether a category is one of those that there are: blanks around it do not count, and `True` in a file is `true` here. */
function isOneOf(values: readonly string[], value: string | number | boolean): boolean {
  if (typeof value === "boolean") return values.some((each) => each.toLowerCase() === String(value));
  const text = String(value);
  if (values.includes(text)) return true;
  const trimmed = text.trim();
  return trimmed !== text && values.includes(trimmed);
}

function distanceScore({ columns, means, inverse, from }: DistanceProfile, fields: JsonObject): number {
  const offsets = columns.map((name, place) => {
    const value = fields[name];
    // What is missing or no number is told of by its column; here it lies in the middle.
    return typeof value === "number" && Number.isFinite(value) ? value - (means[place] ?? 0) : 0;
  });
  const squared = squaredDistance(inverse, offsets);
  if (!(squared > from)) return Number.isNaN(squared) ? 1 : 0;
  return Math.min(0.95, 1 - from / (2 * squared));
}

/** The squared Mahalanobis distance of a row, by how far its numbers lie from their means. */
export function squaredDistance(inverse: DistanceProfile["inverse"], offsets: readonly number[]): number {
  let squared = 0;
  inverse.forEach((row, place) => {
    const offset = offsets[place] ?? 0;
    if (offset === 0) return;
    for (let at = 0; at < row.length; at++) squared += offset * (row[at] ?? 0) * (offsets[at] ?? 0);
  });
  return squared;
}

/** `table/column-age`: what a finding about a column is called, by the name in small letters. */
export function columnDetector(name: string): string {
  return `column-${
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 50) || "unnamed"
  }`;
}
