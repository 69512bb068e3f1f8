/**
 * Seeds of wallets by their words alone (BIP-39): twelve to twenty-four of a list of 2,048, of which the last bits are a checksum, so that a
 * sentence passes for one in no text that anybody wrote. In: a text and where something speaks of one. Out: its span; and where one may
 * be that is still arriving.
 *
 * Between the words stand spaces, commas, line ends, numbers. They are looked for where a text begins and behind what people
 * call them, for most of a text is words.
 */
import { createHash } from "node:crypto";
import type { Assigned } from "./assignments.ts";
import { seedWords } from "./seed-words.ts";

const indexes: ReadonlyMap<string, number> = new Map(seedWords.map((word, index) => [word, index]));

/** What people call it, for the automaton. */
export const seedMarks: readonly string[] = [
  ...["mnemonic", "seed phrase", "seed words", "recovery phrase", "recovery words", "backup phrase", "backup words"],
  ...[
    "wallet",
    "metamask",
    "trezor",
    "2 words",
    "4 words",
    "twelve words",
    "the words are",
    "seed:",
    "recovery:",
    "backup:",
    "phrase:",
    "words:",
  ],
];
const called = new RegExp(seedMarks.map((mark) => mark.replace(" ", "[ _-]")).join("|"), "i");

const most = 24;
const longestLead = 48;
/** From the first word to the last: 24 words of eight letters, with numbers and signs between. */
const longest = 24 * 8 + 24 * 6;
const word = /[a-z]{3,8}(?![A-Za-z0-9_'’-])/y;
const parting = /(?:[ \t]{1,2}|[ \t]{0,2}(?:,|\r?\n)[ \t]{0,4})(?:\d{1,2}[.):]?[ \t]{1,2})?/y;
const numbered = /["'`\s]{0,4}(?:\d{1,2}[.):]?[ \t]{1,2})?/y;

/** No longer is what `numbered` takes: how far behind a text's start its first word begins at most. */
export const longestSeedLead = 12;

/** The seed that begins at `start`, whose first word may have a number. */
export function seedAt(text: string, start: number): Assigned | undefined {
  if (!maySeed(text, start)) return undefined;
  numbered.lastIndex = start;
  const from = start + (numbered.exec(text)?.[0].length ?? 0);
  const said: number[] = [];
  const ends: number[] = [];
  for (let at = from; said.length < most;) {
    word.lastIndex = at;
    const found = word.exec(text)?.[0];
    const index = found === undefined ? undefined : indexes.get(found);
    if (found === undefined || index === undefined || at + found.length - from > longest) break;
    said.push(index);
    ends.push(at + found.length);
    parting.lastIndex = at + found.length;
    const between = parting.exec(text)?.[0];
    if (between === undefined) break;
    at += found.length + between.length;
  }
  for (let count = said.length - (said.length % 3); count >= 12; count -= 3)
    if (hasChecksum(said.slice(0, count))) return { start: from, end: ends[count - 1] ?? from, score: 0.95 };
  return undefined;
}

/** Whether the first word could be one, before more is asked. */
function maySeed(text: string, start: number): boolean {
  let at = start;
  while (at < start + 4 && (text.charCodeAt(at) <= 34 || text.charCodeAt(at) === 39 || text.charCodeAt(at) === 96))
    at++;
  if (text.charCodeAt(at) === 49) return true;
  let end = at;
  while (end < at + 9 && isSmall(text.charCodeAt(end))) end++;
  return end - at >= 3 && end - at <= 8 && indexes.has(text.slice(at, end));
}

/** Behind a name: what a colon, a line's end, a quote, a verb or a space parts from it. */
export function namedSeedAt(text: string, end: number): Assigned | undefined {
  const least = end + (text.charCodeAt(end) === 115 ? 1 : 0);
  for (let at = least; at < end + longestLead; at++) {
    if (!isLead(text, at, least)) continue;
    let from = at + 1;
    while (from < at + 4 && text.charCodeAt(from) <= 32) from++;
    const found = seedAt(text, from);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `:`, `=`, `(`, a quote, a line's end; the space behind the name or a verb. */
function isLead(text: string, at: number, name: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit !== 32)
    return unit === 58 || unit === 61 || unit === 40 || unit === 34 || unit === 39 || unit === 96 || unit === 10;
  return at === name || text.startsWith(" is", at - 3) || /^(?:are|was|ere)$/.test(text.slice(at - 3, at));
}

/** The first bits of the seed's SHA-256 stand behind it: one for each 32 of its own. */
function hasChecksum(said: readonly number[]): boolean {
  const bits = said.map((index) => index.toString(2).padStart(11, "0")).join("");
  const own = (said.length * 32) / 3;
  const bytes = Uint8Array.from({ length: own / 8 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2));
  const first = createHash("sha256").update(bytes).digest()[0] ?? 0;
  return (
    bits.slice(own) ===
    first
      .toString(2)
      .padStart(8, "0")
      .slice(0, bits.length - own)
  );
}

/** Where words of a seed begin that go on to `end`; `end` where there are none. */
export function openSeedFrom(text: string, end: number): number {
  let from = end;
  const least = Math.max(0, end - longest - 16);
  // Its last word may be in parts: any letters are one.
  for (let at = end, last = true; at > least; last = false) {
    let start = at;
    while (start > least && isSmall(text.charCodeAt(start - 1))) start--;
    if (start === at ? !last : !last && !indexes.has(text.slice(start, at))) break;
    if (at - start > 8) break;
    from = start;
    at = start;
    while (at > least && isBetween(text.charCodeAt(at - 1))) at--;
    if (at === start) break;
  }
  if (from === end) return end;
  const lead = Math.max(0, from - longestLead - 12);
  return from === 0 || isStart(text, from) || called.test(text.slice(lead, end)) ? from : end;
}

/** Nothing but a number stands before it. */
function isStart(text: string, from: number): boolean {
  return from <= longestSeedLead && /^[\d.):\s"'`]*$/.test(text.slice(0, from));
}

function isSmall(unit: number): boolean {
  return unit >= 97 && unit <= 122;
}

/** Spaces, line ends, commas, numbers and what stands behind them. */
function isBetween(unit: number): boolean {
  return (
    unit === 32 ||
    unit === 10 ||
    unit === 13 ||
    unit === 9 ||
    unit === 44 ||
    unit === 46 ||
    unit === 41 ||
    unit === 58 ||
    (unit >= 48 && unit <= 57)
  );
}
