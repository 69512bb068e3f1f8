/**
 * Words drawn at random, and what makes each a credential: the name before it, or a prefix of its own. In: a text. Out: spans.
 * Words are judged once each; what is looked at before one is bounded, and behind it nothing but the next sign.
 */
import type { Candidate } from "./candidate.ts";
import { scanner } from "../kernels/scanner.ts";
import { contextOf, type Context } from "./context.ts";
import { findMarked } from "./marked.ts";
import { isMasked } from "./provider.ts";
import { isPrefixedToken } from "./structure.ts";
import { classesOf, entropy, isEncodedText, isPlaceholder, isRandom, wordlikeness } from "./value.ts";

/** A word is at least one run of base64, in either alphabet, of so many; runs may be joined by `.` and `~`. */
const least = 16;
const most = 512;
const longestPrefixed = 600;

/** 1 for the signs of base64, 2 for digits, 3 for what joins them. */
const kinds = new Uint8Array(128);
for (const sign of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-") kinds[sign.charCodeAt(0)] = 1;
for (const sign of "0123456789") kinds[sign.charCodeAt(0)] = 2;
for (const sign of ".~") kinds[sign.charCodeAt(0)] = 3;

export type Out = (found: Candidate) => void;

export function findRandomWords(text: string, out: Out): void {
  const runs = scanner()?.survey(text)?.runs;
  let done = 0;
  const judge = (start: number, end: number): void => {
    if (start < done) return;
    let from = start;
    while (from > done && kindAt(text, from - 1) !== 0) from--;
    done = end;
    while (done < text.length && kindAt(text, done) !== 0) done++;
    judgeWord(text, from, done, out);
  };
  if (runs === undefined) return findRuns(text, judge);
  for (let at = 0; at < runs.length; at += 2) {
    const [start = 0, end = 0] = [runs[at], runs[at + 1]];
    if (end - start >= least) judge(start, end);
  }
}

/** A run of `least` covers every `least`-th place: looking back from there, most of the text is never read. */
function findRuns(text: string, judge: (start: number, end: number) => void): void {
  const isRun = (at: number): boolean => kindAt(text, at) !== 0 && kindAt(text, at) !== 3;
  for (let at = 0; at + least <= text.length;) {
    let back = at + least - 1;
    while (back >= at && isRun(back)) back--;
    if (back >= at) {
      at = back + 1;
      continue;
    }
    let end = at + least;
    while (end < text.length && isRun(end)) end++;
    judge(at, end);
    at = end + 1;
  }
}

function kindAt(text: string, at: number): number {
  return kinds[text.charCodeAt(at)] ?? 0;
}

function judgeWord(text: string, start: number, end: number, out: Out): void {
  findMarked(text, start, end, out);
  let digits = 0;
  for (let at = start; at < end && digits < 2; at++) if (kindAt(text, at) === 2) digits++;
  if (digits < 2) return;
  let to = end;
  while (to > start && ".-~".includes(text.charAt(to - 1))) to--;
  const word = text.slice(start, to);
  // What is joined to its name by `=` begins behind that; what is padded ends with it.
  const padded = /={0,4}$/.exec(word)?.index ?? word.length;
  const value = word.slice(word.lastIndexOf("=", padded - 1) + 1);
  const from = to - value.length;
  if (isPartOfMore(text, from, to)) return;
  const bare = value.slice(0, value.length - (word.length - padded));
  if (bare.length >= 24 && bare.length <= longestPrefixed && isPrefixedToken(bare))
    out({ type: "token", start: from, end: from + bare.length, score: 0.7 });
  judgeNamed(text, value.length === word.length ? from + nameWithin(word) : from, to, out);
}

function judgeNamed(text: string, start: number, end: number, out: Out): void {
  if (end - start < 12 || end - start > most) return;
  const value = text.slice(start, end);
  const draw = drawOf(value);
  const context = draw && contextOf(text, start);
  if (draw === undefined || context === undefined) return;
  const score = scoreOf(value, draw, context);
  if (score > 0) out({ type: "credential", start, end, score });
}

const credentialHead = /^(?:[A-Za-z][\w.-]{0,40}?)?(?:secret|token|key|private|access|password|pat|auth)[\w]{0,8}?[-_.=]+(?=[^-_.=]{4})/i;

/** `fileio_ACCESS-ABCD1234…`: how much of a word is its name. */
function nameWithin(word: string): number {
  return credentialHead.exec(word)?.[0].length ?? 0;
}

export type Draw = "mixed" | "single" | "hex" | "uuid" | "digits";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** How a value was drawn; nothing where somebody thought of it. */
export function drawOf(value: string): Draw | undefined {
  if (uuid.test(value)) return entropy(value) > 2.8 ? "uuid" : undefined;
  if (/^\d+$/.test(value)) return value.length >= 14 && entropy(value) > 2.5 ? "digits" : undefined;
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value)) return value.length >= 16 && isRandom(value) ? "hex" : undefined;
  if (!isRandom(value) || isNames(value)) return undefined;
  const { upper, lower, digits } = classesOf(value);
  const words = wordlikeness(value);
  // A name with a number in it, as code has them; an alphabet.
  if (digits < 2 || entropy(value) < 3 || words > 0.7 || (words > -0.3 && digits * 6 < value.length)) return undefined;
  if (value.length >= 36 && new Set(value).size === value.length) return undefined;
  return upper >= 2 && lower >= 2 ? "mixed" : "single";
}

