/**
 * Texts whose letters stand for others, or run backwards: ROT13 and other shifts, Atbash, reversed, upside down, Morse, Braille. In: a text, and
 * where in it few words are English. Out: what it says in another reading, where that holds common words and the text does not.
 */
import type { Hidden } from "./encodings.ts";
import { readable } from "./readable.ts";
import { fromRadio } from "./spelled.ts";

/** Longer pieces are not read. */
const maxPiece = 64 * 1024;
const maxStretches = 16;

/** Common English words, forwards; a text that holds few of them but many in another reading is in that reading. */
const common: ReadonlySet<string> = new Set(
  (
    "the and to of a in is you your that for it all me with this on be not previous instructions ignore system prompt " +
    "i my are as from what how do now say tell give show write reveal"
  ).split(" "),
);

const commonBackwards: ReadonlySet<string> = new Set([...common].map((word) => Array.from(word).toReversed().join("")));
const longestCommon = 12;

/** @param stretches where the words are not English, as offsets: start, end, start, end */
export function findCiphers(text: string, stretches: readonly number[], found: Hidden[]): void {
  for (let at = 0; at < stretches.length && at < maxStretches * 2; at += 2)
    findReadings(text, stretches[at] as number, stretches[at + 1] as number, found);
}

function findReadings(whole: string, start: number, end: number, found: Hidden[]): void {
  if (end - start < 12 || end - start > maxPiece) return;
  const text = whole.slice(start, end);
  const morse = fromMorse(text);
  if (morse !== "") found.push({ encoding: "morse", text: morse, start, end });
  const radio = fromRadio(text);
  if (radio !== undefined) found.push({ encoding: "radio", text: radio, start, end });
  findBase85(text, start, found);
  const sample = text.slice(0, sampleUnits);
  const plain = familiarity(sample);
  for (const [encoding, read] of [...backwards(sample), ...substituted(sample)])
    // Tables of signs become single letters.
    if (familiarity(read(sample), encoding === "rot47" ? 2 : 1) > Math.max(0.2, plain * 2))
      found.push({ encoding, text: read(text), start, end });
}

const shortestBase85 = 20;
const longestBase85 = 4_096;

/** Ascii85, and the base 85 of RFC 1924 that Python and Git write. */
function findBase85(text: string, from: number, found: Hidden[]): void {
  const at = firstSolid(text);
  if (at < 0) return;
  const run = solidFrom(text, at);
  if (!/[^A-Za-z0-9+/=_-]/.test(run)) return;
  const code = run.replace(/^<~|~>$/g, "");
  const start = from + at;
  for (const alphabet of alphabets85) {
    const said = readable(fromBase85(code, alphabet));
    if (said !== "") found.push({ encoding: "base85", text: said, start, end: start + run.length });
  }
}

/** Where the first run of so many visible signs of ASCII begins, or -1. Words are shorter: most of a text is leapt over. */
function firstSolid(text: string): number {
  for (let from = 0, at = from + shortestBase85 - 1; at < text.length;) {
    if (isVisible(text.charCodeAt(at))) {
      if (at === from) return from;
      at -= 1;
    } else {
      from = at + 1;
      at = from + shortestBase85 - 1;
    }
  }
  return -1;
}

function solidFrom(text: string, from: number): string {
  let end = from;
  while (end < text.length && end - from < longestBase85 && isVisible(text.charCodeAt(end))) end += 1;
  return text.slice(from, end);
}

function isVisible(unit: number): boolean {
  return unit > 0x20 && unit < 0x7f;
}

const alphabets85 = [
  Array.from({ length: 85 }, (_, at) => String.fromCharCode(33 + at)).join(""),
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
];

/** No bytes where a sign is none of the alphabet's. */
function fromBase85(code: string, alphabet: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < code.length; at += 5) {
    const five = code.slice(at, at + 5);
    let number = 0;
    for (let digit = 0; digit < 5; digit++) {
      const value = digit < five.length ? alphabet.indexOf(five[digit] as string) : 84;
      if (value < 0) return new Uint8Array();
      number = number * 85 + value;
    }
    for (let byte = 0; byte < five.length - 1; byte++) bytes.push(Math.floor(number / 256 ** (3 - byte)) & 0xff);
  }
  return Uint8Array.from(bytes);
}

type Reading = readonly [encoding: string, read: (text: string) => string];

function backwards(sample: string): readonly Reading[] {
  if (/[^\0-\u024f]/.test(sample)) return [...turned, ...byWord, ...upsideDownToo];
  const forwards = isSigns(sample) ? [...byWord, ...rotated] : byWord;
  // Backwards the words of ASCII are the same words backwards, in whatever order.
  if (!/[^\0-\x7f]/.test(sample) && familiarity(sample, 1, commonBackwards) === 0) return forwards;
  return [...turned, ...forwards];
}

/** Half of what ROT47 makes of letters are none. */
function isSigns(sample: string): boolean {
  let letters = 0;
  for (let at = 0; at < sample.length; at++) if (isLetter(sample.charCodeAt(at))) letters += 1;
  return letters < sample.length * 0.6;
}

const rotated: readonly Reading[] = [
  ["rot47", (text) => text.replaceAll(/[!-~]/g, (sign) => String.fromCharCode(33 + ((sign.charCodeAt(0) + 14) % 94)))],
];

const turned: readonly Reading[] = [
  ["reversed", reversed],
  ["reversed-words", (text) => text.split(/\b/).map(reversed).join("")],
];

