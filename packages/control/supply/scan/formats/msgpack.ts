/**
 * MessagePack, as spaCy, Thinc and Flax write models. In: a source. Out: findings. It holds values only, but for what
 * msgpack-numpy makes of arrays of objects: those are pickles. So each run of bytes is looked at as one.
 */
import { sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import type { Budget } from "../bytes/budget.ts";
import { Cursor, EndOfBytes } from "../bytes/cursor.ts";
import { malformed, Unreadable } from "../bytes/unreadable.ts";
import { tryPickle } from "../pickle/whole-pickle.ts";
import type { Scan } from "../scan.ts";

const maxDepth = 64;

/** A run of bytes inside: offset and length. */
type OnBytes = (offset: number, length: number) => void;

/** Whether the whole file is one map or array, told by walking it. */
export function isMsgpack(source: ByteSource, budget: Budget): boolean {
  const first = source.read(0, 1)[0] ?? 0;
  const container = (first >= 0x81 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
  if (!container || first === 0x90) return false;
  try {
    return walk(source, budget, () => undefined);
  } catch (error) {
    if (error instanceof EndOfBytes || (error instanceof Unreadable && !error.rule.startsWith("budget/"))) return false;
    throw error;
  }
}

export function scanMsgpack(source: ByteSource, scan: Scan): void {
  walk(source, scan.budget, (offset, length) => {
    const [first = 0, second = 9] = source.read(offset, 2);
    if (length < 4 || !((first === 0x80 && second <= 5) || first === 0x63 || first === 0x28)) return;
    const bytes = sliceSource(source, offset, length);
    const { end, known } = tryPickle(bytes, scan.budget);
    if (known > 0 || (first === 0x80 && end !== undefined)) scan.part(`bytes@${offset}`, bytes);
  });
}

/** True when it ends where the source ends. */
function walk(source: ByteSource, budget: Budget, onBytes: OnBytes): boolean {
  const cursor = new Cursor(source);
  const big = (size: number): number => cursor.bytes(size).reduce((all, byte) => all * 256 + byte, 0);
  const run = (length: number): void => {
    onBytes(cursor.position, length);
    cursor.skip(length);
  };
  const value = (depth: number): void => {
    budget.spend(1);
    if (depth > maxDepth) throw new Unreadable("unsupported", "msgpack/depth", "it is nested too deep");
    const code = cursor.u8();
    if (code < 0x80 || code >= 0xe0 || code === 0xc0 || code === 0xc2 || code === 0xc3) return;
    if (code < 0x90) return map(code & 15, depth);
    if (code < 0xa0) return items(code & 15, depth);
    if (code < 0xc0) return cursor.skip(code & 31);
    if (code >= 0xc4 && code <= 0xc6) return run(big(1 << (code - 0xc4)));
    if (code >= 0xc7 && code <= 0xc9) {
      const length = big(1 << (code - 0xc7));
      cursor.skip(1);
      return run(length);
    }
    if (code === 0xca || code === 0xce || code === 0xd2) return cursor.skip(4);
    if (code === 0xcb || code === 0xcf || code === 0xd3) return cursor.skip(8);
    if (code === 0xcc || code === 0xd0) return cursor.skip(1);
    if (code === 0xcd || code === 0xd1) return cursor.skip(2);
    if (code >= 0xd4 && code <= 0xd8) {
      cursor.skip(1);
      return run(1 << (code - 0xd4));
    }
    if (code >= 0xd9 && code <= 0xdb) return cursor.skip(big(1 << (code - 0xd9)));
    if (code === 0xdc || code === 0xdd) return items(big(code === 0xdc ? 2 : 4), depth);
    if (code === 0xde || code === 0xdf) return map(big(code === 0xde ? 2 : 4), depth);
    throw malformed("msgpack/code", "a value has no known type", cursor.position);
  };
  const items = (count: number, depth: number): void => {
    for (let left = count; left > 0; left--) value(depth + 1);
  };
  const map = (count: number, depth: number): void => items(count * 2, depth);
  value(0);
  return cursor.peek() < 0;
}
