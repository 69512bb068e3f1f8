/**
 * Assembles pickle streams from opcodes, for tests. In: a few words for instructions. Out: bytes. Nothing here is ever
 * unpickled.
 */
import { op } from "../pickle/opcodes.ts";

export type Part = number | string | Uint8Array;

/** Numbers are bytes, strings Latin-1 text. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === "number" ? Buffer.of(part) : typeof part === "string" ? Buffer.from(part, "latin1") : part,
      ),
    ),
  );
}

export const proto = (version: number): Uint8Array => bytesOf(op.PROTO, version);
export const global = (module: string, name: string): Uint8Array => bytesOf(op.GLOBAL, `${module}\n${name}\n`);
export const text = (value: string): Uint8Array => {
  const utf8 = Buffer.from(value);
  return utf8.length < 256
    ? bytesOf(op.SHORT_BINUNICODE, utf8.length, utf8)
    : bytesOf(op.BINUNICODE, u32(utf8.length), utf8);
};
export const data = (value: Uint8Array): Uint8Array => bytesOf(op.BINBYTES, u32(value.length), value);
export const stackGlobal = (module: string, name: string): Uint8Array =>
  bytesOf(text(module), text(name), op.STACK_GLOBAL);
export const int = (value: number): Uint8Array => bytesOf(op.BININT, u32(value >>> 0));
export const tuple = (...items: readonly Part[]): Uint8Array => bytesOf(op.MARK, ...items, op.TUPLE);
export const call = (callee: Part, ...args: readonly Part[]): Uint8Array => bytesOf(callee, tuple(...args), op.REDUCE);
export const make = (cls: Part, ...args: readonly Part[]): Uint8Array => bytesOf(cls, tuple(...args), op.NEWOBJ);
export const build = (target: Part, state: Part): Uint8Array => bytesOf(target, state, op.BUILD);
export const dict = (...entries: readonly Part[]): Uint8Array =>
  bytesOf(op.EMPTY_DICT, op.MARK, ...entries, op.SETITEMS);
export const list = (...items: readonly Part[]): Uint8Array => bytesOf(op.EMPTY_LIST, op.MARK, ...items, op.APPENDS);
export const stream = (...parts: readonly Part[]): Uint8Array => bytesOf(op.PROTO, 4, ...parts, op.STOP);

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
