/**
 * What one scan may cost. In: limits and a clock. Out: a budget that every reader spends from, over all nested parts of
 * a file together; spending too much ends the scan with a finding, never with a hang or a full memory.
 */
import { Unreadable } from "./unreadable.ts";

export interface ScanLimits {
  /** Steps of interpreters and readers: opcodes, entries, nodes. */
  readonly steps: number;
  /** Time for one file, milliseconds. */
  readonly milliseconds: number;
  /** Bytes that decompression may give, over all parts. */
  readonly inflatedBytes: number;
  /** Archives in archives, pickles in pickles. */
  readonly depth: number;
  /** Values that an interpreter may hold at once. */
  readonly values: number;
}

export const defaultLimits: ScanLimits = {
  steps: 400_000_000,
  milliseconds: 120_000,
  inflatedBytes: 8 * 2 ** 30,
  depth: 8,
  values: 20_000_000,
};

export interface Budget {
  readonly limits: ScanLimits;
  /** Takes `steps`; looks at the clock now and then. */
  spend(steps: number): void;
  /** Takes bytes that decompression gave for `compressed` bytes read so far. */
  inflate(bytes: number): void;
  /** Runs `inner` one level deeper. */
  deeper<T>(inner: () => T): T;
}

/** Steps between looks at the clock. */
const clockEvery = 65_536;

/** A budget for one file. `now` is a monotonic clock in milliseconds. */
export function openBudget(limits: ScanLimits, now: () => number): Budget {
  const deadline = now() + limits.milliseconds;
  let steps = 0;
  let nextLook = clockEvery;
  let inflated = 0;
  let depth = 0;
  const look = (): void => {
    if (now() > deadline)
      throw over(`it took longer than ${Math.round(limits.milliseconds / 1000)} s; raise the time limit to go on`);
  };
  return {
    limits,
    spend(count) {
      steps += count;
      if (steps < nextLook) return;
      nextLook = steps + clockEvery;
      if (steps > limits.steps) throw over(`it takes more than ${limits.steps} steps to interpret`);
      look();
    },
    inflate(bytes) {
      inflated += bytes;
      if (inflated > limits.inflatedBytes)
        throw new Unreadable(
          "unsupported",
          "budget/inflated",
          `it decompresses to more than ${limits.inflatedBytes} bytes: a decompression bomb, or a file over the limit`,
        );
      look();
    },
    deeper(inner) {
      if (depth >= limits.depth)
        throw new Unreadable("unsupported", "budget/depth", `parts are nested more than ${limits.depth} deep`);
      depth++;
      try {
        return inner();
      } finally {
        depth--;
      }
    },
  };
}

function over(words: string): Unreadable {
  return new Unreadable("unsupported", "budget/exceeded", `not judged to the end: ${words}`);
}
