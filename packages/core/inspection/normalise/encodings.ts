/**
 * Finds text inside text: base64, hexadecimal, binary, lists of character codes, URL and HTML and JavaScript escapes, spaced-out letters, words
 * run together, and what `ciphers.ts` reads. In: a text. Out: what it hides, with the span that hides it.
 *
 * Each decoder is a hand-written scan, linear in the text. What does not decode to readable text is not reported: most long
 * runs of base64 are images and keys.
 */

import { blockUnits, scanner, type Survey } from "../kernels/scanner.ts";
import { findCiphers } from "./ciphers.ts";
import { findCodes } from "./codes.ts";
import { findGlyphs } from "./glyphs.ts";
import { findJoined } from "./joined.ts";
import { findLines } from "./lines.ts";
import { bytesOfBits, readBase, shortestRun } from "./bases.ts";
import { readable } from "./readable.ts";
import { findNumbered } from "./spelled.ts";
import { unitsOf } from "./units.ts";

const base64Kind = 1;
const hexKind = 2;
const letterKind = 4;
const escapeKind = 8;
const digitKind = 16;
/** For each unit, the alphabets that it belongs to. */
const kinds = new Uint8Array(0x10000);
kinds.fill(letterKind, 0xc0);
for (const sign of "%&\\") kinds[sign.charCodeAt(0)] = escapeKind;
for (const sign of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_")
  kinds[sign.charCodeAt(0)] = base64Kind;
for (const sign of "0123456789abcdefABCDEF") kinds[sign.charCodeAt(0)] = base64Kind | hexKind;
for (let letter = 0x41; letter <= 0x5a; letter++) {
  kinds[letter] = (kinds[letter] ?? 0) | letterKind;
  kinds[letter + 32] = (kinds[letter + 32] ?? 0) | letterKind;
}

/** What the survey takes for digits: of base64's signs those below `:`. */
for (const sign of "0123456789+/-") kinds[sign.charCodeAt(0)] = (kinds[sign.charCodeAt(0)] as number) | digitKind;

export interface Hidden {
  /** Such as `base64`; stable. */
  readonly encoding: string;
  readonly text: string;
  /** Where the encoded form stands in the text that was given. */
  readonly start: number;
  readonly end: number;
}

/** At most this many pieces of one text are decoded, and none longer than {@link maxPiece} units. */
const maxPieces = 16;
const maxPiece = 64 * 1024;

/** What the tokens of a text tell of it: most texts are nothing of the kind. */
export interface Oddities {
  /** Stretches of words that are not English, as offsets: start, end, start, end. */
  readonly stretches: readonly number[];
  /** Whether it holds many numbers, or words with digits in them. */
  readonly numbers: boolean;
  /** Whether it holds other characters than ASCII. */
  readonly wide: boolean;
}

export function findHidden(text: string, { stretches, numbers, wide }: Oddities): Hidden[] {
  const found: Hidden[] = [];
  const { runs, escapes, lonely } = scanner()?.survey(text) ?? survey(text);
  if (runs.length > 0) findRuns(text, runs, found);
  if (escapes >= 4) findEscapes(text, found);
  if (lonely.length > 0) findSpaced(text, lonely, found);
  if (numbers) findCodes(text, found);
  if (numbers) findNumbered(text, found);
  if (text.includes("begin ")) findUuencoded(text, found);
  if (text.includes(override)) findOverridden(text, found);
  if (runs.length > 0) findJoined(text, runs, found);
  if (wide) findGlyphs(text, found);
  findLines(text, found);
  if (stretches.length > 0) findCiphers(text, stretches, found);
  return found;
}

/** What one pass tells: most texts hold nothing that the decoders would look at. */
export function survey(text: string): Survey {
  const units = unitsOf(text);
  const { length } = text;
  const runs: number[] = [];
  let runStart = 0;
  let digitsInRun = 0;
  let escapes = 0;
  let letters = 0;
  let streak = 0;
  const lonely: number[] = [];
  for (let at = 0; at <= length; at++) {
    const kind = at < length ? (kinds[units[at] as number] as number) : 0;
    if ((kind & base64Kind) === 0) {
      // Words are runs too: only those with digits, or longer than words are, can be codes.
      if (at - runStart >= 8 && (digitsInRun > 0 || at - runStart >= shortestRun)) runs.push(runStart, at);
      runStart = at + 1;
      digitsInRun = 0;
    } else digitsInRun += kind >> 4;
    if ((kind & letterKind) !== 0) letters += 1;
    else {
      if (letters > 0) {
        streak = letters === 1 ? streak + 1 : 0;
        const block = at - (at % blockUnits);
        if (streak >= fewestSpaced && lonely.at(-1) !== block) lonely.push(block);
        letters = 0;
      }
      escapes += (kind & escapeKind) >> 3;
    }
  }
  return { runs, escapes, lonely };
}

/** Runs of the alphabet of base64 (standard and URL-safe), which hexadecimal and binary are part of. */
function findRuns(text: string, runs: readonly number[], found: Hidden[]): void {
  let read = 0;
  // Lines that are no code together are not put together again from the second on.
  let triedUntil = -1;
  let left = mostBase58;
  for (let index = 0; index < runs.length && found.length < maxPieces; index += 2) {
    const start = runs[index] as number;
    if (start < read) continue;
    const end = runs[index + 1] as number;
    if (end - start === 8) {
      read = findOctets(text, start, found);
      continue;
    }
    if (end - start < shortestRun) continue;
    const last = index > triedUntil ? endOfLines(text, runs, index) : index;
    triedUntil = Math.max(triedUntil, last);
    const whole = last > index ? text.slice(start, runs[last + 1]).replaceAll(/[^A-Za-z0-9+/=_-]+/g, "") : "";
    const [encoding, decoded] = whole.length === 0 || whole.length > maxPiece ? none : readBase(whole, false);
    if (decoded !== "") {
      read = runs[last + 1] as number;
      found.push({ encoding, text: decoded, start, end: read });
    } else if (end - start <= maxPiece) {
      const [kind, alone] = readBase(text.slice(start, end), left > 0);
      if (kind === "base58") left -= 1;
      add(found, kind, alone, start, end);
    }
  }
}

/** So many runs of one text are tried in base 58, which takes the square of their length. */
const mostBase58 = 16;
const none = ["", ""] as const;
const mostLines = 1024;

/** The last of the runs that follow line by line, with nothing but an indentation or a quotation's sign between them. */
function endOfLines(text: string, runs: readonly number[], first: number): number {
  let last = first;
  while (last + 2 < runs.length && last - first < mostLines * 2) {
    const [end, next] = [runs[last + 1] as number, runs[last + 2] as number];
    if (next - end > 8 || !/^[ \t]*\r?\n[ \t>]*$/.test(text.slice(end, next))) break;
    last += 2;
  }
  return last;
}

/** `01001000 01101001`: groups of eight, a space between them. Gives the place after the last. */
function findOctets(text: string, start: number, found: Hidden[]): number {
  let at = start;
  let bits = "";
  while (/^[01]{8}/.test(text.slice(at, at + 8))) {
    bits += text.slice(at, at + 8);
    at += 8;
    if (text[at] === " ") at += 1;
    if (bits.length > maxPiece) break;
  }
  if (bits.length >= 24) add(found, "binary", readable(bytesOfBits(bits)), start, at);
  return Math.max(at, start + 8);
}

/** Percent signs, numbered and named HTML entities, `\u0041` and `\x41`. One escape decodes as part of what surrounds it. */
function findEscapes(text: string, found: Hidden[]): void {
  let out = "";
  let first = -1;
  let copied = 0;
  let count = 0;
  for (let at = escapeFrom(text, 0); at >= 0; at = escapeFrom(text, at)) {
    const escape = readEscape(text, at, text.charCodeAt(at));
    if (escape === undefined) {
      at += 1;
      continue;
    }
    if (first < 0) first = at;
    else out += text.slice(copied, at);
    out += String.fromCodePoint(escape.point);
    at += escape.length;
    copied = at;
    count += 1;
    if (out.length > maxPiece) break;
  }
  if (count < 4) return;
  const repaired = hasHighBytes(out) ? readable(Buffer.from(out, "latin1")) : "";
  add(found, "escapes", repaired === "" ? out : repaired, first, copied);
}

/** Where the next sign that escapes begin with stands; -1 where there is none. */
function escapeFrom(text: string, from: number): number {
  const next = scanner()?.escapeFrom(text, from);
  if (next !== undefined) return next;
  const units = unitsOf(text);
  for (let at = from; at < text.length; at++)
    if (((kinds[units[at] as number] as number) & escapeKind) !== 0) return at;
  return -1;
}

function hasHighBytes(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0xff) return false;
    if (unit > 0x7f) return true;
  }
  return false;
}

