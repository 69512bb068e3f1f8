/**
 * The classifier's arithmetic in WebAssembly SIMD: the sums over a text's features, and the network over a window. In: weights.
 * Out: a kernel that gives the same numbers, to the last bit, as `network.ts`, which runs where there is no WebAssembly.
 *
 * The module is put together here, instruction by instruction, for the widths of the network. Each lane adds in the order of
 * the loops of `network.ts`, and nothing is fused or reordered, so rounding is the same (WebAssembly 2.0 requires IEEE 754).
 */
import type { Features } from "./features.ts";
import { blockTotals, hidden, logitOf, tokensInBlock, width, type PackedWeights } from "./network.ts";

/** What is used of the runtime's WebAssembly; there is none under `--jitless`. */
interface WebAssemblyRuntime {
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

declare const WebAssembly: WebAssemblyRuntime | undefined;

/** Works on one text at a time: `totals` first, then `logit` for windows of it. */
export interface Kernel {
  /** As {@link blockTotals}. The next call writes over it. */
  totals(features: Features): Float64Array;
  /** The network's logit for the averages of `row` to `end`, rows of the totals, times `factor`. */
  logit(row: number, end: number, factor: number): number;
}

export function makeKernel(weights: PackedWeights): Kernel {
  const code = kernelCode();
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(code)) return plainKernel(weights);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  return fastKernel(weights, exports as Exports);
}

export function plainKernel(weights: PackedWeights): Kernel {
  const mean = new Float64Array(width);
  const units = new Float64Array(hidden);
  let sums: Float64Array = new Float64Array(0);
  return {
    totals: (features) => (sums = blockTotals(features, weights.packed)),
    logit(row, end, factor) {
      for (let at = 0; at < width; at++)
        mean[at] = ((sums[end * width + at] as number) - (sums[row * width + at] as number)) * factor;
      return logitOf(mean, weights, units);
    },
  };
}

const pageBytes = 65_536;
const rowBytes = width * 8;
/** Features that are handed over at once: a block has at most 256. */
const idsAtOnce = 16_384;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  /** Adds the vectors of the ids in [from, to) to the totals of the row before `row`. */
  readonly add: (from: number, to: number, row: number, raised: number) => void;
  readonly logit: (row: number, end: number, factor: number) => number;
}

function fastKernel({ packed, layer, output }: PackedWeights, { memory, add, logit }: Exports): Kernel {
  const headBytes = place.vectors;
  const idsAt = headBytes + packed.byteLength;
  const sumsAt = idsAt + idsAtOnce * 4;
  let ids = new Int32Array(0);
  let sums = new Float64Array(0);
  let bytes = memory.buffer.byteLength;
  const reserve = (needed: number): void => {
    if (needed <= bytes && ids.length > 0) return;
    if (needed > bytes) memory.grow(Math.ceil((needed * 1.5 - bytes) / pageBytes));
    bytes = memory.buffer.byteLength;
    ids = new Int32Array(memory.buffer, idsAt, idsAtOnce);
    sums = new Float64Array(memory.buffer, sumsAt, Math.floor((bytes - sumsAt) / 8));
  };
  reserve(sumsAt + 512 * rowBytes);
  new Int32Array(memory.buffer, place.vectors, packed.length).set(packed);
  const head = new Float64Array(memory.buffer, 0, place.vectors / 8);
  for (let unit = 0; unit < hidden; unit++)
    for (let at = 0; at <= width; at++)
      head[place.layer / 8 + at * hidden + unit] = layer[unit * (width + 1) + at] as number;
  head.set(output, place.output / 8);
  return {
    totals({ ids: all, until }) {
      const blocks = Math.ceil(until.length / tokensInBlock);
      reserve(sumsAt + (blocks + 1) * rowBytes);
      for (let at = 0; at < width; at++) sums[at] = 0;
      const end = until[until.length - 1] ?? 0;
      let first = 0;
      let last = 0;
      let from = 0;
      for (let number = 1; number <= blocks; number++) {
        const to = until[Math.min(number * tokensInBlock, until.length) - 1] as number;
        if (to > last) {
          first = from;
          last = Math.min(end, first + idsAtOnce);
          ids.set(all.subarray(first, last));
        }
        add(idsAt + (from - first) * 4, idsAt + (to - first) * 4, sumsAt + number * rowBytes, (to - from) * bias);
        from = to;
      }
      return sums;
    },
    logit: (row, end, factor) => logit(sumsAt + row * rowBytes, sumsAt + end * rowBytes, factor),
  };
}