const namePart = /^(?:[A-Za-z]?[a-z]{1,14}\d{0,4}|[A-Z]{1,12}\d{0,4}|\d{1,12}|v?\d+[a-z]{0,4}\d{0,2})$/;

/** Words with numbers, parted: `prod-db-2`, `x86_64-linux-gnu`, `2024-05-01`. */
function isNames(value: string): boolean {
  const parts = value.split(/[-_.~+/=]/);
  const first = parts[0] ?? "";
  if (parts.length > 1 && first.length >= 4 && parts.every((part) => part.length === first.length && /\d/.test(part) && /[A-Za-z]/.test(part)))
    return false;
  return !parts.some((part) => part.length >= 8 && !namePart.test(part) && isRandom(part));
}

/** A part of a path, a host, an address, a call or markup. */
function isPartOfMore(text: string, from: number, to: number): boolean {
  return (
    /[/@#%\\&]/.test(text.charAt(from - 1)) ||
    /[(@%[]/.test(text.charAt(to)) ||
    isMasked(text, to) ||
    text.startsWith("//", from) ||
    text.startsWith("://", to)
  );
}

export function scoreOf(value: string, draw: Draw, { strong, weak, issuer, open, assigned, joined, name }: Context): number {
  if (open || isPlaceholder(value) || isEncodedText(value)) return 0;
  const length = value.length;
  if (draw === "digits") return assigned && (strong || (issuer && weak)) ? 0.55 : 0;
  if (value.includes("/") && (draw !== "mixed" || wordlikeness(value) > -0.2 || length < 24)) return 0;
  if (draw === "hex" && length < (issuer ? 20 : 28)) return 0;
  if (strong) return length >= 16 ? 0.75 : 0.6;
  if (!joined && classesOf(value).digits * 6 < length) return 0;
  if (issuer && weak) return length >= 16 ? 0.7 : 0.55;
  const isCommon = draw === "uuid" || (draw === "hex" && (!assigned || length === 40 || length === 64));
  if (issuer) return isCommon || length < 20 ? 0 : 0.65;
  if (weak && (draw === "mixed" || draw === "single")) return length >= 20 ? 0.6 : 0;
  if (weak && draw === "hex" && /(?:private|access)(?:[-_. ]?code)?$/.test(name)) return length >= 32 ? 0.55 : 0;
  if (assigned && draw === "mixed" && /^[A-Za-z0-9_-]{24,64}$/.test(value) && wordlikeness(value) < -0.3) return 0.5;
  return 0;
}
