/**
 * Whether memory is flat. In: samples over a run. Out: how much it grew over the second half, by which time caches, pools
 * and compiled code are as large as they get.
 *
 * Two measures, for each misses something. Resident memory holds everything, and moves in steps: the runtime takes pages
 * and gives few back. The lowest heap of each half is what is left after a collection: a leak of objects raises it, and
 * nothing else does.
 */

export interface Sample {
  readonly requests: number;
  readonly rssBytes: number;
}

/** Least squares over the samples: bytes a request. */
export function bytesPerRequest(samples: readonly Sample[]): number {
  const n = samples.length;
  const meanX = samples.reduce((sum, { requests }) => sum + requests, 0) / n;
  const meanY = samples.reduce((sum, { rssBytes }) => sum + rssBytes, 0) / n;
  let above = 0;
  let below = 0;
  for (const { requests, rssBytes } of samples) {
    above += (requests - meanX) * (rssBytes - meanY);
    below += (requests - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

export function secondHalf<T>(samples: readonly T[]): readonly T[] {
  return samples.slice(Math.floor(samples.length / 2));
}

/** Growth of resident memory over the second half by its slope, as a share of what it was. */
export function residentGrowth(samples: readonly Sample[]): number {
  const half = secondHalf(samples);
  const requests = (half.at(-1)?.requests ?? 0) - (half[0]?.requests ?? 0);
  return (bytesPerRequest(half) * requests) / (half[0]?.rssBytes ?? 1);
}

/** How much higher the lowest heap of the last third is than that of the middle third, as a share; `NaN` for too few. */
export function heapGrowth(heapBytes: readonly number[]): number {
  const third = Math.floor(heapBytes.length / 3);
  if (third < 5) return Number.NaN;
  const middle = Math.min(...heapBytes.slice(third, 2 * third));
  return (Math.min(...heapBytes.slice(2 * third)) - middle) / middle;
}

/** Collections come at odd moments: the lowest heap differs by some percent from one third to the next. */
export function isFlat(resident: number, heap: number): boolean {
  return Number.isNaN(heap) ? resident < 0.03 : heap < 0.15;
}
