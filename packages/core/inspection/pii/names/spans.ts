/**
 * Makes spans of tags. In: tokens and their tags. Out: names, addresses, places, organisations, by start. A town, a
 * country or a code right behind a street is part of the address.
 *
 * Tagged words that follow one another are a run, and the parts of an address with one sign or line end between; spans lie
 * within runs. A run of more than {@link maxRun} words is no name: each word stands by itself, so that spans are bounded.
 */
import { wordBits, word } from "./lexicon.ts";
import { labels } from "./model.ts";
import type { NameReading } from "./tagger.ts";
import { kind, type Tokens } from "./tokens.ts";

export type NameLabel = Exclude<(typeof labels)[number], "">;

export interface NameSpan {
  readonly label: NameLabel;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** Tokens of digits in it; words that streets and units are named by. */
  readonly digits: number;
  readonly streets: number;
  /** Words of letters in it; those in small letters; those that the lists have as a first or family name; `camelCase`; ordinary ones. */
  readonly words: number;
  readonly small: number;
  readonly named: number;
  readonly mixed: number;
  readonly plain: number;
  /** Whether some word is also an ordinary one, or a country. */
  readonly plainer: boolean;
}

export const maxRun = 26;
/** More white space than this parts words. */
export const maxGap = 3;

const address = labels.indexOf("address");
const location = labels.indexOf("location");

/** One past the last token of the run that starts at `from`. */
export function runEnd(tokens: Tokens, tags: Uint8Array, from: number): number {
  let last = from;
  for (let at = from + 1; at < tokens.count && at - last <= 2; at++) {
    if ((tokens.starts[at] ?? 0) - (tokens.ends[at - 1] ?? 0) > maxGap) break;
    if ((tags[at] ?? 0) !== 0) last = at;
    else if (!isBridge(tokens, at) || tags[last] !== address || !isPlace(tags[at + 1])) break;
  }
  return last + 1;
}

/** A sign or a line end; between two parts of an address it belongs to it. */
function isBridge(tokens: Tokens, at: number): boolean {
  const what = tokens.kinds[at];
  return what === kind.sign || what === kind.line;
}

function isPlace(tag: number | undefined): boolean {
  return tag === address || tag === location;
}

/** @param reading words with their tags, and what is known of them. */
export function spansOf(reading: NameReading): NameSpan[] {
  const { tokens, tags } = reading;
  const out: NameSpan[] = [];
  for (let from = 0; from < tokens.count;) {
    if ((tags[from] ?? 0) === 0) {
      from++;
      continue;
    }
    const to = runEnd(tokens, tags, from);
    if (to - from > maxRun) for (let at = from; at < to; at++) push(reading, at, at + 1, tags[at] ?? 0, out);
    else cut(reading, from, to, out);
    from = to;
  }
  return out;
}

/** Cuts a run into stretches of one label; joins places to the address before them. */
function cut(reading: NameReading, from: number, to: number, out: NameSpan[]): void {
  const { tokens, tags } = reading;
  for (let at = from; at < to;) {
    const label = tags[at] ?? 0;
    if (label === 0) {
      at++;
      continue;
    }
    let end = at + 1;
    while (
      end < to &&
      (tags[end] === label || (label === address && (tags[end] === location || joins(tokens, tags, end, to))))
    )
      end++;
    push(reading, at, end, label, out);
    at = end;
  }
}

/** A comma or line end within an address: more of it follows. */
function joins(tokens: Tokens, tags: Uint8Array, at: number, to: number): boolean {
  return tags[at] === 0 && isBridge(tokens, at) && at + 1 < to && isPlace(tags[at + 1]);
}

function push(reading: NameReading, from: number, to: number, label: number, out: NameSpan[]): void {
  const { tokens, tags, sure } = reading;
  let first = from;
  let last = to - 1;
  while (first < last && isBridge(tokens, first)) first++;
  while (last > first && isBridge(tokens, last) && !isInitialDot(reading, last)) last--;
  if (isBridge(tokens, first)) return;
  const seen = { digits: 0, streets: 0, words: 0, small: 0, named: 0, mixed: 0, plain: 0, plainer: false };
  let sum = 0;
  let count = 0;
  for (let at = first; at <= last; at++) {
    if ((tags[at] ?? 0) === 0 || isBridge(tokens, at)) continue;
    sum += sure[at] ?? 0;
    count++;
    const what = tokens.kinds[at];
    if (what === kind.digits || what === kind.code) {
      seen.digits++;
      continue;
    }
    const bits = bitsAt(reading, at);
    seen.words++;
    if ((bits & (word.street | word.unit)) !== 0) seen.streets++;
    if ((bits & (word.first | word.last | word.particle)) !== 0) seen.named++;
    else if ((bits & word.common) !== 0) seen.plain++;
    if ((bits & (word.common | word.country)) !== 0) seen.plainer = true;
    if (what === kind.lower) seen.small++;
    else if (what === kind.mixed) seen.mixed++;
  }
  const name = labels[label];
  if (count === 0 || name === undefined || name === "") return;
  out.push({ label: name, start: tokens.starts[first] ?? 0, end: tokens.ends[last] ?? 0, score: sum / count, ...seen });
}

/** What is known of a word: of what is no ordinary one, nobody has asked yet. */
function bitsAt({ tokens, known }: NameReading, at: number): number {
  const what = tokens.kinds[at] as number;
  return what <= kind.mixed || what === kind.code ? (known[at] as number) : wordBits(tokens.hashes[at] ?? 0);
}

/** The full stop of `Jr.`, `Inc.` belongs to it. */
function isInitialDot(reading: NameReading, at: number): boolean {
  const { tokens } = reading;
  if ((tokens.ends[at] ?? 0) - (tokens.starts[at] ?? 0) !== 1 || tokens.starts[at] !== tokens.ends[at - 1])
    return false;
  return (bitsAt(reading, at - 1) & word.company) !== 0 && tokens.hashes[at] === dot;
}

const dot = Math.imul(0x811c9dc5 ^ 0x2e, 0x01000193) | 0;
