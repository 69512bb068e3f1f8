/**
 * Sums and averages as training needs them: of vectors that still change. In: features and vectors. Out: running totals at
 * the start of each block of tokens and at the end, and the average of a window. Inference does the same with bytes
 * (`network.ts` in core).
 */
import type { Features } from "@cordon/core/inspection/injection/features";
import { shrink, tokensInBlock as block, width } from "@cordon/core/inspection/injection/network";

/** The running total of the vectors of a text's features: (blocks + 1) x width. */
export function totals({ ids, until }: Features, vectors: Float32Array): Float32Array {
  const blocks = Math.ceil(until.length / block);
  const sums = new Float32Array((blocks + 1) * width);
  let from = 0;
  for (let number = 1; number <= blocks; number++) {
    const row = number * width;
    for (let at = 0; at < width; at++) sums[row + at] = sums[row - width + at] as number;
    const to = until[Math.min(number * block, until.length) - 1] as number;
    for (; from < to; from++) {
      const vector = (ids[from] as number) * width;
      for (let at = 0; at < width; at++) sums[row + at] = (sums[row + at] as number) + (vectors[vector + at] as number);
    }
  }
  return sums;
}

/** The average vector of tokens `from` to `to`, into `mean`. `from` and `to` are multiples of a block, or the end. */
export function average(sums: Float32Array, { until }: Features, from: number, to: number, mean: Float64Array): void {
  const count = (until[to - 1] as number) - (from === 0 ? 0 : (until[from - 1] as number));
  const factor = 1 / (count + shrink);
  const last = Math.ceil(to / block) * width;
  const first = Math.ceil(from / block) * width;
  for (let at = 0; at < width; at++) mean[at] = ((sums[last + at] as number) - (sums[first + at] as number)) * factor;
}
