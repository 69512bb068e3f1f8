/**
 * Private keys as PuTTY keeps them (`.ppk`, versions 2 and 3): lines of base64 below `Private-Lines`. In: a text. Out: spans of those
 * lines, on several lines or written as one with `\n` between them; and where an unfinished one begins.
 */
import { maxBlock } from "./blocks.ts";

const mark = "Private-Lines:";
const header = /Private-Lines: {0,2}\d{1,3}(?:\r?\n|(?:\\{1,2}r)?\\{1,2}n)/y;
const leastBody = 40;

export function findPuttyKeys(text: string, out: (start: number, end: number) => void): void {
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    const start = bodyStart(text, at);
    if (start < 0) continue;
    const end =
      start + text.slice(start, bodyEnd(text, start)).replace(/(?:[\r\n]|\\{1,2}[rn])+(?:Private)?$/, "").length;
    if (end - start >= leastBody) out(start, end);
  }
}

/** Where the lines begin that go on to `from` or past it; `from` where there are none. */
export function openPuttyFrom(text: string, from: number): number {
  const at = text.lastIndexOf(mark, from);
  const start = at < 0 ? -1 : bodyStart(text, at);
  return start >= 0 && start < from && bodyEnd(text, start) >= from ? start : from;
}

function bodyStart(text: string, at: number): number {
  header.lastIndex = at;
  const found = header.exec(text);
  return found === null ? -1 : at + found[0].length;
}

/** One past the last sign of base64 or of a line's end, real or written as `\n`. */
function bodyEnd(text: string, start: number): number {
  const most = Math.min(text.length, start + maxBlock);
  let end = start;
  while (end < most && isBody(text.charCodeAt(end))) end++;
  return end;
}

function isBody(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 47 && unit <= 57) ||
    unit === 43 ||
    unit === 61 ||
    unit === 10 ||
    unit === 13 ||
    unit === 92
  );
}
