/**
 * Recognises passages of registered documents, verbatim or nearly. In: an index. Out: a detector whose findings,
 * `proprietary/<document>`, are the known runs of words in a passage; overlapping, they cover it whole.
 *
 * A run counts when, among the runs around it, enough are of the same document: a phrase that everybody uses is no leak.
 * While that is open, the text waits; so nothing of a passage is out when it turns out to be one.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import {
  gramsOf,
  hasUnspaced,
  letterChannel,
  longestRun,
  openRunFrom,
  wordChannel,
  type Channel,
  type Grams,
} from "./grams.ts";
import { severalDocuments } from "./several.ts";
import { ownerOf, several, type FingerprintIndex } from "./index-builder.ts";

/** Stands for runs that several documents have in common. */
const shared = 65_536;

/** A passage's words: the longest stretch between the first and the last run that are judged together. */
const longestWindow = 2400;

export function createFingerprintDetector(index: FingerprintIndex): SpanDetector {
  return {
    name: "proprietary",
    version: "1",
    maxSpan: 2 * longestWindow + 2 * longestRun,
    detect(text: string): readonly Finding[] {
      if (index.entries === 0) return [];
      const findings = passages(text, false, index);
      if (!hasUnspaced(text)) return findings;
      findings.push(...passages(text, true, index));
      return findings.sort((a, b) => a.start - b.start || b.end - a.end);
    },
    openFrom(text: string): number {
      if (index.entries === 0) return text.length;
      return Math.min(openPassageFrom(text, false, index), openPassageFrom(text, true, index));
    },
  };
}

/** How many runs of a window must be known, of those that the index keeps. */
function neededOf({ needed, window }: Channel, spread: number): { readonly needed: number; readonly window: number } {
  return { window, needed: Math.max(2, Math.floor((needed * 2) / (spread + 1)) - (spread > 1 ? 1 : 0)) };
}

/** For each run the number of its document, {@link several}, or -1. */
function ownersOf(grams: Grams, index: FingerprintIndex): Int32Array {
  const owners = new Int32Array(grams.count);
  for (let at = 0; at < grams.count; at++) owners[at] = ownerOf(index, grams, at);
  return owners;
}

function passages(text: string, unspaced: boolean, index: FingerprintIndex): Finding[] {
  const channel = unspaced ? letterChannel : wordChannel;
  const grams = gramsOf(text, unspaced);
  const owners = ownersOf(grams, index);
  const counted = countedRuns(grams, owners, neededOf(channel, index.spread));
  const out: Finding[] = [];
  for (let at = 0; at < grams.count; at++) {
    const document = counted[at] ?? 0;
    if (document === 0) continue;
    const name = document === shared ? severalDocuments : (index.documents[document] ?? "");
    out.push(finding(name, grams.starts[at] ?? 0, grams.ends[at] ?? 0));
  }
  return out;
}

/** For each run the number of the document that it counts for; 0 where it counts for none. */
function countedRuns(
  grams: Grams,
  owners: Int32Array,
  { needed, window }: { readonly needed: number; readonly window: number },
): Int32Array {
  const counted = new Int32Array(grams.count);
  for (let last = 0; last < grams.count; last++) {
    const owner = owners[last] ?? -1;
    if (owner < 0) continue;
    // The windows that end with a known run; each known run in one of them counts.
    const first = firstInWindow(grams, last, window);
    const document = owner === several ? commonest(owners, first, last) : owner;
    let known = 0;
    for (let at = first; at <= last; at++) if (owners[at] === document || owners[at] === several) known++;
    if (known < needed) continue;
    for (let at = first; at <= last; at++)
      if (owners[at] === document || owners[at] === several) counted[at] ||= document;
  }
  return counted;
}

function firstInWindow(grams: Grams, last: number, window: number): number {
  let first = last;
  while (
    first > 0 &&
    last - first + 1 < window &&
    (grams.ends[last] ?? 0) - (grams.starts[first - 1] ?? 0) <= longestWindow
  )
    first--;
  return first;
}

/** The document with the most runs in a stretch, the lower number of two; {@link shared} where all stand in several. */
function commonest(owners: Int32Array, first: number, last: number): number {
  const counts = new Map<number, number>();
  for (let at = first; at <= last; at++) {
    const owner = owners[at] ?? -1;
    if (owner > several) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  let best: number = several;
  let most = 0;
  for (const [owner, count] of counts)
    if (count > most || (count === most && owner < best)) [best, most] = [owner, count];
  return best === several ? shared : best;
}

/** From the first known run that a window reaching beyond the end could still count, or where the last run may begin. */
function openPassageFrom(text: string, unspaced: boolean, index: FingerprintIndex): number {
  const { window } = unspaced ? letterChannel : wordChannel;
  const from = Math.max(0, text.length - longestWindow - longestRun);
  const open = openRunFrom(text, unspaced);
  const grams = gramsOf(text.slice(from), unspaced);
  for (let at = Math.max(0, grams.count - window); at < grams.count; at++)
    if (ownerOf(index, grams, at) >= 0) return Math.min(open, from + (grams.starts[at] ?? 0));
  return open;
}

/** OWASP LLM02:2025 Sensitive Information Disclosure; ATLAS AML.T0057 LLM Data Leakage. */
function finding(document: string, start: number, end: number): Finding {
  return {
    detector: `proprietary/${document}`,
    category: "proprietary",
    owasp: "LLM02:2025",
    atlas: "AML.T0057",
    start,
    end,
    score: 0.95,
  };
}
