/**
 * GGUF (ggml/docs/gguf.md), versions 1 to 3. In: a source. Out: findings. Counts, lengths and offsets are checked against
 * the file; chat templates are checked as the programs that they are.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { malformed, Unreadable } from "../bytes/unreadable.ts";
import { checkTemplate } from "../jinja/check-template.ts";
import type { Scan } from "../scan.ts";
import { atlas } from "../verdict.ts";
import { codeIn } from "./code-text.ts";

const maxText = 64 * 2 ** 20;
/** Bytes of the scalar value types by number; 8 is a string, 9 an array. */
const scalarBytes = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8] as const;

/** ggml type: items of a block, bytes of a block. */
const blocks: Readonly<Record<number, readonly [number, number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
};

export function isGguf(head: Uint8Array): boolean {
  return head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46;
}

export function scanGguf(source: ByteSource, scan: Scan): void {
  const cursor = new Cursor(source, 4);
  const version = cursor.u32();
  if (version < 1 || version > 3)
    throw new Unreadable(
      "unsupported",
      "gguf/version",
      version > 0xffff ? "it is big-endian" : `version ${version} is not known`,
    );
  const count = (): number => (version === 1 ? cursor.u32() : cursor.u64());
  const text = (): string => {
    const length = count();
    if (length > maxText) throw malformed("gguf/string", `a string claims ${length} bytes`, cursor.position);
    return Buffer.from(cursor.bytes(length)).toString("utf8");
  };
  const tensors = count();
  const pairs = count();
  if (tensors * 24 > source.size || pairs * 12 > source.size)
    throw malformed("gguf/counts", `it claims ${tensors} tensors and ${pairs} values, more than the file can hold`, 8);
  let alignment = 32;
  const seen = new Set<string>();
  const value = (type: number, key: string, depth: number): void => {
    scan.budget.spend(1);
    if (type === 8) {
      checkText(text(), key, scan);
      return;
    }
    if (type === 9) {
      if (depth > 4) throw malformed("gguf/array", "arrays are nested too deep", cursor.position);
      const inner = cursor.u32();
      const items = count();
      const bytes = scalarBytes[inner];
      if (bytes !== undefined) cursor.skip(items * bytes);
      else for (let left = items; left > 0; left--) value(inner, key, depth + 1);
      return;
    }
    const bytes = scalarBytes[type];
    if (bytes === undefined)
      throw malformed("gguf/type", `value \`${key.slice(0, 60)}\` has type ${type}`, cursor.position);
    if (key === "general.alignment" && type === 4) alignment = cursor.u32();
    else if (type === 7 && cursor.u8() > 1)
      throw malformed("gguf/bool", `value \`${key.slice(0, 60)}\` is no bool`, cursor.position);
    else if (type !== 7) cursor.skip(bytes);
  };
  for (let left = pairs; left > 0; left--) {
    const key = text();
    if (seen.has(key)) throw malformed("gguf/duplicate", `key \`${key.slice(0, 60)}\` is there twice`, cursor.position);
    seen.add(key);
    value(cursor.u32(), key, 0);
  }
  if (alignment === 0 || alignment % 8 !== 0) throw malformed("gguf/alignment", `its alignment is ${alignment}`);
  const spans = readTensors(cursor, tensors, text, version, scan);
  const dataAt = Math.ceil(cursor.position / alignment) * alignment;
  checkSpans(spans, dataAt, alignment, source.size);
}

interface Span {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

function readTensors(cursor: Cursor, tensors: number, text: () => string, version: number, scan: Scan): Span[] {
  const spans: Span[] = [];
  const seen = new Set<string>();
  for (let left = tensors; left > 0; left--) {
    scan.budget.spend(10);
    const name = text();
    if (seen.has(name))
      throw malformed("gguf/duplicate", `tensor \`${name.slice(0, 60)}\` is there twice`, cursor.position);
    seen.add(name);
    const dimensions = cursor.u32();
    if (dimensions > 8)
      throw malformed("gguf/tensor", `tensor \`${name.slice(0, 60)}\` has ${dimensions} dimensions`, cursor.position);
    let items = 1;
    for (let at = 0; at < dimensions; at++) items *= version === 1 ? cursor.u32() : cursor.u64();
    const type = cursor.u32();
    const offset = cursor.u64();
    const block = blocks[type];
    if (block === undefined)
      throw new Unreadable(
        "unsupported",
        "gguf/tensor-type",
        `tensor \`${name.slice(0, 60)}\` has type ${type}, which is not known here`,
      );
    spans.push({ name, offset, bytes: Math.ceil(items / block[0]) * block[1] });
  }
  return spans;
}

function checkSpans(spans: readonly Span[], dataAt: number, alignment: number, size: number): void {
  let end = 0;
  for (const { name, offset, bytes } of spans.toSorted((a, b) => a.offset - b.offset)) {
    const shown = name.slice(0, 60);
    if (!(dataAt + offset + bytes <= size))
      throw malformed("gguf/tensor", `tensor \`${shown}\` reaches over the end of the file`);
    if (offset % alignment !== 0) throw malformed("gguf/tensor", `tensor \`${shown}\` is not aligned`);
    if (offset < end) throw malformed("gguf/tensor", `tensor \`${shown}\` overlaps another`);
    end = offset + bytes;
  }
  if (spans.length > 0 && size - (dataAt + end) >= Math.max(alignment, 4096))
    throw malformed("gguf/trailing-bytes", `${size - dataAt - end} bytes follow the last tensor`, dataAt + end);
}

function checkText(value: string, key: string, scan: Scan): void {
  if (key === "tokenizer.chat_template" || key.startsWith("tokenizer.chat_template.")) {
    checkTemplate(value, scan, { name: key, whole: true });
    return;
  }
  if (key.startsWith("tokenizer.ggml.")) return;
  const code = codeIn(value);
  if (code !== undefined)
    scan.report({
      rule: "gguf/metadata-code",
      verdict: "dangerous",
      atlas: atlas.embeddedMalware,
      name: key.slice(0, 80),
      words: `its metadata holds code: ${code}`,
    });
}