/** See `packVectors`. */
const bias = 128;

/** Where things lie in the module's memory, in bytes. */
const place = (() => {
  const layer = 0;
  const output = layer + (width + 1) * hidden * 8;
  const vectors = Math.ceil((output + (hidden + width + 1) * 8) / 16) * 16;
  return { layer, output, vectors };
})();

/** Instructions (WebAssembly core specification 2.0, section 5.4). */
const op = {
  ...{ block: 0x02, loop: 0x03, end: 0x0b, br: 0x0c, brIf: 0x0d, select: 0x1b, get: 0x20, set: 0x21, tee: 0x22 },
  ...{ loadI32: 0x28, constI32: 0x41, constF64: 0x44, loadF64: 0x2b, geU: 0x4f, gtF64: 0x64 },
  ...{ addI32: 0x6a, shl: 0x74, addF64: 0xa0, mulF64: 0xa2 },
} as const;
/** Vector instructions, behind the prefix 0xfd. */
const v = {
  ...{ load: 0, store: 11, shuffle: 13, splatI32: 17, splatF64: 20, lane: 33 },
  ...{ extendLow16: 137, extendHigh16: 138, add16: 142, extendLow32: 169, extendHigh32: 170, sub32: 177 },
  ...{ addF64: 240, subF64: 241, mulF64: 242, convertLow: 254 },
} as const;
const type = { i32: 0x7f, f64: 0x7c, v128: 0x7b, none: 0x40 } as const;

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const done = value >= -64 && value < 64;
  return done ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...unsigned(code), ...rest];
/** An address of 16 bytes (8 for a number) and a constant to add to it. */
const memoryArgument = (align: number, offset: number): number[] => [align, ...unsigned(offset)];
const loadVector = (offset: number): number[] => simd(v.load, ...memoryArgument(3, offset));
const storeVector = (offset: number): number[] => simd(v.store, ...memoryArgument(3, offset));
const get = (local: number): number[] => [op.get, ...unsigned(local)];
const set = (local: number): number[] => [op.set, ...unsigned(local)];
const integer = (value: number): number[] => [op.constI32, ...signed(value)];
const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const body = [...unsigned(entries.length), ...entries.flat()];
  return [id, ...unsigned(body.length), ...body];
}

function func(locals: readonly (readonly [count: number, kind: number])[], body: readonly number[]): number[] {
  const code = [
    ...unsigned(locals.length),
    ...locals.flatMap(([count, kind]) => [...unsigned(count), kind]),
    ...body,
    op.end,
  ];
  return [...unsigned(code.length), ...code];
}

/** `add(from, to, row, raised)`: sums of bytes in lanes of 16 bits, one pair of vectors for each 16 of the width. */
function addBody(): number[] {
  const pairs = width / 16;
  const [from, to, row, raised, vector, address, loaded] = [0, 1, 2, 3, 4, 5, 6];
  const sum = (at: number): number => 7 + at;
  const body = [
    ...[op.block, type.none, op.loop, type.none],
    ...[...get(from), ...get(to), op.geU, op.brIf, 1],
    // The vector's address: `id * width` bytes behind where vectors begin.
    ...[...get(from), op.loadI32, ...memoryArgument(2, 0), ...integer(Math.log2(width)), op.shl, ...set(address)],
    ...range(pairs).flatMap((at) => [
      ...[...get(address), ...loadVector(place.vectors + at * 16), ...set(loaded)],
      ...[...get(sum(at * 2)), ...get(loaded), ...simd(v.extendLow16), ...simd(v.add16), ...set(sum(at * 2))],
      ...[...get(sum(at * 2 + 1)), ...get(loaded), ...simd(v.extendHigh16), ...simd(v.add16), ...set(sum(at * 2 + 1))],
    ]),
    ...[...get(from), ...integer(4), op.addI32, ...set(from), op.br, 0, op.end, op.end],
    ...[...get(raised), ...simd(v.splatI32), ...set(vector)],
  ];
  const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
  for (const at of range(pairs * 2))
    for (const half of [0, 1]) {
      const widened = [...get(sum(at)), ...simd(half === 0 ? v.extendLow32 : v.extendHigh32)];
      body.push(...widened, ...get(vector), ...simd(v.sub32), ...set(loaded));
      for (const quarter of [0, 1]) {
        const offset = (at * 8 + half * 4 + quarter * 2) * 8;
        const two = quarter === 0 ? get(loaded) : [...get(loaded), ...get(loaded), ...simd(v.shuffle, ...upperHalf)];
        // The row before lies `rowBytes` lower.
        body.push(...get(row), ...get(row), ...integer(-rowBytes), op.addI32, ...loadVector(offset));
        body.push(...two, ...simd(v.convertLow), ...simd(v.addF64), ...storeVector(offset));
      }
    }
  return func(
    [
      [1, type.v128],
      [1, type.i32],
      [1 + pairs * 2, type.v128],
    ],
    body,
  );
}

