/**
 * Reads a text of another language in English, word by word: a gloss, not a translation. In: the text's tokens. Out: the text with English
 * words in the places of those that the lexicon knows, and where each stands in the original; `undefined` for English and for
 * languages that the lexicon does not know.
 *
 * What judges English texts is shown the gloss too: meaning carries over from language to language, and word order mostly.
 */
import { foldedSlice, originalOffset, type Folded } from "../normalise/fold.ts";
import { classOf, hashSeed, hashStep, skeleton, unspacedToken, wordToken, type Tokens } from "../normalise/tokens.ts";
import { foreignPieces, foreignRuns, isLatin, type Run } from "./languages.ts";
import { deployedLexicon, entryOf, mostWords, opensPhrase, phraseStep, type Lexicon } from "./lexicon.ts";

export interface Gloss {
  /** What is in other languages, in English, with a little of what stands around it. */
  readonly text: string;
  /** Which of the tokens are in other languages, in order. */
  readonly runs: readonly { readonly from: number; readonly to: number }[];
  /** The offset in the original of what stands at an offset of {@link text}. */
  originalOffset(at: number): number;
  /** The offset in the original behind what stands before an offset of {@link text}: greater than that of anything before it. */
  originalEnd(at: number): number;
}

/** What was written at once: a meaning, which stands for all of its source, or units as they were. */
interface Piece {
  readonly at: number;
  readonly length: number;
  /** In the original. */
  readonly start: number;
  readonly end: number;
  /** Of units as they were, and one past them: the offset of each in the original; `undefined` where they follow one another. */
  readonly units?: Int32Array | "consecutive";
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
  readonly #folded: Folded;
  readonly #tokens: Tokens;
  readonly #lexicon: Lexicon;
  #text = "";
  readonly #pieces: Piece[] = [];
  #known = 0;
  /** Whether the next word needs a blank before it. */
  #clings = false;
  /** Up to where the folded text has been written. */
  #done = 0;

  constructor(tokens: Tokens, lexicon: Lexicon) {
    this.#folded = tokens.folded;
    this.#tokens = tokens;
    this.#lexicon = lexicon;
  }

  /**
   * Writes a run in English, and what stands around it.
   *
   * @param next where the run after it begins
   */
  write({ from, to, language }: Run, next: number): void {
    const { start, end, kind, count } = this.#tokens;
    const first = start[Math.max(0, from - context)] as number;
    if (from > context && first > this.#done) {
      if (this.#text !== "") this.#break();
      this.#done = first;
    }
    for (let at = from; at < to;) {
      this.#copy(this.#done, start[at] as number);
      const group = kind[at];
      if (group === wordToken) at = this.#word(at, to, language);
      else if (group === unspacedToken) at = this.#run(at, to, language);
      else this.#copy(start[at] as number, end[at++] as number);
      this.#done = end[at - 1] as number;
    }
    const last = Math.min(next, to + context);
    const until = last === count ? this.#folded.length : (start[last] as number);
    this.#copy(this.#done, until);
    this.#done = until;
  }

  finish(runs: Gloss["runs"]): Gloss | undefined {
    if (this.#known === 0) return undefined;
    const pieces = this.#pieces;
    const length = originalOffset(this.#folded, this.#folded.length);
    const text = this.#text;
    return {
      text,
      runs,
      originalOffset(at) {
        const piece = pieceAt(pieces, at);
        if (piece === undefined || at >= text.length) return length;
        return at < piece.at + piece.length ? offsetIn(piece, at) : piece.end;
      },
      originalEnd(at) {
        const piece = pieceAt(pieces, at - 1);
        if (piece === undefined || at <= 0) return 0;
        return at < piece.at + piece.length && piece.units !== undefined ? offsetIn(piece, at) : piece.end;
      },
    };
  }

  /** Between two places of the text. */
  #break(): void {
    this.#place(1, this.#done, this.#done);
    this.#text += "\n";
    this.#clings = false;
  }

  #copy(from: number, to: number): void {
    if (from >= to) return;
    const piece = foldedSlice(this.#folded, from, to);
    const { offsets } = this.#folded;
    this.#place(piece.length, from, to, offsets === undefined ? "consecutive" : offsets.slice(from, to + 1));
    // As long as before: each unit keeps its place.
    this.#text += piece.replace(/[。।]/g, ".").replace(/[、،]/g, ",");
    this.#clings = classOf(piece.charCodeAt(piece.length - 1)) !== 0;
  }

  /** Notes what is to be written next, and what of the folded text it stands for. */
  #place(length: number, from: number, to: number, units?: Piece["units"]): void {
    const [start, end] = [originalOffset(this.#folded, from), originalOffset(this.#folded, to)];
    this.#pieces.push({ at: this.#text.length, length, start, end, ...(units === undefined ? {} : { units }) });
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
    else if (isLatin(this.#tokens, at)) this.#copy(start[at] as number, end[at] as number);
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
    this.#known += 1;
    const word = this.#lexicon.meanings[this.#lexicon.meaning[entry] as number] as string;
    if (word === "") return;
    if (this.#clings) this.#text += " ";
    this.#place(word.length, from, to);
    this.#text += word;
    this.#clings = true;
  }
}

/** The last piece that begins at `at` or before it. */
function pieceAt(pieces: readonly Piece[], at: number): Piece | undefined {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle] as Piece).at <= at) low = middle;
    else high = middle - 1;
  }
  return pieces[low];
}

function offsetIn({ at: first, start, units }: Piece, at: number): number {
  if (units === undefined) return start;
  return units === "consecutive" ? start + at - first : (units[at - first] as number);
}
