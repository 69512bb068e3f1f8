/**
 * The steps of the encoder over one memory, in which weights and what is computed lie: compiled (`kernels/encoder.as`), or plain
 * where there is no WebAssembly. In: the weights. Out: the steps, which take places in bytes.
 *
 * Products are of integers: rows with 14 bits, a scale for each row, matrices with 8, a scale for each column. Their sums
 * are exact, so both kinds of steps differ by no more than the last digits of the floats between.
 */
import { encoderKernel } from "../kernels/code.ts";
import { loadKernel, type KernelMemory } from "../kernels/memory.ts";
import { PlainSteps } from "./plain.ts";
import type { Matrix, Norm } from "./weights.ts";

/** What becomes of a product: it is stored, added to what is there, or stored where it is above 0. */
export type Outcome = "store" | "add" | "rectify";

export interface Steps {
  /** Taking room makes it void. */
  readonly buffer: ArrayBuffer;
  /** Where the weights begin. */
  readonly weightsAt: number;
  /** Room for so many bytes, at a multiple of 16. */
  take(bytes: number): number;
  /** Layer norm of rows (Ba et al. 2016). */
  normalise(from: number, rows: number, norm: Norm, to: number): void;
  multiply(from: number, rows: number, matrix: Matrix, to: number, outcome: Outcome): void;
  /** Attention (Vaswani et al. 2017) of rows that hold queries, keys and values, `width` of each. */
  attend(mixed: number, rows: number, width: number, heads: number, to: number): void;
}

/** @param rows the most there are at once, a multiple of four; `depth` the longest row. */
export function makeSteps(weights: Uint8Array, rows: number, depth: number): Steps {
  const memory = loadKernel(encoderKernel);
  return memory === undefined ? new PlainSteps(weights, depth) : new CompiledSteps(memory, weights, rows, depth);
}

class CompiledSteps implements Steps {
  readonly weightsAt: number;
  readonly #memory: KernelMemory;
  readonly #quantised: number;
  readonly #scales: number;
  readonly #chances: number;
  readonly #normalise: (...numbers: readonly number[]) => number;
  readonly #quantise: (...numbers: readonly number[]) => number;
  readonly #multiply: (...numbers: readonly number[]) => number;
  readonly #attend: (...numbers: readonly number[]) => number;

  constructor(memory: KernelMemory, weights: Uint8Array, rows: number, depth: number) {
    this.#memory = memory;
    this.weightsAt = memory.store(weights);
    this.#quantised = memory.take(rows * depth * 2);
    this.#scales = memory.take(rows * 4);
    this.#chances = memory.take(rows * 4);
    this.#normalise = memory.call("normalise");
    this.#quantise = memory.call("quantise");
    this.#multiply = memory.call("multiply");
    this.#attend = memory.call("attend");
  }

  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  take(bytes: number): number {
    return this.#memory.take(bytes);
  }

  normalise(from: number, rows: number, { width, gainAt, biasAt }: Norm, to: number): void {
    this.#normalise(from, rows, width, this.weightsAt + gainAt, this.weightsAt + biasAt, to);
  }

  multiply(from: number, rows: number, matrix: Matrix, to: number, outcome: Outcome): void {
    const { depth, width, at, scalesAt, biasAt } = matrix;
    const base = this.weightsAt;
    this.#quantise(from, rows, depth, this.#scales, this.#quantised);
    this.#multiply(
      rows,
      depth,
      width,
      this.#quantised,
      this.#scales,
      base + at,
      base + scalesAt,
      base + biasAt,
      to,
      outcome === "add" ? 1 : 0,
      outcome === "rectify" ? 1 : 0,
    );
  }

  attend(mixed: number, rows: number, width: number, heads: number, to: number): void {
    this.#attend(mixed, rows, width, heads, this.#chances, to);
  }
}
