/**
 * The classifier: hashed features are looked up as short vectors, averaged over windows of the text, and judged by a small
 * network; the text's score is its worst window's. In: features and weights. Out: the windows with their logits.
 *
 * Sums over windows come from running totals, so a text costs one pass over its features whatever the number of windows
 * (deep averaging, Iyyer et al. 2015, with hashed n-grams, Joulin et al. 2016; max over windows is multiple-instance
 * learning, Dietterich et al. 1997).
 */
import type { Features } from "./features.ts";

/** Length of a feature's vector. */
export const width = 16;
export const hidden = 24;
/** Averages are drawn to zero by this many features' worth, so that one word alone is no evidence. */
export const shrink = 12;

/** Windows, in tokens: short ones see an instruction, long ones a persona. */
export const windowSizes = [24, 96] as const;

export interface Weights {
  /** buckets x width */
  readonly vectors: Int8Array | Float32Array;
  /** hidden x (width + 1): the last column is the bias. */
  readonly layer: Float32Array;
  /** hidden + width + 1: of the hidden units, of the average itself, bias. */
  readonly output: Float32Array;
}

/** The running total of the vectors of a text's features: (tokens + 1) x width. */
export function totals(features: Features, weights: Weights): Float32Array {
  const { ids, until } = features;
  const { vectors } = weights;
  const sums = new Float32Array((until.length + 1) * width);
  let from = 0;
  for (let token = 0; token < until.length; token++) {
    const row = (token + 1) * width;
    for (let at = 0; at < width; at++) sums[row + at] = sums[row - width + at] ?? 0;
    const to = until[token] ?? 0;
    for (; from < to; from++) {
      const vector = (ids[from] ?? 0) * width;
      for (let at = 0; at < width; at++) sums[row + at] = (sums[row + at] ?? 0) + (vectors[vector + at] ?? 0);
    }
  }
  return sums;
}

/** How many windows {@link eachWindow} visits. */
export function windowCount(tokenCount: number): number {
  let count = 0;
  eachWindow(tokenCount, () => void (count += 1));
  return count;
}

/** Calls `visit` for each window: a text shorter than a size has one window of that size, itself. */
export function eachWindow(tokenCount: number, visit: (from: number, to: number) => void): void {
  for (const size of windowSizes) {
    const step = size / 2;
    for (let from = 0; ; from += step) {
      const to = Math.min(from + size, tokenCount);
      visit(from, to);
      if (to === tokenCount) break;
    }
    if (tokenCount <= size) break;
  }
}

/** The average vector of tokens `from` to `to`, into `mean`. */
export function average(sums: Float32Array, features: Features, from: number, to: number, mean: Float32Array): void {
  const { until } = features;
  const count = (until[to - 1] ?? 0) - (from === 0 ? 0 : (until[from - 1] ?? 0));
  const factor = 1 / (count + shrink);
  for (let at = 0; at < width; at++)
    mean[at] = ((sums[to * width + at] ?? 0) - (sums[from * width + at] ?? 0)) * factor;
}

/** The network's logit for an average; `units` receives the hidden units. */
export function logitOf(mean: Float32Array, weights: Weights, units: Float32Array): number {
  const { layer, output } = weights;
  let logit = output[hidden + width] ?? 0;
  for (let unit = 0; unit < hidden; unit++) {
    const row = unit * (width + 1);
    let sum = layer[row + width] ?? 0;
    for (let at = 0; at < width; at++) sum += (layer[row + at] ?? 0) * (mean[at] ?? 0);
    units[unit] = sum;
    if (sum > 0) logit += sum * (output[unit] ?? 0);
  }
  for (let at = 0; at < width; at++) logit += (output[hidden + at] ?? 0) * (mean[at] ?? 0);
  return logit;
}
