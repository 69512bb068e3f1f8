/**
 * TensorFlow Lite (tensorflow/compiler/mlir/lite/schema.fbs): a FlatBuffer. In: a source. Out: findings: operators that
 * are custom code, or TensorFlow operators that do more than compute, run through the Flex delegate.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { malformed } from "../bytes/unreadable.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { judgeOperator } from "./tensorflow-operators.ts";

export function isTflite(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(4, 8)).toString("latin1") === "TFL3";
}

const maxCodes = 100_000;
/** Custom operators that TensorFlow Lite brings along itself. */
const own = new Set("TFLite_Detection_PostProcess NumericVerify AudioSpectrogram Mfcc".split(" "));

export function scanTflite(source: ByteSource, scan: Scan): void {
  const read = (at: number, size: number): number => {
    scan.budget.spend(1);
    const bytes = at < 0 ? new Uint8Array() : source.read(at, size);
    if (bytes.length < size) throw malformed("tflite/offset", "an offset leads out of the file", at);
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  };
  /** Place of a field of a table; 0 when it is not there. */
  const field = (table: number, index: number): number => {
    const vtable = table - (read(table, 4) | 0);
    if (4 + index * 2 + 2 > read(vtable, 2)) return 0;
    const offset = read(vtable + 4 + index * 2, 2);
    return offset === 0 ? 0 : table + offset;
  };
  const follow = (at: number): number => at + read(at, 4);
  const root = follow(0);
  const codes = field(root, 1);
  if (codes === 0) throw malformed("tflite/operators", "it lists no operators");
  const list = follow(codes);
  const count = read(list, 4);
  if (count > maxCodes) throw malformed("tflite/operators", `it lists ${count} operators`);
  for (let index = 0; index < count; index++) {
    const code = follow(list + 4 + index * 4);
    const custom = field(code, 1);
    if (custom === 0) continue;
    const text = follow(custom);
    const length = read(text, 4);
    const name = Buffer.from(source.read(text + 4, Math.min(length, 200))).toString("utf8");
    const flex = name.startsWith("Flex") ? name.slice(4) : undefined;
    const judged = flex === undefined ? undefined : judgeOperator(flex);
    if (judged?.kind === "computes" && flex !== "PrintV2") continue;
    const files = judged?.kind === "harmful" || judged?.kind === "checkpoint" || flex === "PrintV2";
    if (!own.has(name))
      scan.report({
        rule: "tflite/custom-operator",
        verdict: files ? "dangerous" : "unknown-import",
        atlas: atlas.unsafeArtefact,
        name: name.slice(0, 100),
        words: `operator ${printable(name, 80)} runs code that is not part of TensorFlow Lite`,
      });
  }
}
