/**
 * Which protocol buffer a file is: none has a mark of its own, so fields and types are what tells. In: a source and its
 * name. Out: the kind, or undefined.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import type { Budget } from "../bytes/budget.ts";
import { EndOfBytes } from "../bytes/cursor.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

export type ProtobufKind = "onnx" | "tensorflow-savedmodel" | "tensorflow-graph" | "keras-metadata" | "sentencepiece";

/** Top-level fields looked at. */
const looked = 64;

export function protobufKind(source: ByteSource, name: string, budget: Budget): ProtobufKind | undefined {
  const fields: [number, number, ByteSource][] = [];
  try {
    for (const { number, wire, span } of fieldsOf(source, budget)) {
      fields.push([number, wire, span]);
      if (fields.length >= looked) break;
    }
    const has = (number: number, wire: number): boolean => fields.some(([n, w]) => n === number && w === wire);
    const only = (...numbers: readonly number[]): boolean => fields.every(([number]) => numbers.includes(number));
    if (fields.length === 0) return undefined;
    if (has(1, 0) && has(7, 2) && only(1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26)) return "onnx";
    if (/\.onnx$/i.test(name) && has(7, 2)) return "onnx";
    if (name.endsWith("keras_metadata.pb") && only(1)) return "keras-metadata";
    if (has(2, 2) && only(1, 2) && !(fields[0]?.[0] === 1 && fields[0][1] === 2)) return "tensorflow-savedmodel";
    const first = fields[0];
    if (first?.[0] !== 1 || first[1] !== 2) return undefined;
    const inner = [...fieldsOf(first[2], budget)];
    // NodeDef: name and operator are texts. SentencePiece: piece, score (fixed32), kind.
    if (inner.some(({ number, wire }) => number === 2 && wire === 5) && only(1, 2, 3, 4, 5)) return "sentencepiece";
    const op = inner.find(({ number, wire }) => number === 2 && wire === 2);
    if (op !== undefined && only(1, 2, 3, 4, 5) && /^[A-Za-z_>][A-Za-z0-9_>]*$/.test(textOf(op.span)))
      return "tensorflow-graph";
    return undefined;
  } catch (error) {
    if (error instanceof Unreadable || error instanceof EndOfBytes) return undefined;
    throw error;
  }
}
