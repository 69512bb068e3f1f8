/**
 * Reads a text of another language in English, word by word: a gloss, not a translation. In: the text's tokens. Out: the text with English
 * words in the places of those that the lexicon knows, and where each stands in the original; `undefined` for English and for
 * languages that the lexicon does not know.
 *
 * What judges English texts is shown the gloss too: meaning carries over from language to language, and word order mostly.
 */
import { hashSeed, hashStep, skeleton, unspacedToken, wordToken, type Tokens } from "../normalise/tokens.ts";
import { foreignPieces, foreignRuns, isLatin, type Run } from "./languages.ts";
import { deployedLexicon, entryOf, mostWords, opensPhrase, phraseStep, type Lexicon } from "./lexicon.ts";
import { PlacedTextBuilder, type PlacedText } from "./placed-text.ts";

export interface Gloss extends PlacedText {
  /** Which of the tokens are in other languages, in order. */
  readonly runs: readonly { readonly from: number; readonly to: number }[];
}

/** Letters of which a word may lack the last: endings say who and when. */
const shortestStem = 4;
const shortestSyllables = 2;
const mostEndings = 4;

/** A gloss has so many tokens of what stands before and after what is in another language: half a window. */
const context = 8;

/**
 * @param tokens are read while it runs: the gloss keeps nothing of them
 * @param pieces what {@link foreignPieces} gives: a compiled reading tells it by the way
 */
export function glossOf(
  tokens: Tokens,
  pieces?: ArrayLike<number>,
  lexicon: Lexicon = deployedLexicon(),
): Gloss | undefined {
  const runs = foreignRuns(tokens, pieces ?? foreignPieces(tokens, lexicon), lexicon);
  if (runs.length === 0) return undefined;
  const writer = new Writer(tokens, lexicon);
  for (const [at, run] of runs.entries()) writer.write(run, runs[at + 1]?.from ?? tokens.count);
  return writer.finish(joined(runs));
}

/** Runs that touch one another as one, whatever their languages. */
function joined(runs: readonly Run[]): { from: number; to: number }[] {
  const all: { from: number; to: number }[] = [];
  for (const { from, to } of runs) {
    const last = all.at(-1);
    if (last?.to === from) last.to = to;
    else all.push({ from, to });
  }
  return all;
}

class Writer {
  readonly #text: PlacedTextBuilder;
  readonly #tokens: Tokens;
  readonly #lexicon: Lexicon;
  /** Up to where the folded text has been written. */
  #done = 0;

  constructor(tokens: Tokens, lexicon: Lexicon) {
    this.#text = new PlacedTextBuilder(tokens.folded);
    this.#tokens = tokens;
    this.#lexicon = lexicon;
  }

  /**
   * Writes a run in English, and what stands around it.
   *
   * @param next where the run after it begins
   */
  write({ from, to, language }: Run, next: number): void {
    const { start, end, kind, count, folded } = this.#tokens;
    const text = this.#text;
    const first = start[Math.max(0, from - context)] as number;
    if (from > context && first > this.#done) {
      text.break(this.#done);
      this.#done = first;
    }
    for (let at = from; at < to;) {
      text.copy(this.#done, start[at] as number);
      const group = kind[at];
      if (group === wordToken) at = this.#word(at, to, language);
      else if (group === unspacedToken) at = this.#run(at, to, language);
      else text.copy(start[at] as number, end[at++] as number);
      this.#done = end[at - 1] as number;
    }
    const last = Math.min(next, to + context);
    const until = last === count ? folded.length : (start[last] as number);
    text.copy(this.#done, until);
    this.#done = until;
  }

  /** `undefined` where no word was known. */
  finish(runs: Gloss["runs"]): Gloss | undefined {
    const written = this.#text.finish();
    return written === undefined ? undefined : { ...written, runs };
  }

  /** The longest phrase that is known, the word, or the word without its ending. Out: the token behind it. */
  #word(at: number, to: number, language: number): number {
    const { start, end, kind, hash } = this.#tokens;
    const lexicon = this.#lexicon;
    const own = hash[at] as number;
    const opening = entryOf(lexicon, opensPhrase(own), language);
    if (opening >= 0) {
      let phrase = phraseStep(hashSeed, own);
      let found = -1;
      let until = at;
      for (let next = at + 1; next < Math.min(to, at + mostWords) && kind[next] === wordToken; next++) {
        phrase = phraseStep(phrase, hash[next] as number);
        const entry = entryOf(lexicon, phrase, language);
        if (entry < 0) continue;
        found = entry;
        until = next;
      }
      if (found >= 0) {
        this.#say(found, start[at] as number, end[until] as number);
        return until + 1;
      }
    }
    const entry = entryOf(lexicon, own, language);
    const known = entry >= 0 ? entry : this.#stem(at, language);
    if (known >= 0) this.#say(known, start[at] as number, end[at] as number);
    else if (isLatin(this.#tokens, at)) this.#text.copy(start[at] as number, end[at] as number);
    return at + 1;
  }

  /** The entry of the longest beginning of a word that is known, or -1. */
  #stem(at: number, language: number): number {
    const { start, end, units } = this.#tokens;
    const from = start[at] as number;
    const until = end[at] as number;
    const isHangul = (units[from] as number) >= 0xac00 && (units[from] as number) < 0xd7b0;
    const shortest = isHangul ? shortestSyllables : shortestStem;
    let hash = hashSeed;
    let found = -1;
    for (let next = from; next < until - 1; next++) {
      const unit = units[next] as number;
      hash = hashStep(hash, unit < 0x80 ? (skeleton[unit] as number) : unit);
      const length = next + 1 - from;
      if (length < shortest || until - next - 1 > mostEndings) continue;
      const entry = entryOf(this.#lexicon, hash, language);
      if (entry >= 0) found = entry;
    }
    return found;
  }

  /** Of a run without spaces the longest known words, one after another; what is not known is left out. */
  #run(at: number, to: number, language: number): number {
    const { start, end, kind, units } = this.#tokens;
    let last = at + 1;
    while (last < to && kind[last] === unspacedToken && start[last] === end[last - 1]) last += 1;
    const until = end[last - 1] as number;
    for (let from = start[at] as number; from < until;) {
      let hash = hashSeed;
      let found = -1;
      let next = from + 1;
      const most = Math.min(this.#lexicon.longestRun[units[from] as number] as number, until - from);
      for (let length = 1; length <= most; length++) {
        hash = hashStep(hash, units[from + length - 1] as number);
        const entry = entryOf(this.#lexicon, hash, language);
        if (entry < 0) continue;
        found = entry;
        next = from + length;
      }
      if (found >= 0) this.#say(found, from, next);
      from = next;
    }
    return last;
  }

  #say(entry: number, from: number, to: number): void {
    const { said, saidAt, meaning } = this.#lexicon;
    const which = meaning[entry] as number;
    this.#text.say(said, saidAt[which] as number, saidAt[which + 1] as number, from, to);
  }
}
