/**
 * Reads the argument that follows an opcode. In: the opcode and a cursor behind it. Out: the value that it pushes, an
 * index, or a pair of names; {@link StreamBroke} where CPython raises. Long strings and bytes are skipped, not copied.
 */
import type { Cursor } from "../bytes/cursor.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import { op } from "./opcodes.ts";
import { floatText, intText, latin1, longText, quotedText, rawUnicodeText, utf8Text } from "./text-arguments.ts";
import { emptyDict, makeTuple, type Value } from "./values.ts";

/** A loader raises here: what came before has run, what follows has not. */
export class StreamBroke extends Error {
  /** Nothing behind it can be told apart any more. */
  readonly fatal: boolean;

  constructor(words: string, fatal = false) {
    super(words);
    this.fatal = fatal;
  }
}

/** Strings longer than this are not looked at as text: no name is that long. */
const keptText = 4096;
const maxLine = 64 * 2 ** 20;

/** The value of an instruction that pushes a constant, with whatever follows it. */
export function readArgument(code: number, cursor: Cursor): Value {
  switch (code) {
    case op.NONE:
      return null;
    case op.NEWTRUE:
      return true;
    case op.NEWFALSE:
      return false;
    case op.EMPTY_LIST:
      return { kind: "list", items: [], more: false };
    case op.EMPTY_TUPLE:
      return makeTuple([]);
    case op.EMPTY_DICT:
      return emptyDict();
    case op.EMPTY_SET:
      return { kind: "set", frozen: false };
    case op.BININT:
      return cursor.i32();
    case op.BININT1:
      return cursor.u8();
    case op.BININT2:
      return cursor.u16();
    case op.BINFLOAT:
      return cursor.f64be();
    case op.INT:
      return must(intText(line(cursor)), "INT is followed by no number");
    case op.LONG:
      return must(longText(line(cursor)), "LONG is followed by no number that Python reads");
    case op.FLOAT:
      return must(floatText(line(cursor)), "FLOAT is followed by no number");
    case op.LONG1:
      return long(cursor, cursor.u8());
    case op.LONG4: {
      const length = cursor.i32();
      if (length < 0) throw new StreamBroke("LONG4 has a negative length");
      return long(cursor, length);
    }
    case op.STRING:
      return must(quotedText(line(cursor)), "STRING is not in quotes");
    case op.UNICODE:
      return must(rawUnicodeText(line(cursor)), "UNICODE is not valid");
    case op.SHORT_BINSTRING:
      return span(cursor, cursor.u8(), "latin1");
    case op.BINSTRING: {
      const length = cursor.i32();
      if (length < 0) throw new StreamBroke("BINSTRING has a negative length");
      return span(cursor, length, "latin1");
    }
    case op.SHORT_BINUNICODE:
      return span(cursor, cursor.u8(), "utf8");
    case op.BINUNICODE:
      return span(cursor, cursor.u32(), "utf8");
    case op.BINUNICODE8:
      return span(cursor, cursor.u64(), "utf8");
    case op.SHORT_BINBYTES:
      return span(cursor, cursor.u8(), "bytes");
    case op.BINBYTES:
      return span(cursor, cursor.u32(), "bytes");
    case op.BINBYTES8:
    case op.BYTEARRAY8:
      return span(cursor, cursor.u64(), "bytes");
    case op.PERSID:
      return latin1(line(cursor));
    default:
      throw new StreamBroke(`byte 0x${code.toString(16).padStart(2, "0")} is no pickle instruction`, true);
  }
}

function must(value: Value | undefined, words: string): Value {
  if (value === undefined) throw new StreamBroke(words);
  return value;
}

/** A line. At the end of the stream pickle.py takes what is left, less its last byte, and runs on with it. */
function line(cursor: Cursor): Uint8Array {
  const found = cursor.line(maxLine) ?? cursor.rest(maxLine)?.subarray(0, -1);
  if (found === undefined)
    throw new Unreadable("unsupported", "budget/line", `a line is longer than ${maxLine} bytes`, cursor.position);
  return found;
}

/** The number behind an opcode that names a memo entry or an extension. */
export function readIndex(code: number, cursor: Cursor): number {
  switch (code) {
    case op.BINGET:
    case op.BINPUT:
    case op.EXT1:
      return cursor.u8();
    case op.EXT2:
      return cursor.u16();
    case op.LONG_BINGET:
    case op.LONG_BINPUT:
    case op.EXT4:
      return cursor.u32();
    default: {
      const index = intText(line(cursor));
      if (typeof index !== "number" || index < 0) throw new StreamBroke("a memo index is no number");
      return index;
    }
  }
}

/** The module and the name that follow GLOBAL and INST. */
export function readNames(cursor: Cursor): readonly [string, string] {
  const module = utf8Text(line(cursor));
  const name = utf8Text(line(cursor));
  if (module === undefined || name === undefined) throw new StreamBroke("a name is not UTF-8");
  return [module, name];
}

/** A two's complement number of `length` bytes; one over 8 bytes keeps only its size. */
function long(cursor: Cursor, length: number): Value {
  if (length > 8) {
    cursor.skip(length);
    return 2 ** Math.min(1023, length * 8);
  }
  const bytes = cursor.bytes(length);
  let value = 0n;
  for (let at = length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return Number(BigInt.asIntN(Math.max(1, length * 8), value));
}

function span(cursor: Cursor, length: number, how: "latin1" | "utf8" | "bytes"): Value {
  if (how === "bytes" || length > keptText) {
    const offset = cursor.position;
    cursor.skip(length);
    return { kind: "bytes", offset, length, text: how !== "bytes" };
  }
  const bytes = cursor.bytes(length);
  if (how === "latin1") return latin1(bytes);
  const text = utf8Text(bytes);
  if (text === undefined) throw new StreamBroke("a string is not UTF-8");
  return text;
}
