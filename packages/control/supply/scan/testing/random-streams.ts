/**
 * Streams that are nearly pickles, for tests: real ones with bytes changed, and instructions at random. In: a seed. Out:
 * bytes, the same for the same seed.
 */
import { op } from "../pickle/opcodes.ts";
import {
  build,
  bytesOf,
  call,
  data,
  dict,
  global,
  int,
  list,
  make,
  stackGlobal,
  stream,
  text,
  tuple,
} from "./assemble.ts";

/** A small generator of numbers below 2^32 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return (value ^ (value >>> 14)) >>> 0;
  };
}

const names = ["os", "system", "builtins", "eval", "collections", "OrderedDict", "torch", "a.b"];

/** One instruction, with an argument that fits more often than not. */
function instruction(random: () => number): Uint8Array {
  const pick = <T>(from: readonly T[]): T => from[random() % from.length] as T;
  const name = pick(names);
  const choices: (() => Uint8Array)[] = [
    () => text(name),
    () => global(name, pick(names)),
    () => int(random() % 5),
    () => bytesOf(op.BINGET, random() % 4),
    () => bytesOf(op.BINPUT, random() % 4),
    () => bytesOf(op.UNICODE, `${name}\n`),
    () => bytesOf(op.STRING, `'${name}'\n`),
    () => bytesOf(op.SHORT_BINSTRING, name.length, name),
    () => bytesOf(op.INST, `${name}\n${pick(names)}\n`),
    () => bytesOf(op.GET, `${random() % 4}\n`),
    () => bytesOf(op.PUT, `${random() % 4}\n`),
    () => bytesOf(op.INT, pick(["1\n", "01\n", "0x10\n", "-5\n", "1L\n", "x\n", "1_0\n"])),
    () => bytesOf(op.FLOAT, pick(["1.5\n", "nan\n", "1e3\n", ".5\n", "x\n"])),
    () => bytesOf(op.LONG, pick(["5L\n", "-1\n", "0\n"])),
    () => bytesOf(op.LONG1, 1, 5),
    () => data(bytesOf(1, 2)),
    () => bytesOf(op.PERSID, `${name}\n`),
    () => bytesOf(op.PROTO, random() % 7),
    () => bytesOf(op.BINFLOAT, new Uint8Array(8)),
  ];
  const plain = Object.values(op).filter((code) => code !== op.STOP);
  return random() % 3 === 0 ? pick(choices)() : bytesOf(random() % 2 === 0 ? pick(plain) : pick(useful));
}

const useful: readonly number[] = [
  ...[op.MARK, op.TUPLE, op.EMPTY_TUPLE, op.TUPLE1, op.TUPLE2, op.REDUCE, op.STACK_GLOBAL, op.MEMOIZE, op.POP, op.DUP],
  ...[op.EMPTY_LIST, op.EMPTY_DICT, op.NONE, op.NEWOBJ, op.BUILD],
];

const honest: readonly Uint8Array[] = [
  stream(dict(text("a"), list(int(1), text("b")), text("c"), call(global("os", "system"), text("id")))),
  stream(build(make(global("argparse", "Namespace")), dict(text("x"), tuple(int(1), int(2))))),
  stream(text("os"), op.MEMOIZE, text("system"), op.MEMOIZE, op.STACK_GLOBAL, tuple(text("id")), op.REDUCE),
  stream(stackGlobal("collections", "OrderedDict"), op.EMPTY_TUPLE, op.REDUCE, op.MARK, text("k"), int(1), op.SETITEMS),
  bytesOf("(lp0\nVa\np1\na(dp2\nI1\nI2\nscos\nsystem\n(S'id'\ntR."),
];

export function randomStream(random: () => number): Uint8Array {
  if (random() % 2 === 0) {
    const bytes = (honest[random() % honest.length] ?? new Uint8Array()).slice();
    for (let changes = 1 + (random() % 3); changes > 0; changes--) {
      const codes = Object.values(op);
      bytes[random() % bytes.length] = random() % 2 === 0 ? random() & 255 : (codes[random() % codes.length] ?? 0);
    }
    return bytes;
  }
  return bytesOf(...Array.from({ length: 3 + (random() % 30) }, () => instruction(random)), op.STOP);
}
