/**
 * The classifier: hashed features are looked up as short vectors, averaged over windows of the text, and judged by a small
 * network; the text's score is its worst window's. In: features and weights. Out: the windows with their logits.
 *
 * Sums over windows come from running totals, so a text costs one pass over its features whatever the number of windows
 * (deep averaging, Iyyer et al. 2015, with hashed n-grams, Joulin et al. 2016; max over windows is multiple-instance
 * learning, Dietterich et al. 1997). Indices never leave their arrays, so values are asserted to be numbers: this is the
 * hottest loop of inspection.
 */
import type { Features } from "./features.ts";

/** Length of a feature's vector. */
export const width = 16;
export const hidden = 24;
/** Averages are drawn to zero by this many features' worth, so that one word alone is no evidence. */
export const shrink = 12;

/** Windows, in tokens: short ones see an instruction, long ones a persona. */
export const windowSizes = [16, 64] as const;

/** The part behind the vectors. */
export interface Head {
  /** hidden x (width + 1): the last column is the bias. */
  readonly layer: Float32Array;
  /** hidden + width + 1: of the hidden units, of the average itself, bias. */
  readonly output: Float32Array;
}

/** Weights while they are trained. */
export interface Weights extends Head {
  /** buckets x width */
  readonly vectors: Float32Array;
}

/** Weights as they are deployed: vectors of bytes, two to an integer (see {@link packVectors}). */
export interface PackedWeights extends Head {
  readonly packed: Int32Array;
}

/** Two neighbouring bytes in the low and the high half of an integer, so that one addition adds both. */
export function packVectors(vectors: Int8Array): Int32Array {
  const packed = new Int32Array(vectors.length / 2);
  for (let at = 0; at < packed.length; at++)
    packed[at] = ((vectors[at * 2 + 1] as number) << 16) + (vectors[at * 2] as number);
  return packed;
}

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

/**
 * {@link totals} of packed vectors. A token has at most 32 features of at most 127: the low half of a sum never reaches the
 * high one but for its sign, which unpacking takes back.
 */
export function packedTotals({ ids, until }: Features, packed: Int32Array): Float32Array {
  const sums = new Float32Array((until.length + 1) * width);
  let from = 0;
  for (let token = 0; token < until.length; token++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    const to = until[token] as number;
    for (; from < to; from++) {
      const at = (ids[from] as number) << 3;
      a = (a + (packed[at] as number)) | 0;
      b = (b + (packed[at + 1] as number)) | 0;
      c = (c + (packed[at + 2] as number)) | 0;
      d = (d + (packed[at + 3] as number)) | 0;
      e = (e + (packed[at + 4] as number)) | 0;
      f = (f + (packed[at + 5] as number)) | 0;
      g = (g + (packed[at + 6] as number)) | 0;
      h = (h + (packed[at + 7] as number)) | 0;
    }
    const row = (token + 1) * width;
    unpackInto(sums, row, a);
    unpackInto(sums, row + 2, b);
    unpackInto(sums, row + 4, c);
    unpackInto(sums, row + 6, d);
    unpackInto(sums, row + 8, e);
    unpackInto(sums, row + 10, f);
    unpackInto(sums, row + 12, g);
    unpackInto(sums, row + 14, h);
  }
  return sums;
}

/** Adds both halves of a sum to the totals of the token before. */
function unpackInto(sums: Float32Array, at: number, pair: number): void {
  const low = (pair << 16) >> 16;
  sums[at] = (sums[at - width] as number) + low;
  sums[at + 1] = (sums[at + 1 - width] as number) + ((pair - low) >> 16);
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
export function average(sums: Float32Array, { until }: Features, from: number, to: number, mean: Float32Array): void {
  const count = (until[to - 1] as number) - (from === 0 ? 0 : (until[from - 1] as number));
  const factor = 1 / (count + shrink);
  const last = to * width;
  const first = from * width;
  for (let at = 0; at < width; at++) mean[at] = ((sums[last + at] as number) - (sums[first + at] as number)) * factor;
}

/** Taken from the logit of a window that holds fewer than two ideas: tables of numbers and names look odd, but ask nothing. */
const poor = 2;

/** What to add to a window's logit for the ideas in it: 0, or less where there are few. */
export function support({ ideas }: Features, from: number, to: number): number {
  const count = (ideas[to - 1] as number) - (from === 0 ? 0 : (ideas[from - 1] as number));
  return count >= 2 ? 0 : -poor;
}

/** The network's logit for an average; `units` receives the hidden units. */
export function logitOf(mean: Float32Array, { layer, output }: Head, units: Float32Array): number {
  let logit = output[hidden + width] as number;
  for (let unit = 0; unit < hidden; unit++) {
    const row = unit * (width + 1);
    let sum = layer[row + width] as number;
    for (let at = 0; at < width; at++) sum += (layer[row + at] as number) * (mean[at] as number);
    units[unit] = sum;
    if (sum > 0) logit += sum * (output[unit] as number);
  }
  for (let at = 0; at < width; at++) logit += (output[hidden + at] as number) * (mean[at] as number);
  return logit;
}
