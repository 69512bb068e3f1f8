/**
 * Parts a reading into what is in other languages and the rest, which are judged apart. In: a reading of the whole text, and its runs of
 * tokens in other languages. Out: the worst window of each.
 */
import { eachWindow, tokensInBlock } from "./network.ts";
import type { Reading } from "./reader.ts";

/** Tokens from one up to another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

interface Halves {
  /** The greatest logit of the windows that are within a run for half of their length or more, or hold all of a short one. */
  readonly within: number;
  /** ... and of those that are not wholly within one; no number is less where there are none. */
  readonly outside: number;
}

const nowhere: Range = { from: Infinity, to: Infinity };

/**
 * Windows that are wholly within a run count for nothing in the reading from then on.
 *
 * @param runs in order, none touching the next
 */
export function splitAt(runs: readonly Range[], { tokens, logits }: Reading): Halves {
  let within = -Infinity;
  let outside = -Infinity;
  let window = 0;
  let next = 0;
  eachWindow(tokens.count, (from, to) => {
    // A larger size of windows begins at the beginning again.
    if (from === 0) next = 0;
    while (next < runs.length && (runs[next] as Range).to <= from) next += 1;
    const run = runs[next] ?? nowhere;
    const logit = logits[window] as number;
    const overlap = Math.min(to, run.to) - Math.max(from, run.from);
    const isShort = run.to - run.from < tokensInBlock && overlap === run.to - run.from;
    if (overlap * 2 >= to - from || isShort) within = Math.max(within, logit);
    if (run.from <= from && to <= run.to) logits[window] = -Infinity;
    else outside = Math.max(outside, logit);
    window += 1;
  });
  return { within, outside };
}
