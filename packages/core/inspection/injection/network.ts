/**
 * The classifier: hashed features are looked up as short vectors, averaged over windows of the text, and judged by a small
 * network; the text's score is its worst window's. In: features and weights. Out: the windows with their logits.
 *
 * Sums over windows come from running totals, taken every {@link block} tokens, so a text costs one pass over its features whatever the number of windows
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

/** Windows, in tokens: short ones see an instruction, long ones a persona. They move on by half their size. */
export const windowSizes = [16, 64] as const;
/** Windows begin at multiples of this many tokens. */
export const tokensInBlock = 8;
const block = tokensInBlock;

/** The part behind the vectors. */
export interface Head {
  /** hidden x (width + 1): the last column is the bias. */
  readonly layer: Float64Array;
  /** hidden + width + 1: of the hidden units, of the average itself, bias. */
  readonly output: Float64Array;
}

/** Weights while they are trained. */
export interface Weights extends Head {
  /** (buckets + known words) x width */
  readonly vectors: Float32Array;
}

/** Weights as they are deployed: vectors of bytes, four to an integer (see {@link packVectors}). */
export interface PackedWeights extends Head {
  readonly packed: Int32Array;
}

/** What is added to a byte so that it is never negative. */
const bias = 128;

/** Four neighbouring bytes in an integer, each raised by {@link bias}: two additions add all four of them. */
export function packVectors(vectors: Int8Array): Int32Array {
  const packed = new Int32Array(vectors.length / 4);
  for (let at = 0; at < packed.length; at++)
    for (let lane = 0; lane < 4; lane++)
      packed[at] = (packed[at] as number) | (((vectors[at * 4 + lane] as number) + bias) << (lane * 8));
  return packed;
}

let shared = new Float64Array(512 * width);
const evenLanes = 0x00ff00ff;

/**
 * The running total of the vectors of a text's features at the start of each block, and at the end: (blocks + 1) x width. The
 * next call writes over it.
 *
 * Bytes are added in halves of 16 bits: a block has at most 8 tokens of 32 features of at most 255, so no half overflows.
 */
export function blockTotals({ ids, until }: Features, packed: Int32Array): Float64Array {
  const blocks = Math.ceil(until.length / block);
  if (shared.length < (blocks + 1) * width) shared = new Float64Array((blocks + 1) * width * 2);
  const sums = shared;
  for (let at = 0; at < width; at++) sums[at] = 0;
  let from = 0;
  for (let number = 1; number <= blocks; number++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    const first = from;
    const to = until[Math.min(number * block, until.length) - 1] as number;
    for (; from < to; from++) {
      const at = (ids[from] as number) << 2;
      const w = packed[at] as number;
      const x = packed[at + 1] as number;
      const y = packed[at + 2] as number;
      const z = packed[at + 3] as number;
      a = (a + (w & evenLanes)) | 0;
      b = (b + ((w >>> 8) & evenLanes)) | 0;
      c = (c + (x & evenLanes)) | 0;
      d = (d + ((x >>> 8) & evenLanes)) | 0;
      e = (e + (y & evenLanes)) | 0;
      f = (f + ((y >>> 8) & evenLanes)) | 0;
      g = (g + (z & evenLanes)) | 0;
      h = (h + ((z >>> 8) & evenLanes)) | 0;
    }
    const row = number * width;
    const raised = (to - first) * bias;
    unpackInto(sums, row, a, b, raised);
    unpackInto(sums, row + 4, c, d, raised);
    unpackInto(sums, row + 8, e, f, raised);
    unpackInto(sums, row + 12, g, h, raised);
  }
  return sums;
}

/** Adds the halves of two sums to the totals of the block before. */
function unpackInto(sums: Float64Array, at: number, even: number, odd: number, raised: number): void {
  sums[at] = (sums[at - width] as number) + (even & 0xffff) - raised;
  sums[at + 1] = (sums[at + 1 - width] as number) + (odd & 0xffff) - raised;
  sums[at + 2] = (sums[at + 2 - width] as number) + (even >>> 16) - raised;
  sums[at + 3] = (sums[at + 3 - width] as number) + (odd >>> 16) - raised;
}

