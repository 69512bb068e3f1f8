/**
 * Words run together: `IgnoreAllPreviousInstructions`, `ignoreallpreviousinstructions`. In: a text and its long runs. Out: the text from the
 * first such run to the last with spaces between their words. Paths, keys and names in code are seldom four English words.
 */
import { deployedLexicon } from "../gloss/lexicon.ts";
import { hashTable } from "../kernels/memory.ts";
import type { Hidden } from "./encodings.ts";
import { hashOfWord, hashSeed, hashStep, skeleton } from "./tokens.ts";

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
    const run = text.slice(start, end);
    const words = parted(run) ?? joinedBySigns(run);
    if (words === undefined) continue;
    if (first < 0) first = start;
    else out += text.slice(copied, start);
    out += words;
    copied = end;
  }
  if (first >= 0) found.push({ encoding: "joined", text: out, start: first, end: copied });
}

const fewestJoined = 6;

/** `ignore_all_previous_instructions`: the words of a run with one sign between them, where all are words. */
function joinedBySigns(run: string): string | undefined {
  const words = run.split(/[_/+-]/);
  const known = knownWords();
  const areWords = words.length >= fewestJoined && words.every((word) => known.has(word.toLowerCase()));
  return areWords ? words.join(" ") : undefined;
}

/** The same where the words have four letters and more at the mean: what is no words at all falls into short ones, if into any. */
export function partedWords(run: string): string | undefined {
  return run.length < fewestWords * 4 ? undefined : cutWell(wordCuts(run), run.length)?.join(" ");
}

/** Whether letters may be words from the first on, of which the last may go on: of four letters or more, or as few shorter ones. */
export function beginsWithWords(letters: string): boolean {
  const cuts = wordCuts(letters);
  for (let end = letters.length; end > letters.length - 8 && end >= fewestWords * 4; end--)
    if (cutWell(cuts, end) !== undefined) return true;
  return false;
}

function cutWell(cuts: WordCuts | undefined, end: number): string[] | undefined {
  const words = wordsUntil(cuts, end);
  return words !== undefined && end >= words.length * 3.5 ? words : undefined;
}

/** The words with spaces between them; `undefined` where they are not words, all of them. The fewest that cover the run, of the longest. */
function parted(run: string): string | undefined {
  return wordsUntil(wordCuts(run), run.length)?.join(" ");
}

/** For each place of a run, how few words reach from its beginning to there, and where the last of them begins. */
interface WordCuts {
  readonly plain: string;
  readonly counts: Float64Array;
  readonly from: Int32Array;
}

/** `undefined` where not all of it is letters of ASCII. */
function wordCuts(run: string): WordCuts | undefined {
  const plain = run.toLowerCase();
  if (!/^[a-z]+$/.test(plain)) return undefined;
  const counts = new Float64Array(plain.length + 1).fill(Infinity);
  const from = new Int32Array(plain.length + 1);
  counts[0] = 0;
  for (let start = 0; start < plain.length; start++) {
    if (counts[start] === Infinity) continue;
    let hash = hashSeed;
    for (let end = start + 1; end <= Math.min(plain.length, start + longestWord); end++) {
      hash = hashStep(hash, skeleton[plain.charCodeAt(end - 1)] as number);
      const count = (counts[start] as number) + (end - start > 2 ? 1 : 1.5);
      if (count >= (counts[end] as number) || !isKnownHash(hash) || !knownWords().has(plain.slice(start, end)))
        continue;
      counts[end] = count;
      from[end] = start;
    }
  }
  return { plain, counts, from };
}

function wordsUntil(cuts: WordCuts | undefined, end: number): string[] | undefined {
  if (cuts === undefined) return undefined;
  const { plain, counts, from } = cuts;
  const count = counts[end] as number;
  if (count === Infinity || count < fewestWords) return undefined;
  const words: string[] = [];
  for (let at = end; at > 0; at = from[at] as number) words.push(plain.slice(from[at], at));
  return words.toReversed();
}

/** Of one and two letters; others would part anything. */
const short = "a i am an as at be by do go he if in is it me my no of on or so to up us we".split(" ");
let vocabulary: ReadonlySet<string> | undefined;

let table: { readonly slots: Int32Array; readonly mask: number } | undefined;

/** Whether an English word has that hash: see `hashOfWord`. */
export function isKnownHash(hash: number): boolean {
  const { slots, mask } = (table ??= hashTable(Array.from(knownWords(), (word) => [hashOfWord(word), 1] as const)));
  for (let slot = (hash ^ (hash >>> 15)) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask)
    if (slots[slot * 2] === hash) return true;
  return false;
}

/** English words, made when they are first asked for. */
export function knownWords(): ReadonlySet<string> {
  return (vocabulary ??= englishWords());
}

/** The English words that the lexicon gives as meanings. */
function englishWords(): ReadonlySet<string> {
  const words = deployedLexicon().meanings.flatMap((meaning) => meaning.split(" "));
  return new Set([...words.filter(({ length }) => length > 2), ...short]);
}
