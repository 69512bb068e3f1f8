/** How likely a window is gibberish. In: its features and weights. Out: a probability. Linear in features and their products. */
import { featureNames, lastWindows, type TextWindow } from "./features.ts";

const count = featureNames.length;
/** A constant, the features, and the product of each two. */
export const termCount = 1 + count + (count * (count + 1)) / 2;

export function termsOf(features: Float64Array, out: Float64Array): void {
  let at = 0;
  out[at++] = 1;
  for (let i = 0; i < count; i++) out[at++] = features[i] ?? 0;
  for (let i = 0; i < count; i++) for (let j = i; j < count; j++) out[at++] = (features[i] ?? 0) * (features[j] ?? 0);
}

export function probabilityOf(features: Float64Array, weights: ArrayLike<number>, terms: Float64Array): number {
  termsOf(features, terms);
  let sum = 0;
  for (let at = 0; at < termCount; at++) sum += (terms[at] ?? 0) * (weights[at] ?? 0);
  return 1 / (1 + Math.exp(-sum));
}

/**
 * How much the end of a text is gibberish: the second most of its last windows, so that one odd line is not enough; and where
 * that begins.
 */
export function endOf(
  windows: readonly TextWindow[],
  weights: ArrayLike<number>,
): { readonly probability: number; readonly start: number } {
  const terms = new Float64Array(termCount);
  const last = windows
    .slice(0, lastWindows)
    .map(({ features, start }) => ({ start, probability: probabilityOf(features, weights, terms) }));
  const ranked = last.toSorted((a, b) => b.probability - a.probability);
  const { probability } = ranked[Math.min(1, ranked.length - 1)] ?? { probability: 0 };
  const start = Math.min(...last.filter((each) => each.probability >= 0.5).map((each) => each.start));
  return { probability, start: Number.isFinite(start) ? start : 0 };
}
