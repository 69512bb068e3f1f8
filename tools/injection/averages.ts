/**
 * Sums and averages as training needs them: of vectors that still change, token by token. In: features and vectors. Out:
 * running totals, and the average of a window. Inference does the same with bytes and blocks (`network.ts` in core).
 */
import type { Features } from "@cordon/core/inspection/injection/features";
import { shrink, width } from "@cordon/core/inspection/injection/network";

/** The running total of the vectors of a text's features: (tokens + 1) x width. */
export function totals({ ids, until }: Features, vectors: Float32Array): Float32Array {
  const sums = new Float32Array((until.length + 1) * width);
  let from = 0;
  for (let token = 0; token < until.length; token++) {
    const row = (token + 1) * width;
    for (let at = 0; at < width; at++) sums[row + at] = sums[row - width + at] as number;
    const to = until[token] as number;
    for (; from < to; from++) {
      const vector = (ids[from] as number) * width;
      for (let at = 0; at < width; at++) sums[row + at] = (sums[row + at] as number) + (vectors[vector + at] as number);
    }
  }
  return sums;
}

/** The average vector of tokens `from` to `to`, into `mean`. */
export function average(sums: Float32Array, { until }: Features, from: number, to: number, mean: Float64Array): void {
  const count = (until[to - 1] as number) - (from === 0 ? 0 : (until[from - 1] as number));
  const factor = 1 / (count + shrink);
  const last = to * width;
  const first = from * width;
  for (let at = 0; at < width; at++) mean[at] = ((sums[last + at] as number) - (sums[first + at] as number)) * factor;
}
