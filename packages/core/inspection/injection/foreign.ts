/**
 * Parts a reading into what is in other languages and the rest, which are judged apart. In: a reading of the whole text, and its runs of
 * tokens in other languages. Out: the worst window of each.
 */
import type { Finding } from "../finding.ts";
import { originalOffset } from "../normalise/fold.ts";
import { eachWindow, tokensInBlock } from "./network.ts";
import type { Reading } from "./reader.ts";

/** Tokens from one up to another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

interface Halves {
  /** The greatest logit of the windows that are within runs for half of their length or more, or hold all of a short one. */
  readonly within: number;
  /** ... and of those that are not wholly within one; no number is less where there are none. */
  readonly outside: number;
}

/**
 * Windows that are wholly within a run count for nothing in the reading from then on.
 *
 * @param runs in order, none touching the next
 */
export function splitAt(runs: readonly Range[], { tokens, logits }: Reading): Halves {
  let within = -Infinity;
  let outside = -Infinity;
  let window = 0;
  let first = 0;
  eachWindow(tokens.count, (from, to) => {
    // A larger size of windows begins at the beginning again.
    if (from === 0) first = 0;
    while (first < runs.length && (runs[first] as Range).to <= from) first += 1;
    const logit = logits[window] as number;
    let overlap = 0;
    let holdsShort = false;
    for (let next = first; next < runs.length && (runs[next] as Range).from < to; next++) {
      const run = runs[next] as Range;
      const shared = Math.min(to, run.to) - Math.max(from, run.from);
      overlap += shared;
      if (shared < tokensInBlock && shared === run.to - run.from) holdsShort = true;
    }
    if (overlap * 2 >= to - from || holdsShort) within = Math.max(within, logit);
    if (overlap === to - from) logits[window] = -Infinity;
    else outside = Math.max(outside, logit);
    window += 1;
  });
  return { within, outside };
}

/** Those of the findings that touch runs. */
export function touching(
  findings: readonly Finding[],
  runs: readonly Range[],
  { tokens, folded }: Reading,
): readonly Finding[] {
  const places = runs.map(({ from, to }) => [
    originalOffset(folded, tokens.start[from] as number),
    originalOffset(folded, tokens.end[to - 1] as number),
  ]);
  return findings.filter(({ start, end }) => places.some(([from = 0, to = 0]) => start < to && from < end));
}