/** `logit(row, end, factor)`: two hidden units in each vector. */
function logitBody(): number[] {
  const [row, end, factor, value, logit] = [0, 1, 2, 3, 4];
  const mean = (at: number): number => 5 + at;
  const unit = (at: number): number => 5 + width / 2 + at;
  const pairs = hidden / 2;
  const body: number[] = [];
  for (const at of range(width / 2)) {
    body.push(...get(end), ...loadVector(at * 16), ...get(row), ...loadVector(at * 16), ...simd(v.subF64));
    body.push(...get(factor), ...simd(v.splatF64), ...simd(v.mulF64), ...set(mean(at)));
  }
  const constant = (offset: number): number[] => [...integer(0), ...loadVector(offset)];
  for (const at of range(pairs)) body.push(...constant(place.layer + (width * hidden + at * 2) * 8), ...set(unit(at)));
  for (const input of range(width)) {
    body.push(...get(mean(input >> 1)), ...simd(v.lane, input & 1), ...simd(v.splatF64), ...set(splat));
    for (const at of range(pairs)) {
      body.push(...get(unit(at)), ...constant(place.layer + (input * hidden + at * 2) * 8), ...get(splat));
      body.push(...simd(v.mulF64), ...simd(v.addF64), ...set(unit(at)));
    }
  }
  const scalar = (offset: number): number[] => [...integer(0), op.loadF64, ...memoryArgument(3, offset)];
  const outputAt = (at: number): number[] => scalar(place.output + at * 8);
  const zero = [op.constF64, 0, 0, 0, 0, 0, 0, 0, 0];
  body.push(...outputAt(hidden + width), ...set(logit));
  for (const at of range(hidden)) {
    body.push(...get(unit(at >> 1)), ...simd(v.lane, at & 1), ...set(value));
    body.push(...get(logit), ...get(value), ...outputAt(at), op.mulF64, ...zero);
    body.push(...get(value), ...zero, op.gtF64, op.select, op.addF64, ...set(logit));
  }
  for (const at of range(width)) {
    body.push(...get(logit), ...outputAt(hidden + at), ...get(mean(at >> 1)), ...simd(v.lane, at & 1));
    body.push(op.mulF64, op.addF64, ...set(logit));
  }
  return func(
    [
      [2, type.f64],
      [width / 2 + pairs + 1, type.v128],
    ],
    [...body, ...get(logit)],
  );
}

/** The local that holds one input in both lanes. */
const splat = 5 + width / 2 + hidden / 2;

let made: Uint8Array<ArrayBuffer> | undefined;

function kernelCode(): Uint8Array<ArrayBuffer> {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const signatures = [
    [0x60, 4, type.i32, type.i32, type.i32, type.i32, 0],
    [0x60, 3, type.i32, type.i32, type.f64, 1, type.f64],
  ];
  made ??= Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, signatures),
    ...section(3, [[0], [1]]),
    ...section(5, [[0, 1]]),
    ...section(7, [
      [...name("memory"), 2, 0],
      [...name("add"), 0, 0],
      [...name("logit"), 0, 1],
    ]),
    ...section(10, [addBody(), logitBody()]),
  ]);
  return made;
}