/** `&#1114111;` */
const longestEntity = 10;
const named: Readonly<Record<string, number>> = { amp: 38, lt: 60, gt: 62, quot: 34, apos: 39, nbsp: 32 };

function readEscape(text: string, at: number, unit: number): { point: number; length: number } | undefined {
  if (unit === 0x25) return fixed(text, at, 1, 2);
  if (unit === 0x5c) {
    // Escaped once more, and again, a backslash becomes two, four, eight.
    let before = 1;
    while (before < 8 && text[at + before] === "\\") before += 1;
    const kind = text[at + before];
    return kind === "u" ? fixed(text, at, before + 1, 4) : kind === "x" ? fixed(text, at, before + 1, 2) : undefined;
  }
  const end = at + text.slice(at, at + longestEntity).indexOf(";");
  if (end < at) return undefined;
  const name = text.slice(at + 1, end);
  const value = /^#\d{1,7}$/.test(name)
    ? Number(name.slice(1))
    : /^#x[0-9a-f]{1,6}$/i.test(name)
      ? Number.parseInt(name.slice(2), 16)
      : named[name];
  if (value === undefined || value > 0x10ffff) return undefined;
  return { point: value, length: end - at + 1 };
}

/** `digits` hexadecimal digits, `skip` units after the sign. */
function fixed(text: string, at: number, skip: number, digits: number): { point: number; length: number } | undefined {
  let point = 0;
  for (let index = at + skip; index < at + skip + digits; index++) {
    const unit = text.charCodeAt(index);
    if (!isHex(unit)) return undefined;
    point = point * 16 + Number.parseInt(text[index] ?? "0", 16);
  }
  return { point, length: skip + digits };
}

