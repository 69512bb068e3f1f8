/** What a list of figures says. In: numbers. Out: median, spread, percentiles. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) };
}

/** @param p 0 to 100; between two ranks the nearer one is taken (no interpolation: each answer was measured) */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round((p / 100) * (sorted.length - 1)))] as number;
}

/** `12.3 (11.9 - 12.8)`: median, and the extremes of the rounds. */
export function spreadText({ median, min, max }: Spread, digits: number): string {
  if (!Number.isFinite(median)) return "none";
  return `${median.toFixed(digits)} (${min.toFixed(digits)} - ${max.toFixed(digits)})`;
}
