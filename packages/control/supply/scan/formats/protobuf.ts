/**
 * Walks protocol buffers on the wire. In: a span of a source. Out: its fields, one by one; long ones as spans, not bytes.
 * A message that does not end where it must is malformed.
 */
import { sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import type { Budget } from "../bytes/budget.ts";
import { Cursor } from "../bytes/cursor.ts";
import { malformed } from "../bytes/unreadable.ts";

export interface Field {
  readonly number: number;
  /** 0 varint, 1 fixed64, 2 length-delimited, 5 fixed32. */
  readonly wire: number;
  /** Value of a varint; Infinity over 2^53. */
  readonly value: number;
  /** Content of a length-delimited field. */
  readonly span: ByteSource;
}

const empty = sliceSource({ size: 0, read: () => new Uint8Array() }, 0, 0);

export function* fieldsOf(source: ByteSource, budget: Budget): Generator<Field, void> {
  const cursor = new Cursor(source);
  const size = source.size;
  while (cursor.position < size) {
    budget.spend(1);
    const key = varint(cursor);
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0 || number > 0x1fffffff)
      throw malformed("protobuf/field", "a field has a number that cannot be", cursor.position);
    let value = 0;
    let span = empty;
    if (wire === 0) value = varint(cursor);
    else if (wire === 1) cursor.skip(8);
    else if (wire === 5) cursor.skip(4);
    else if (wire === 2) {
      const length = varint(cursor);
      const start = cursor.position;
      if (start + length > size) throw malformed("protobuf/length", "a field is longer than its message", start);
      cursor.position += length;
      span = sliceSource(source, start, length);
    } else throw malformed("protobuf/wire", `a field has wire type ${wire}`, cursor.position);
    yield { number, wire, value, span };
  }
}

function varint(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 10; shift++) {
    const byte = cursor.u8();
    value += (byte & 0x7f) * 2 ** (7 * shift);
    if (byte < 0x80) return value > Number.MAX_SAFE_INTEGER ? Infinity : value;
  }
  throw malformed("protobuf/varint", "a number is longer than ten bytes", cursor.position);
}

const maxText = 2 ** 20;

/** The text of a field, cut at a megabyte. */
export function textOf(span: ByteSource): string {
  return Buffer.from(span.read(0, maxText)).toString("utf8");
}
