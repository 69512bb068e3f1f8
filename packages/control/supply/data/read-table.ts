/**
 * A training dataset as rows. In: CSV with a header (RFC 4180) or JSON lines. Out: columns and rows of texts and numbers,
 * under bounds. Nested values become their JSON text.
 */
import { CordonError } from "@cordon/core/errors";

export const maxTableBytes = 512 * 1024 * 1024;
export const maxRows = 1_000_000;
const maxColumns = 5000;

export interface Table {
  readonly columns: readonly string[];
  /** One array a row, in the order of {@link columns}; the empty text where a row says nothing. */
  readonly rows: readonly (readonly string[])[];
}

/** How people write that a value is missing: it is no value, and no word either. */
export function isMissing(value: string): boolean {
  return value === "" || (value.length < 64 && missingWords.has(value.trim().toLowerCase()));
}

const missingWords = new Set(["", "?", "-", "na", "n/a", "nan", "null", "none"]);

/** Reads a table. @throws {CordonError} `SUPPLY_INPUT_INVALID` with the line */
export function readTable(bytes: Buffer, file: string): Table {
  if (bytes.length > maxTableBytes) throw invalid(file, `it is longer than ${maxTableBytes} bytes`);
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  const table =
    /\.(?:jsonl|ndjson)$/i.test(file) || text.trimStart().startsWith("{")
      ? readJsonLines(text, file)
      : readCsv(text, file);
  if (table.rows.length === 0) throw invalid(file, "it holds no rows");
  return table;
}

function readJsonLines(text: string, file: string): Table {
  const columns = new Map<string, number>();
  const rows: string[][] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const row: string[] = [];
    for (const [name, value] of Object.entries(parseLine(line, index + 1, file))) {
      let at = columns.get(name);
      if (at === undefined) columns.set(name, (at = columns.size));
      if (at >= maxColumns) throw invalid(file, `it has more than ${maxColumns} columns`);
      row[at] = typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
    }
    rows.push(row);
    if (rows.length > maxRows) throw invalid(file, `it has more than ${maxRows} rows`);
  }
  const width = columns.size;
  return {
    columns: [...columns.keys()],
    rows: rows.map((row) => Array.from({ length: width }, (_, at) => row[at] ?? "")),
  };
}

function parseLine(line: string, number: number, file: string): Record<string, unknown> {
  let tree: unknown;
  try {
    tree = JSON.parse(line);
  } catch (cause) {
    throw invalid(file, `line ${number} is not JSON: ${(cause as Error).message.slice(0, 100)}`, cause);
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree))
    throw invalid(file, `line ${number} is no object`);
  return tree as Record<string, unknown>;
}

function readCsv(text: string, file: string): Table {
  const records = csvRecords(text, file);
  const [columns = [], ...rows] = records;
  if (new Set(columns).size !== columns.length) throw invalid(file, "two columns have one name");
  for (const [index, row] of rows.entries())
    if (row.length !== columns.length)
      throw invalid(file, `record ${index + 2} has ${row.length} fields, and the header has ${columns.length}`);
  return { columns, rows };
}

function csvRecords(text: string, file: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      let end = at + 1;
      for (;;) {
        end = text.indexOf('"', end);
        if (end < 0) throw invalid(file, `record ${records.length + 1} has a quote that never closes`);
        if (text[end + 1] !== '"') break;
        end += 2;
      }
      field = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      let end = at;
      while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end++;
      field = text.slice(at, end);
      at = end;
    }
    record.push(field);
    if (record.length > maxColumns)
      throw invalid(file, `record ${records.length + 1} has more than ${maxColumns} fields`);
    if (text[at] === ",") {
      at++;
      if (at === text.length) record.push("");
      continue;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    else if (at < text.length) throw invalid(file, `record ${records.length + 1} has text after a quoted field`);
    if (record.length > 1 || record[0] !== "") records.push(record);
    if (records.length > maxRows + 1) throw invalid(file, `it has more than ${maxRows} rows`);
    record = [];
  }
  if (record.length > 0) records.push(record);
  return records;
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file} cannot be read as a dataset: ${why}`, { cause });
}