const byWord: readonly Reading[] = [["base64", (text) => text.replaceAll(/[A-Za-z0-9+/]{2,64}={0,2}/g, wordOfBase64)]];

/** A word that was encoded alone, or the same where it is none. */
function wordOfBase64(word: string): string {
  const said = word.length % 4 === 0 && /[A-Z0-9=]/.test(word) ? Buffer.from(word, "base64").toString("latin1") : "";
  return /^[A-Za-z][A-Za-z'.,:;!?-]*$/.test(said) ? said : word;
}

const upsideDownToo: readonly Reading[] = [["flipped", (text) => reversed(unflipped(text))]];

/** Likelier by so much a letter, or it is no cipher. */
const likelier = 0.25;

/** The shift and the mirror of the alphabet that would make the sample's letters much more like English ones. */
function substituted(sample: string): Reading[] {
  const counts = countLetters(sample);
  const letters = counts.reduce((sum, count) => sum + count, 0);
  const bar = likelihood(counts, likelihoods, 0) + likelier * letters;
  const readings: Reading[] = [];
  let best = 0;
  let most = bar;
  for (let by = 1; by < 26; by++) {
    const sum = likelihood(counts, likelihoods, by);
    if (sum > most) [best, most] = [by, sum];
  }
  if (best > 0) readings.push([best === 13 ? "rot13" : "shifted", (text) => shifted(text, best)]);
  if (likelihood(counts, mirrored, 0) > bar) readings.push(["atbash", atbash]);
  return readings;
}

function countLetters(text: string): Float64Array {
  const counts = new Float64Array(26);
  for (let at = 0; at < text.length; at++) {
    const letter = (text.charCodeAt(at) | 0x20) - 0x61;
    if (letter >= 0 && letter < 26) counts[letter] = (counts[letter] as number) + 1;
  }
  return counts;
}

/** Of letters that each stand for the one `by` places on in a list of likelihoods. */
function likelihood(counts: Float64Array, of: Float64Array, by: number): number {
  let sum = 0;
  for (let letter = 0; letter < 26; letter++) sum += (counts[letter] as number) * (of[letter + by] as number);
  return sum;
}

/** A reading is tried on this much first. */
const sampleUnits = 240;

/** The share of words that are {@link common}; 0 for fewer than four words, or three such. */
function familiarity(text: string, shortest = 1, among: ReadonlySet<string> = common): number {
  let words = 0;
  let known = 0;
  let start = -1;
  const end = text.length;
  for (let at = 0; at <= end; at++) {
    if (at < end && isLetter(text.charCodeAt(at))) {
      if (start < 0) start = at;
      continue;
    }
    if (start < 0) continue;
    words += 1;
    const isRead = at - start >= shortest && at - start <= longestCommon;
    if (isRead && among.has(text.slice(start, at).toLowerCase())) known += 1;
    start = -1;
  }
  return words < 4 || known < 3 ? 0 : known / words;
}

/** Moves Latin letters on in the alphabet. */
function shifted(text: string, by: number): string {
  return mapped(text, (letter) => (letter + by) % 26);
}

function atbash(text: string): string {
  return mapped(text, (letter) => 25 - letter);
}

function mapped(text: string, to: (letter: number) => number): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const base = unit >= 0x61 && unit <= 0x7a ? 0x61 : unit >= 0x41 && unit <= 0x5a ? 0x41 : 0;
    out += base === 0 ? text[at] : String.fromCharCode(to(unit - base) + base);
  }
  return out;
}

/** The logarithm of how often letters stand in English, per thousand, from a to z. */
const logarithms = [
  ...[82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1],
].map(Math.log);
/** Twice, so that a shift need not begin again. */
const likelihoods = Float64Array.of(...logarithms, ...logarithms);
const mirrored = Float64Array.from(logarithms.toReversed());

function reversed(text: string): string {
  let out = "";
  for (let at = text.length - 1; at >= 0; at--) out += text[at];
  return out;
}

const upsideDown = "ɐqɔpǝɟƃɓɥᴉıɾʞןlɯuodbɹsʇnʌʍxʎz";
const upright = "abcdefgghiijkllmnopqrstuvwxyz";

function unflipped(text: string): string {
  let out = "";
  for (const character of text) {
    const at = upsideDown.indexOf(character);
    out += at < 0 ? character : upright[at];
  }
  return out;
}

const morseLetters: ReadonlyMap<string, string> = new Map(
  (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. " +
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
  )
    .split(" ")
    .map((code, at) => [code, "abcdefghijklmnopqrstuvwxyz0123456789"[at] ?? ""]),
);

const morseSigns: ReadonlySet<number> = new Set(Array.from(" .-/_|\n·−", (sign) => sign.charCodeAt(0)));

/** The text's Morse code, where four fifths of it are Morse; else the empty string. */
function fromMorse(text: string): string {
  let others = 0;
  for (let at = 0; at < text.length; at++)
    if (!morseSigns.has(text.charCodeAt(at)) && ++others > text.length * 0.2) return "";
  let out = "";
  for (const code of text
    .replaceAll("·", ".")
    .replace(/[_−]/g, "-")
    .split(/([ /|\n]+)/)) {
    if (/[/|\n]| {2}/.test(code)) out += " ";
    else out += morseLetters.get(code) ?? "";
  }
  return out.trim().length >= 8 ? out.trim() : "";
}

function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit >= 0xc0;
}
