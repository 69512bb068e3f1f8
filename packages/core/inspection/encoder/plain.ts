/** The encoder's steps in TypeScript: what `kernels/encoder.as` does, said plainly and some thirty times slower. */
import type { Outcome, Steps } from "./steps.ts";
import type { Matrix, Norm } from "./weights.ts";

const largest = 8191;
const epsilon = 1e-6;
/** Adding 1.5 * 2^23 to a small float and taking it away rounds it to an integer, ties to even. */
const rounder = 12_582_912;

export class PlainSteps implements Steps {
  readonly weightsAt = 0;
  #buffer: ArrayBuffer;
  #floats: Float32Array;
  #bytes: Int8Array;
  readonly #row: Int32Array;

  constructor(weights: Uint8Array, depth: number) {
    this.#buffer = new Uint8Array(weights).buffer;
    this.#floats = new Float32Array(this.#buffer);
    this.#bytes = new Int8Array(this.#buffer);
    this.#row = new Int32Array(depth);
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  take(bytes: number): number {
    const at = this.#buffer.byteLength;
    this.#buffer = this.#buffer.transfer(at + Math.ceil(bytes / 16) * 16);
    this.#floats = new Float32Array(this.#buffer);
    this.#bytes = new Int8Array(this.#buffer);
    return at;
  }

  /** `length` floats at `at`. */
  #at(at: number, length: number): Float32Array {
    return this.#floats.subarray(at / 4, at / 4 + length);
  }

  normalise(from: number, rows: number, { width, gainAt, biasAt }: Norm, to: number): void {
    const gain = this.#at(gainAt, width);
    const bias = this.#at(biasAt, width);
    for (let row = 0; row < rows; row++) {
      const input = this.#at(from + row * width * 4, width);
      const output = this.#at(to + row * width * 4, width);
      const mean = input.reduce((sum, value) => sum + value, 0) / width;
      const variance = input.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      const factor = 1 / Math.sqrt(variance + epsilon);
      for (let at = 0; at < width; at++)
        output[at] = ((input[at] as number) - mean) * factor * (gain[at] as number) + (bias[at] as number);
    }
  }

  multiply(from: number, rows: number, matrix: Matrix, to: number, outcome: Outcome): void {
    const { depth, width } = matrix;
    const scales = this.#at(matrix.scalesAt, width);
    const bias = this.#at(matrix.biasAt, width);
    for (let row = 0; row < rows; row++) {
      const scale = this.#quantise(this.#at(from + row * depth * 4, depth));
      const output = this.#at(to + row * width * 4, width);
      for (let column = 0; column < width; column++) {
        const sum = this.#product(matrix.at + (column >> 3) * depth * 8 + (column & 7) * 2, depth);
        let value = sum * Math.fround((scales[column] as number) * scale) + (bias[column] as number);
        if (outcome === "add") value += output[column] as number;
        output[column] = outcome === "rectify" ? Math.max(value, 0) : value;
      }
    }
  }

  /** Writes a row's integers; returns their scale. */
  #quantise(row: Float32Array): number {
    const bound = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const factor = bound > 0 ? Math.fround(largest / bound) : 0;
    for (let at = 0; at < row.length; at++)
      this.#row[at] = Math.fround(Math.fround((row[at] as number) * factor) + rounder) - rounder;
    return Math.fround(bound / largest);
  }

  /** The row's integers times the column of a matrix whose first two bytes lie at `cells`. */
  #product(cells: number, depth: number): number {
    let sum = 0;
    for (let at = 0, cell = cells; at < depth; at += 2, cell += 16)
      sum +=
        (this.#row[at] as number) * (this.#bytes[cell] as number) +
        (this.#row[at + 1] as number) * (this.#bytes[cell + 1] as number);
    return sum;
  }

  attend(mixed: number, rows: number, width: number, heads: number, to: number): void {
    const size = width / heads;
    const part = (row: number, which: number, head: number): Float32Array =>
      this.#at(mixed + ((row * 3 + which) * width + head * size) * 4, size);
    for (let head = 0; head < heads; head++)
      for (let row = 0; row < rows; row++) {
        const query = part(row, 0, head);
        const scores = Array.from({ length: rows }, (_, at) => dot(query, part(at, 1, head)) / Math.sqrt(size));
        const most = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - most));
        const sum = weights.reduce((all, weight) => all + weight, 0);
        const output = this.#at(to + (row * width + head * size) * 4, size);
        for (let at = 0; at < size; at++)
          output[at] = weights.reduce((all, weight, key) => all + weight * (part(key, 2, head)[at] as number), 0) / sum;
      }
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
}