const fewestSpaced = 8;
/** Of eight letters the last ends so far behind the first at most: see below. */
const spacedReach = 29;

/**
 * `i g n o r e` and `i-g-n-o-r-e`: eight single letters or more, one sign or space between them, more between words.
 *
 * @param lonely the blocks in which eight letters end: only what begins near one is looked at
 */
function findSpaced(text: string, lonely: readonly number[], found: Hidden[]): void {
  let next = 0;
  for (const block of lonely) {
    const last = Math.min(text.length - 14, block + blockUnits);
    next = findSpacedIn(text, Math.max(next, block - spacedReach), last, found);
  }
}

/** Of those that begin in [from, last). Gives the place from where on to look for more. */
function findSpacedIn(text: string, from: number, last: number, found: Hidden[]): number {
  const units = unitsOf(text);
  let inWord = from > 0 && isLetter(units[from - 1] as number);
  let at = from;
  for (; at < last && found.length < maxPieces; at++) {
    const letter = isLetter(units[at] as number);
    if (!letter || inWord || isLetter(units[at + 1] as number)) {
      inWord = letter;
      continue;
    }
    const places = [at];
    for (let next = at + 2; next < text.length && next - (places.at(-1) as number) <= 4; next++) {
      if (!isLetter(units[next] as number)) continue;
      if (next + 1 < text.length && isLetter(units[next + 1] as number)) break;
      places.push(next);
    }
    const first = firstOfSpaced(units, places);
    const until = places.at(-1) as number;
    if (first < 0) {
      // No run that begins at a later letter of this one says more: it is not read again from each of them.
      at = until;
      continue;
    }
    found.push({
      encoding: "spaced",
      text: spacedLetters(text, places, first),
      start: places[first] as number,
      end: until + 1,
    });
    at = until + 1;
  }
  return Math.max(at, from);
}

/** From which of a run's letters on it reads as words; -1 where from none. The letters of `\\x41\\x42` are none: at most a third are an x. */
function firstOfSpaced(units: ArrayLike<number>, places: readonly number[]): number {
  let first = -1;
  let exes = 0;
  for (let at = places.length - 1; at >= 0; at--) {
    if (((units[places[at] as number] as number) | 0x20) === 0x78) exes += 1;
    const letters = places.length - at;
    if (letters >= fewestSpaced && exes * 3 <= letters) first = at;
  }
  return first;
}

/** The letters from the `first` on; where another sign than behind the first, or more than one, stands between, words part. */
function spacedLetters(text: string, places: readonly number[], first: number): string {
  const separator = text[(places[first] as number) + 1];
  let letters = text[places[first] as number] as string;
  for (let at = first + 1; at < places.length; at++) {
    const end = (places[at - 1] as number) + 1;
    const next = places[at] as number;
    letters += next - end > 1 || text[end] !== separator ? ` ${text[next]}` : text[next];
  }
  return letters;
}

const uuencoded = /begin [0-7]{3} [^\n]{1,100}\n((?:[ -`]{2,61}\r?\n){1,1024})/;

/** Lines of uuencode: a sign for how many bytes follow, and six bits a sign. */
function findUuencoded(text: string, found: Hidden[]): void {
  const match = uuencoded.exec(text);
  if (match?.[1] === undefined) return;
  const bytes = match[1].split(/\r?\n/).flatMap((line) => {
    const count = (line.charCodeAt(0) - 32) & 63;
    const bits = Array.from(line.slice(1), (sign) =>
      ((sign.charCodeAt(0) - 32) & 63).toString(2).padStart(6, "0"),
    ).join("");
    return [...bytesOfBits(bits).subarray(0, count)];
  });
  add(found, "uuencode", readable(Uint8Array.from(bytes)), match.index, match.index + match[0].length);
}

/** U+202E shows what follows backwards, to the end of the line or of the embedding. */
const override = "\u202e";

function findOverridden(text: string, found: Hidden[]): void {
  let start = text.indexOf(override);
  while (start >= 0 && found.length < maxPieces) {
    let end = start + 1;
    while (end < text.length && !"\u202c\n".includes(text[end] ?? "") && end - start < maxPiece) end += 1;
    add(
      found,
      "right-to-left",
      Array.from(text.slice(start + 1, end))
        .toReversed()
        .join(""),
      start,
      end,
    );
    start = text.indexOf(override, end);
  }
}

function add(found: Hidden[], encoding: string, text: string, start: number, end: number): void {
  if (text !== "") found.push({ encoding, text, start, end });
}

function isLetter(unit: number): boolean {
  return ((kinds[unit] as number) & letterKind) !== 0;
}

function isHex(unit: number): boolean {
  return ((kinds[unit] as number) & hexKind) !== 0;
}
