/** Whether memory is flat. In: samples over a run. Out: the slope of their second half, and what it means. */

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

/** The second half: by then caches, pools and compiled code are as large as they get. */
export function settled(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length / 2));
}

/** How much memory grew over the second half by its slope, as a share of what it was. */
export function growth(samples: readonly Sample[]): number {
  const half = settled(samples);
  const requests = (half.at(-1)?.requests ?? 0) - (half[0]?.requests ?? 0);
  return (bytesPerRequest(half) * requests) / (half[0]?.rssBytes ?? 1);
}

/** Garbage that comes and goes moves memory by a few percent either way; a leak goes on for as long as the run does. */
export function isFlat(samples: readonly Sample[]): boolean {
  return growth(samples) < 0.03;
}
