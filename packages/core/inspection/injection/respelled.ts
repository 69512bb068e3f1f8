/**
 * English whose words are spelled otherwise, each by one rule: pig latin, without vowels, with the inner letters out of order, each letter twice.
 * In: a text, and where in it few words are English. Out: what it says, where a rule makes English words of most that are none.
 */
import type { Hidden } from "../normalise/encodings.ts";
import { knownWords } from "../normalise/joined.ts";
import { hashOfWord } from "../normalise/tokens.ts";
import { wordNumber, type Vocabulary } from "./vocabulary.ts";

/** Longer stretches are not read. */
const longest = 64 * 1024;
const mostStretches = 16;
/** A rule is tried on this much first. */
const sampleUnits = 240;
/** So many words, and this share of those that are none, must become English. */
const fewest = 4;
const share = 0.6;

/** A word as the rule reads it; `undefined` where it makes none of it. */
type Rule = (word: string) => string | undefined;

interface Spelling {
  readonly isWord: (word: string) => boolean;
  readonly rules: readonly (readonly [encoding: string, rule: Rule])[];
}

/** @param vocabulary tells which of two words is the commoner */
export function findRespelled(
  text: string,
  stretches: readonly number[],
  vocabulary: Vocabulary,
  found: Hidden[],
): void {
  for (let at = 0; at < stretches.length && at < mostStretches * 2; at += 2) {
    const [start, end] = [stretches[at] as number, stretches[at + 1] as number];
    if (end - start < 12 || end - start > longest) continue;
    const { isWord, rules } = (spelling ??= spellingBy(vocabulary));
    const stretch = text.slice(start, end);
    const sample = stretch.slice(0, sampleUnits);
    const unknown = unknownIn(sample, isWord);
    if (unknown.length < fewest) continue;
    const isVowelless = vowelShare(sample) < fewVowels;
    for (const [encoding, rule] of rules)
      if ((encoding !== "vowelless" || isVowelless) && reads(unknown, rule))
        found.push({ encoding, text: respelled(stretch, rule, isWord), start, end });
  }
}

/** English has two vowels in five letters. */
const fewVowels = 0.18;

function vowelShare(sample: string): number {
  const letters = sample.match(/[a-z]/gi)?.length ?? 0;
  return (sample.match(/[aeiou]/gi)?.length ?? 0) / letters;
}

const words = /[A-Za-z]{1,24}/g;

/** The words that are no English ones, among the first. */
function unknownIn(sample: string, isWord: Spelling["isWord"]): string[] {
  const all = sample.toLowerCase().match(words) ?? [];
  return all.filter((word) => word.length > 1 && !isWord(word));
}

function reads(unknown: readonly string[], rule: Rule): boolean {
  let [read, left] = [0, unknown.length];
  for (const word of unknown) {
    if (rule(word) !== undefined) read += 1;
    left -= 1;
    if (read + left < unknown.length * share) return false;
  }
  return read >= fewest;
}

function respelled(text: string, rule: Rule, isWord: Spelling["isWord"]): string {
  return text.replaceAll(words, (found) => {
    const word = found.toLowerCase();
    return isWord(word) ? found : (rule(word) ?? found);
  });
}

/** Of one vocabulary: there is one that is deployed. */
let spelling: Spelling | undefined;

function spellingBy(vocabulary: Vocabulary): Spelling {
  const known = knownWords();
  const rank = (word: string): number => {
    const number = wordNumber(vocabulary, hashOfWord(word));
    return number < 0 ? Infinity : number;
  };
  const sorted = [...known].toSorted((a, b) => rank(a) - rank(b));
  const isWord = (word: string): boolean => known.has(word);
  const byConsonants = firstBy(
    sorted.filter((word) => /[aeiou]/.test(word)),
    consonants,
  );
  const byLetters = firstBy(
    sorted.filter(({ length }) => length > 3),
    lettersOf,
  );
  return {
    isWord,
    rules: [
      ["pig-latin", (word) => unpigged(word, isWord)],
      ["vowelless", (word) => (/^.+[aeiou]/.test(word) ? undefined : byConsonants.get(consonants(word)))],
      ["shuffled", (word) => byLetters.get(lettersOf(word))],
      ["doubled", (word) => halved(word, isWord)],
    ],
  };
}

/** The first word of each key. */
function firstBy(sorted: readonly string[], keyOf: (word: string) => string): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const word of sorted) if (!first.has(keyOf(word))) first.set(keyOf(word), word);
  return first;
}

function consonants(word: string): string {
  return word.replaceAll(/[aeiou]/g, "");
}

/** First and last letter, and the others in order. */
function lettersOf(word: string): string {
  return word.length < 4 ? word : word[0] + Array.from(word.slice(1, -1)).toSorted().join("") + word.at(-1);
}

function unpigged(word: string, isWord: Spelling["isWord"]): string | undefined {
  const stem = /^(.+?)[wyh]?ay$/.exec(word)?.[1];
  if (stem === undefined) return undefined;
  if (!word.endsWith(`${stem}ay`) && isWord(stem)) return stem;
  const rest = word.slice(0, -2);
  for (let lead = 1; lead <= 4 && lead < rest.length; lead++) {
    const turned = rest.slice(-lead) + rest.slice(0, -lead);
    if (isWord(turned)) return turned;
  }
  return undefined;
}

function halved(word: string, isWord: Spelling["isWord"]): string | undefined {
  if (!/(.)\1/.test(word)) return undefined;
  const half = word.replaceAll(/(.)\1/g, "$1");
  const single = word.replaceAll(/(.)\1+/g, "$1");
  return [half, single].find(isWord);
}
