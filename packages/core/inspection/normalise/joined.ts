/**
 * Words run together: `IgnoreAllPreviousInstructions`, `ignoreallpreviousinstructions`. In: a text and its long runs. Out: the text from the
 * first such run to the last with spaces between their words. Paths, keys and names in code are seldom four English words.
 */
import { deployedLexicon } from "../gloss/lexicon.ts";
import type { Hidden } from "./encodings.ts";
import { hashSeed, hashStep } from "./tokens.ts";

const shortest = 20;
const longest = 2_000;
const fewestWords = 4;
const longestWord = 16;
/** So many letters of a text are looked at: code has hundreds of long names, and each letter asks for up to sixteen words. */
const most = 8_192;

/** @param runs start and end of each run of letters, digits and a few signs */
export function findJoined(text: string, runs: readonly number[], found: Hidden[]): void {
  let out = "";
  let first = -1;
  let copied = 0;
  let left = most;
  for (let at = 0; at < runs.length && left > 0; at += 2) {
    const [start, end] = [runs[at] as number, runs[at + 1] as number];
    if (end - start < shortest || end - start > longest) continue;
    left -= end - start;
    const words = parted(text.slice(start, end));
    if (words === undefined) continue;
    if (first < 0) first = start;
    else out += text.slice(copied, start);
    out += words;
    copied = end;
  }
  if (first >= 0) found.push({ encoding: "joined", text: out, start: first, end: copied });
}

/** The words with spaces between them; `undefined` where they are not words, all of them. The fewest that cover the run, of the longest. */
function parted(run: string): string | undefined {
  const plain = run.toLowerCase();
  if (!/^[a-z]+$/.test(plain)) return undefined;
  const known = (vocabulary ??= englishWords());
  const words = new Float64Array(plain.length + 1).fill(Infinity);
  const from = new Int32Array(plain.length + 1);
  words[0] = 0;
  for (let start = 0; start < plain.length; start++) {
    if (words[start] === Infinity) continue;
    let hash = hashSeed;
    for (let end = start + 1; end <= Math.min(plain.length, start + longestWord); end++) {
      hash = hashStep(hash, plain.charCodeAt(end - 1));
      const count = (words[start] as number) + (end - start > 2 ? 1 : 1.5);
      if (count >= (words[end] as number) || !known.mayHold(hash) || !known.words.has(plain.slice(start, end)))
        continue;
      words[end] = count;
      from[end] = start;
    }
  }
  if (words[plain.length] === Infinity || (words[plain.length] as number) < fewestWords) return undefined;
  const parts: string[] = [];
  for (let end = plain.length; end > 0; end = from[end] as number) parts.push(plain.slice(from[end], end));
  return parts.toReversed().join(" ");
}

/** Of one and two letters; others would part anything. */
const short = "a i am an as at be by do go he if in is it me my no of on or so to up us we".split(" ");

interface Vocabulary {
  readonly words: ReadonlySet<string>;
  /** By its hash: most of what could be a word is told to be none without being cut out. */
  readonly mayHold: (hash: number) => boolean;
}

let vocabulary: Vocabulary | undefined;

/** The English words that the lexicon gives as meanings. */
function englishWords(): Vocabulary {
  const all = deployedLexicon().meanings.flatMap((meaning) => meaning.split(" "));
  const words = new Set([...all.filter(({ length }) => length > 2), ...short]);
  const places = new Uint8Array(1 << 17);
  for (const word of words) {
    let hash = hashSeed;
    for (let at = 0; at < word.length; at++) hash = hashStep(hash, word.charCodeAt(at));
    places[hash >>> 15] = 1;
  }
  return { words, mayHold: (hash) => places[hash >>> 15] === 1 };
}
