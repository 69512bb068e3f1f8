/**
 * Passwords below the name of their column where no sign parts the columns (`columns.ts`): aligned with spaces, or cells of HTML. In: a
 * text and where a name stands. Out: the spans of what is below it, as far as names are looked back for.
 */
import { isStrong, type Assigned } from "./assignments.ts";
import { hasNumber } from "./said.ts";
import { isPlaceholder, isReference } from "./value.ts";
import { quotedValue } from "./value-end.ts";

const longestHead = 160;
/** From the name on; less than how far before a value its name is looked for. */
const reach = 384;

export function belowAt(text: string, keyword: number, end: number, out: (found: Assigned) => void): void {
  const after = text.charCodeAt(end);
  if (after === 60) return belowCell(text, keyword, end, out);
  const next = text.charCodeAt(end + 1);
  if (after !== 10 && !(after === 32 && next === 32) && !(after === 13 && next === 10)) return;
  const before = text.slice(Math.max(0, keyword - longestHead), keyword);
  const start = keyword - before.length + before.lastIndexOf("\n") + 1;
  const stop = text.indexOf("\n", end);
  if (stop < 0 || stop - start > longestHead || (start > 0 && text.charCodeAt(start - 1) !== 10)) return;
  const names = text
    .slice(start, stop)
    .trimEnd()
    .split(/ {2,}|\t/);
  const column = text.slice(start, keyword).split(/ {2,}|\t/).length - 1;
  // Of the first the line may still be arriving that makes it one.
  if (column < 1 || !names.every((name) => /^[\p{L}#][\p{L}\d_#/-]{0,23}(?: [\p{L}\d_]{1,15})?$/u.test(name))) return;
  for (let line = stop + 1; line < Math.min(text.length, keyword + reach);) {
    const lineEnd = text.indexOf("\n", line);
    const row = text.slice(line, Math.min(lineEnd < 0 ? text.length : lineEnd, line + longestHead));
    if (/^\s|^$/.test(row)) return;
    const from = cellStart(row, column);
    const value = /^\S+/.exec(row.slice(from))?.[0] ?? "";
    if (from > 0 && isKept(value)) out({ start: line + from, end: line + from + value.length, score: 0.7 });
    if (lineEnd < 0) return;
    line = lineEnd + 1;
  }
}

/** `INSERT INTO users (name, password) VALUES ('joe', 'x')`: the value at the name's place. */
export function insertedAt(text: string, keyword: number, end: number, out: (found: Assigned) => void): void {
  const after = text.charCodeAt(end);
  if (after !== 44 && after !== 41 && after !== 32 && after !== 34 && after !== 96 && after !== 93) return;
  const before = /\binsert into [^()\n]{1,64}\(([^()]{0,160})$/i.exec(
    text.slice(Math.max(0, keyword - 240), keyword),
  )?.[1];
  if (before === undefined) return;
  const rest = text.slice(end, end + reach);
  const values = /^[^()]{0,120}\)[ \t]{1,12}values[ \t]{0,12}\(/i.exec(rest)?.[0];
  if (values === undefined) return;
  const skipped = before.split(",").length - 1;
  const cells = new RegExp(
    String.raw`^(?:\s{0,12}(?:N?'[^'\n]{0,96}'|"[^"\n]{0,96}"|[^'",()\s]{0,40}),){${skipped}}\s{0,12}N?['"]${quotedValue}`,
  );
  const found = skipped > 16 ? null : cells.exec(rest.slice(values.length));
  const value = found?.[1];
  if (found === null || value === undefined || !(isKept(value) || hasNumber(value)) || isPlaceholder(value)) return;
  const stop = end + values.length + found[0].length - 1;
  out({ start: stop - value.length, end: stop, score: 0.7 });
}

/** Where a cell of an aligned row begins; -1 where there are not so many. */
function cellStart(row: string, column: number): number {
  let from = 0;
  const parting = / {2,}|\t/g;
  for (let index = 0; index < column; index++) {
    parting.lastIndex = from;
    const found = parting.exec(row);
    if (found === null) return -1;
    from = found.index + found[0].length;
  }
  return from;
}

/** `<th>User</th><th>Password</th>`, and the cells of the rows that follow. */
function belowCell(text: string, keyword: number, end: number, out: (found: Assigned) => void): void {
  if (!/^<\/t[hd]>/i.test(text.slice(end, end + 5))) return;
  const before = text.slice(Math.max(0, keyword - 2 * longestHead), keyword);
  const row = before.slice(before.lastIndexOf("<tr"));
  const column = row.match(/<t[hd][ >]/gi)?.length ?? 0;
  if (column === 0 || !before.includes("<tr")) return;
  const rest = text.slice(end, keyword + reach + longestHead);
  let at = rest.indexOf("<tr");
  for (; at >= 0 && end + at < keyword + reach; at = rest.indexOf("<tr", at + 3)) {
    let cell = at;
    for (let index = 0; index < column && cell >= 0; index++) cell = rest.indexOf("<td", cell + 3);
    if (cell < 0) return;
    const content = /^<td[^<>]{0,40}>\s{0,4}(?:<(?:code|b|span)>)?([^\s<>]{4,96})(?=<)/.exec(
      rest.slice(cell, cell + 160),
    );
    const value = content?.[1];
    if (content === null || value === undefined || !isKept(value) || end + cell > keyword + reach) continue;
    const start = end + cell + content[0].length - value.length;
    out({ start, end: start + value.length, score: 0.7 });
  }
}

function isKept(value: string): boolean {
  return isStrong(value) && !isPlaceholder(value) && !isReference(value) && !/^(?:https?:|\/|\d+[-.:/]\d)/.test(value);
}
