/** How likely a window is gibberish. In: its features and weights. Out: a probability. Linear in features and their products. */
import { scanner, type EndingTables } from "../kernels/scanner.ts";
import { endWindowsOf, featureNames, hardSigns, lastWindows, symbolKinds, type TextWindow } from "./features.ts";
import { symbols } from "./symbols.ts";

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

/** A window, as its features and the weights judge it. */
interface Judged {
  readonly start: number;
  readonly probability: number;
}

/**
 * How much the end of a text is gibberish: the second most of its last windows, so that one odd line is not enough; and where
 * that begins.
 */
export function endOf(windows: readonly TextWindow[], weights: ArrayLike<number>): Judged {
  const terms = new Float64Array(termCount);
  return secondOf(
    windows
      .slice(0, lastWindows)
      .map(({ features, start }) => ({ start, probability: probabilityOf(features, weights, terms) })),
  );
}

function secondOf(windows: readonly Judged[]): Judged {
  let first = 0;
  let second = 0;
  let start = Infinity;
  for (const window of windows) {
    const { probability } = window;
    if (probability >= 0.5) start = Math.min(start, window.start);
    if (probability >= first) [first, second] = [probability, first];
    else second = Math.max(second, probability);
  }
  return { probability: windows.length === 1 ? first : second, start: Number.isFinite(start) ? start : 0 };
}

let tables: EndingTables | undefined;

/** {@link endOf} of a text's own last windows. */
export function judgeEnd(text: string, surprises: Uint8Array, weights: readonly number[]): Judged {
  if (tables?.surprises !== surprises)
    tables = { symbols, symbolKinds, hardSigns, surprises, weights: Float64Array.from(weights) };
  const windows = scanner()?.endWindows(text, tables);
  if (windows === undefined) return endOf(endWindowsOf(text, surprises), weights);
  return secondOf(windows.map(({ start, sum }) => ({ start, probability: 1 / (1 + Math.exp(-sum)) })));
}