/** What a token's features give along `slopes`. */
export function shareOf({ ids, until }: Features, token: number, packed: Int32Array, slopes: Float64Array): number {
  let share = 0;
  for (let from = token === 0 ? 0 : (until[token - 1] as number); from < (until[token] as number); from++)
    for (let at = 0; at < width; at++) {
      const four = packed[((ids[from] as number) << 2) + (at >> 2)] as number;
      share += (((four >>> ((at & 3) * 8)) & 0xff) - bias) * (slopes[at] as number);
    }
  return share;
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

/** What a window's sums are multiplied by to be averages: see {@link shrink}. */
export function factorOf({ until }: Features, from: number, to: number): number {
  return 1 / ((until[to - 1] as number) - (from === 0 ? 0 : (until[from - 1] as number)) + shrink);
}

/** The average vector of tokens `from` to `to`, into `mean`. `from` and `to` are multiples of a block, or the end. */
export function average(sums: Float64Array, features: Features, from: number, to: number, mean: Float64Array): void {
  const factor = factorOf(features, from, to);
  const last = Math.ceil(to / block) * width;
  const first = Math.ceil(from / block) * width;
  for (let at = 0; at < width; at++) mean[at] = ((sums[last + at] as number) - (sums[first + at] as number)) * factor;
}

/** Taken from the logit of a window that holds fewer than two ideas: tables of numbers and names look odd, but ask nothing. */
const poor = 2;

/** What to add to a window's logit for the ideas in it: 0, or less where there are few. */
export function support({ ideas }: Features, from: number, to: number): number {
  const count = (ideas[to - 1] as number) - (from === 0 ? 0 : (ideas[from - 1] as number));
  return count >= 2 ? 0 : -poor;
}

/**
 * The network's logit for an average; `units` receives the hidden units. Written out for a width of 16: a loop over it costs
 * twice as much.
 */
export function logitOf(mean: Float64Array, { layer, output }: Head, units: Float64Array): number {
  const m0 = mean[0] as number;
  const m1 = mean[1] as number;
  const m2 = mean[2] as number;
  const m3 = mean[3] as number;
  const m4 = mean[4] as number;
  const m5 = mean[5] as number;
  const m6 = mean[6] as number;
  const m7 = mean[7] as number;
  const m8 = mean[8] as number;
  const m9 = mean[9] as number;
  const m10 = mean[10] as number;
  const m11 = mean[11] as number;
  const m12 = mean[12] as number;
  const m13 = mean[13] as number;
  const m14 = mean[14] as number;
  const m15 = mean[15] as number;
  let logit = output[hidden + width] as number;
  for (let unit = 0; unit < hidden; unit++) {
    const row = unit * (width + 1);
    const sum =
      (layer[row + width] as number) +
      (layer[row + 0] as number) * m0 +
      (layer[row + 1] as number) * m1 +
      (layer[row + 2] as number) * m2 +
      (layer[row + 3] as number) * m3 +
      (layer[row + 4] as number) * m4 +
      (layer[row + 5] as number) * m5 +
      (layer[row + 6] as number) * m6 +
      (layer[row + 7] as number) * m7 +
      (layer[row + 8] as number) * m8 +
      (layer[row + 9] as number) * m9 +
      (layer[row + 10] as number) * m10 +
      (layer[row + 11] as number) * m11 +
      (layer[row + 12] as number) * m12 +
      (layer[row + 13] as number) * m13 +
      (layer[row + 14] as number) * m14 +
      (layer[row + 15] as number) * m15;
    units[unit] = sum;
    if (sum > 0) logit += sum * (output[unit] as number);
  }
  for (let at = 0; at < width; at++) logit += (output[hidden + at] as number) * (mean[at] as number);
  return logit;
}
