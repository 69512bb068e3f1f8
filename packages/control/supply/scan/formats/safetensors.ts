/**
 * safetensors (huggingface/safetensors, format of the README). In: a source. Out: findings. Only the header is read: it
 * must account for every byte behind it, without holes or overlaps, and be JSON that all parsers read the same way.
 */
import { sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import { malformed } from "../bytes/unreadable.ts";
import { tryPickle } from "../pickle/whole-pickle.ts";
import type { Scan } from "../scan.ts";
import { atlas } from "../verdict.ts";
import { codeIn } from "./code-text.ts";
import { isRecord, parseJsonTree, type Json } from "./json-tree.ts";

/** The reference implementation refuses longer headers. */
const maxHeader = 100_000_000;

const bitsOf: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E5M2FNUZ: 8,
  F8_E4M3FNUZ: 8,
};

function headerLength(head: Uint8Array): number {
  return head.length < 8 ? -1 : Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
}

export function isSafetensors(head: Uint8Array, size: number): boolean {
  const length = headerLength(head);
  return length >= 2 && length + 8 <= size && head[8] === 0x7b && length <= maxHeader;
}

export function scanSafetensors(source: ByteSource, scan: Scan): void {
  const length = headerLength(source.read(0, 8));
  if (!(length >= 2 && length <= maxHeader && length + 8 <= source.size))
    throw malformed("safetensors/header", `its header claims ${length} bytes; the file has ${source.size}`, 0);
  const header = parseJsonTree(source.read(8, length), "safetensors/header");
  if (!isRecord(header)) throw malformed("safetensors/header", "its header is no object", 8);
  scan.budget.spend(length);
  const spans: [number, number, string][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") checkMetadata(entry, scan);
    else spans.push(checkTensor(name, entry));
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [begin, end, name] of spans) {
    if (begin !== at)
      throw malformed(
        "safetensors/layout",
        `${JSON.stringify(name.slice(0, 80))} ${begin < at ? "overlaps" : "leaves a hole behind"} the tensor before it`,
      );
    at = end;
  }
  if (8 + length + at !== source.size)
    throw malformed("safetensors/layout", `its tensors end at byte ${8 + length + at}, the file at ${source.size}`);
  // The length in front may be instructions to a pickle loader.
  const { imports } = tryPickle(sliceSource(source, 0, Math.min(source.size, 8 + length)), scan.budget);
  if (imports > 0)
    scan.report({
      rule: "safetensors/polyglot",
      verdict: "dangerous",
      atlas: atlas.embeddedMalware,
      words: "its first bytes are a pickle as well, which imports something",
    });
}

function checkMetadata(metadata: Json, scan: Scan): void {
  if (!isRecord(metadata)) throw malformed("safetensors/metadata", "its metadata is no object");
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string")
      throw malformed("safetensors/metadata", `its metadata \`${name.slice(0, 40)}\` is no text`);
    const code = codeIn(value);
    if (code !== undefined)
      scan.report({
        rule: "safetensors/metadata-code",
        verdict: "dangerous",
        atlas: atlas.embeddedMalware,
        name: name.slice(0, 80),
        words: `its metadata holds code: ${code}`,
      });
  }
}

function checkTensor(name: string, entry: Json): [number, number, string] {
  const shown = JSON.stringify(name.slice(0, 80));
  if (!isRecord(entry)) throw malformed("safetensors/tensor", `tensor ${shown} is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits = typeof dtype === "string" ? bitsOf[dtype] : undefined;
  if (bits === undefined) throw malformed("safetensors/tensor", `tensor ${shown} has a type that is not known`);
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw malformed("safetensors/tensor", `tensor ${shown} lacks its shape or its place`);
  const [begin = 0, end = 0] = offsets;
  const bytes = (shape.reduce((all, side) => all * side, 1) * bits) / 8;
  if (end - begin !== bytes)
    throw malformed("safetensors/tensor", `tensor ${shown} has ${end - begin} bytes; its shape needs ${bytes}`);
  return [begin, end, name];
}

function isCounts(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}
