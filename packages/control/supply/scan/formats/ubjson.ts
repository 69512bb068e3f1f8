/**
 * UBJSON (draft 12), as XGBoost writes its models. In: a source. Out: nothing but its end: it holds numbers, names and
 * lists, and a reader of it makes those. What is checked is that it is whole, bounded, and free of code in texts.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { malformed } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas } from "../verdict.ts";
import { codeIn } from "./code-text.ts";

const sizes: Readonly<Record<string, number>> = {
  i: 1,
  U: 1,
  I: 2,
  l: 4,
  L: 8,
  d: 4,
  D: 8,
  C: 1,
  Z: 0,
  N: 0,
  T: 0,
  F: 0,
};
const maxDepth = 64;
const maxName = 65_536;

export function isUbjson(head: Uint8Array): boolean {
  return (
    head[0] === 0x7b && "iUIlL$#".includes(String.fromCharCode(head[1] ?? 0)) && head[2] !== 0x22 && head.includes(0)
  );
}

export function scanUbjson(source: ByteSource, scan: Scan): void {
  const cursor = new Cursor(source);
  const mark = (): string => String.fromCharCode(cursor.u8());
  const bad = (words: string): Error => malformed("ubjson/syntax", words, cursor.position);
  const integer = (kind: string): number => {
    const bytes = sizes[kind];
    if (bytes === undefined || !"iUIlL".includes(kind)) throw bad("a length is no integer");
    // Big-endian; lengths are never negative.
    const value = cursor.bytes(bytes).reduce((all, byte) => all * 256 + byte, 0);
    if (value > source.size) throw bad("a length is longer than the file");
    return value;
  };
  const text = (kind = mark()): void => {
    const length = integer(kind);
    if (length > maxName) {
      cursor.skip(length);
      return;
    }
    const code = codeIn(Buffer.from(cursor.bytes(length)).toString("utf8"));
    if (code !== undefined)
      scan.report({
        rule: "ubjson/code",
        verdict: "dangerous",
        atlas: atlas.embeddedMalware,
        words: `it holds code: ${code}`,
      });
  };
  const value = (kind: string, depth: number): void => {
    scan.budget.spend(1);
    if (depth > maxDepth) throw bad("it is nested too deep");
    if (kind === "S" || kind === "H") text();
    else if (kind === "[" || kind === "{") container(kind === "{", depth + 1);
    else {
      const bytes = sizes[kind];
      if (bytes === undefined) throw bad("a value has no known type");
      cursor.skip(bytes);
    }
  };
  const container = (object: boolean, depth: number): void => {
    let kind: string | undefined;
    let count: number | undefined;
    if (cursor.peek() === 0x24) {
      mark();
      kind = mark();
    }
    if (cursor.peek() === 0x23) {
      mark();
      count = integer(mark());
    } else if (kind !== undefined) throw bad("a typed list has no length");
    const fixed = kind === undefined ? undefined : sizes[kind];
    if (!object && fixed !== undefined && count !== undefined) {
      cursor.skip(fixed * count);
      return;
    }
    for (let index = 0; count === undefined || index < count; index++) {
      const next = object || kind === undefined ? mark() : kind;
      if (count === undefined && next === (object ? "}" : "]")) return;
      if (object) text(next);
      value(kind ?? (object ? mark() : next), depth);
    }
  };
  value(mark(), 0);
  if (cursor.peek() >= 0) throw malformed("ubjson/trailing-bytes", "bytes follow its end", cursor.position);
}
