/**
 * The name tagger: two linear passes over hashed features, the second seeing the first's tags. In: a text's tokens. Out: a
 * tag for each word, and how sure. A word's tag depends on the six words before and after it and on nothing else.
 */
import { firsts, halvesAt, placeOf, seconds, seeShared, tableBits, tagHalvesAt } from "./features.ts";
import type { Tokens } from "./tokens.ts";

/** What a word can be part of; a tag is a place in this list. */
export const labels = ["", "person", "address", "location", "organisation"] as const;
export const labelCount = labels.length;

/** Words to each side that a tag depends on: two passes of two, and one each for neighbours and for what is passed over. */
export const tagReach = 6;

export interface Model {
  /** For each pass, and each place of the table, two integers: see {@link packModel}. */
  readonly passes: readonly [Int32Array, Int32Array];
  /** What a weight of 1 is worth, for each pass. */
  readonly scales: readonly [number, number];
}

export interface Tagged {
  readonly tags: Uint8Array;
  /** Probability of the tag, 0 to 1. */
  readonly sure: Float32Array;
}

/** What is added to a weight so that it is never negative. */
const bias = 128;

/**
 * @param passes For each pass, `labelCount` weights for each place of the table. Four labels' weights become one integer, the
 * fifth's another, each raised by {@link bias}: three additions add all five, in halves of 16 bits that the most features do
 * not fill.
 */
export function packModel(passes: readonly [Int8Array, Int8Array], scales: Model["scales"]): Model {
  const packed = (weights: Int8Array): Int32Array => {
    const rows = new Int32Array((weights.length / labelCount) * 2);
    for (let at = 0; at < weights.length; at++) {
      const label = at % labelCount;
      const cell = Math.floor(at / labelCount) * 2 + (label >> 2);
      rows[cell] = (rows[cell] as number) | (((weights[at] as number) + bias) << ((label & 3) * 8));
    }
    return rows;
  };
  return { passes: [packed(passes[0]), packed(passes[1])], scales };
}

/** Size of one pass' table. */
export const tableSize = (1 << tableBits) * labelCount;

export function tag(tokens: Tokens, model: Model): Tagged {
  const { count } = tokens;
  const seen = seeShared(tokens);
  const first = new Uint8Array(count);
  const tags = new Uint8Array(count);
  const sure = new Float32Array(count);
  let any = false;
  for (let at = 0; at < count; at++) {
    if (seen.active[at] !== 2) continue;
    first[at] = best(model.passes[0], halvesAt(seen, at));
    any ||= first[at] !== 0;
  }
  if (!any) return { tags, sure };
  // What stands beside a name may belong to it; beside words that turned out to be none there is nothing to ask.
  for (let at = 0; at < count; at++) {
    if (
      seen.active[at] !== 1 ||
      !(isCandidateTagged(seen.active, first, at - 1) || isCandidateTagged(seen.active, first, at + 1))
    )
      continue;
    first[at] = best(model.passes[0], halvesAt(seen, at));
  }
  for (let at = 0; at < count; at++) {
    if (seen.active[at] === 0 || !isNearTag(first, at)) continue;
    const top = best(model.passes[1], tagHalvesAt(first, count, seen, at));
    tags[at] = top;
    if (top !== 0) sure[at] = probabilityOf(sums, 0, top, model.scales[1]);
  }
  return { tags, sure };
}

function isCandidateTagged(active: Uint8Array, first: Uint8Array, at: number): boolean {
  return active[at] === 2 && (first[at] ?? 0) !== 0;
}

/** Where no word around has a tag, the second pass gives none. */
function isNearTag(first: Uint8Array, at: number): boolean {
  for (let near = at - 2; near <= at + 2; near++) if ((first[near] ?? 0) !== 0) return true;
  return false;
}

/** What a word's features add up to. The next word writes over it. */
const sums = new Float64Array(labelCount);
const evenLanes = 0x00ff00ff;

/** The label that the `n` features whose halves are written speak for most; the first of equals. */
function best(rows: Int32Array, n: number): number {
  let even = 0;
  let odd = 0;
  let last = 0;
  for (let at = 0; at < n; at++) {
    const place = placeOf(firsts[at] as number, seconds[at] as number) << 1;
    const four = rows[place] as number;
    even += four & evenLanes;
    odd += (four >>> 8) & evenLanes;
    last += rows[place + 1] as number;
  }
  const raised = n * bias;
  sums[0] = (even & 0xffff) - raised;
  sums[1] = (odd & 0xffff) - raised;
  sums[2] = (even >>> 16) - raised;
  sums[3] = (odd >>> 16) - raised;
  sums[4] = last - raised;
  let top = 0;
  for (let label = 1; label < labelCount; label++) if ((sums[label] as number) > (sums[top] as number)) top = label;
  return top;
}

/** How sure the label `top` is, by the sums of all labels, which begin at `from`. */
export function probabilityOf(of: ArrayLike<number>, from: number, top: number, scale: number): number {
  let total = 0;
  for (let label = 0; label < labelCount; label++)
    total += Math.exp(((of[from + label] as number) - (of[from + top] as number)) * scale);
  return 1 / total;
}
