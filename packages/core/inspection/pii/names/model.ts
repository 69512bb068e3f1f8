/**
 * The name tagger: two linear passes over hashed features, the second seeing the first's tags. In: a text's tokens. Out: a
 * tag for each word, and how sure. A word's tag depends on the six words before and after it and on nothing else.
 */
import { featuresAt, maxFeatures, see, tableBits, tagFeaturesAt } from "./features.ts";
import type { Tokens } from "./tokens.ts";

/** What a word can be part of; a tag is a place in this list. */
export const labels = ["", "person", "address", "location", "organisation"] as const;
export const labelCount = labels.length;

/** Words to each side that a tag depends on: two passes of two, and one each for neighbours and for what is passed over. */
export const tagReach = 6;

export interface Model {
  /** For each pass, `labelCount` weights for each place of the table. */
  readonly passes: readonly [Int8Array, Int8Array];
  /** What a weight of 1 is worth, for each pass. */
  readonly scales: readonly [number, number];
}

export interface Tagged {
  readonly tags: Uint8Array;
  /** Probability of the tag, 0 to 1. */
  readonly sure: Float32Array;
}

/** Size of one pass' table. */
export const tableSize = (1 << tableBits) * labelCount;

export function tag(tokens: Tokens, model: Model): Tagged {
  const { count } = tokens;
  const seen = see(tokens);
  const places = new Int32Array(maxFeatures);
  const sums = new Float64Array(labelCount);
  const first = new Uint8Array(count);
  const tags = new Uint8Array(count);
  const sure = new Float32Array(count);
  let any = false;
  for (let at = 0; at < count; at++) {
    if (seen.active[at] !== 2) continue;
    first[at] = best(model.passes[0], places, featuresAt(seen, at, places), sums);
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
    first[at] = best(model.passes[0], places, featuresAt(seen, at, places), sums);
  }
  for (let at = 0; at < count; at++) {
    if (seen.active[at] === 0 || !isNearTag(first, at)) continue;
    const n = tagFeaturesAt(first, count, seen, at, places, featuresAt(seen, at, places));
    const top = best(model.passes[1], places, n, sums);
    tags[at] = top;
    if (top !== 0) sure[at] = probability(sums, top, model.scales[1]);
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

function best(weights: Int8Array, places: Int32Array, n: number, sums: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  for (let at = 0; at < n; at++) {
    const row = (places[at] ?? 0) * labelCount;
    s0 += weights[row] ?? 0;
    s1 += weights[row + 1] ?? 0;
    s2 += weights[row + 2] ?? 0;
    s3 += weights[row + 3] ?? 0;
    s4 += weights[row + 4] ?? 0;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  sums[4] = s4;
  let top = 0;
  for (let label = 1; label < labelCount; label++) if ((sums[label] ?? 0) > (sums[top] ?? 0)) top = label;
  return top;
}

function probability(sums: Float64Array, top: number, scale: number): number {
  let total = 0;
  for (const sum of sums) total += Math.exp((sum - (sums[top] ?? 0)) * scale);
  return 1 / total;
}
