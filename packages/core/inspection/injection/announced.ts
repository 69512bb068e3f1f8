/**
 * Orders under a heading: "NEW INSTRUCTIONS: ...", "SYSTEM OVERRIDE - ...", "Priority task: ...". In: a text's tokens and ideas.
 * Out: where a sentence or line begins with such a heading and a demand follows. "New rules for visitors" with no demand to
 * a machine behind it is none; the classifier is asked for a second opinion.
 */
import { foldedSlice } from "../normalise/fold.ts";
import { hashOfWord, wordToken, type Tokens } from "../normalise/tokens.ts";
import { concepts, type Ideas } from "./lexicon.ts";
import { beginsSentence } from "./override.ts";

/** The probability of a finding of this rule. */
export const announcedProbability = 0.75;
/** Tokens from the heading to the demand. */
const demandReach = 14;
const maxPlaces = 8;

const claims = new Set(
  "new updated additional priority urgent important hidden special secret system admin administrator developer override final actual real"
    .split(" ")
    .map(hashOfWord),
);
/** By the lowest byte of a hash: whether a claim has such a one. Nearly every word is told from a claim by it. */
const claimBytes = new Uint8Array(256);
for (const hash of claims) claimBytes[hash & 0xff] = 1;
const things = new Set(
  "instruction instructions task tasks directive directives order orders command commands override rule rules goal objective"
    .split(" ")
    .map(hashOfWord),
);
const demands: ReadonlySet<number> = new Set(
  ["override", "reveal", "say", "send", "execute", "include", "only"].map((idea) => concepts.indexOf(idea)),
);

/** Spans of tokens, first and one past the last. */
export function findAnnounced(tokens: Tokens, ideas: Ideas): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  let idea = 0;
  const { count, hash } = tokens;
  for (let at = 0; at + 1 < count && found.length < maxPlaces; at++) {
    if (claimBytes[(hash[at] as number) & 0xff] === 0) continue;
    const behind = headingEnd(tokens, at);
    if (behind === undefined) continue;
    while (idea < ideas.count && (ideas.token[idea] ?? 0) < behind) idea += 1;
    for (let next = idea; next < ideas.count; next++) {
      const reached = ideas.token[next] ?? 0;
      if (reached - behind > demandReach) break;
      if (!demands.has(ideas.idea[next] ?? 0)) continue;
      found.push([at, reached + 1]);
      break;
    }
  }
  return found;
}

/** One past a heading of a claim or two and a thing that begins here and is closed by a sign or the line's end. */
function headingEnd(tokens: Tokens, at: number): number | undefined {
  const { kind, hash, folded, start, end } = tokens;
  if (kind[at] !== wordToken || !claims.has(hash[at] ?? 0)) return undefined;
  let next = at + 1;
  if (kind[next] === wordToken && claims.has(hash[next] ?? 0) && things.has(hash[next + 1] ?? 0)) next += 1;
  if (next >= tokens.count || kind[next] !== wordToken || !things.has(hash[next] ?? 0)) return undefined;
  if (!beginsSentence(tokens, at)) return undefined;
  const last = end[next] ?? 0;
  const more = next + 1 < tokens.count;
  const gap = foldedSlice(folded, last, more ? (start[next + 1] ?? 0) : last + 4);
  const after = foldedSlice(folded, last, more ? (end[next + 1] ?? 0) : last + 4).trimStart();
  return /\n/.test(gap) || /^[:\]>*#!=-]/.test(after) ? next + 1 : undefined;
}
