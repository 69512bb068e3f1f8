/**
 * Folds a text to the form in which detectors compare it, without losing where each character came from. In: a text. Out:
 * lower-case text without invisible characters, compatibility forms, Latin diacritics and look-alike letters, with the
 * offset of every unit in the original.
 *
 * UAX #15 (NFKC), UTS #39 (confusables, the part that matters inside words that mix scripts), Unicode tag characters
 * (invisible ASCII, U+E0020 to U+E007E) are decoded to what they spell. Linear in the length; ASCII takes a short cut.
 */

import { unitsOf } from "./units.ts";

/** The next call writes over it. */
export interface Folded {
  readonly text: string;
  /** How many units {@link text} has. */
  readonly length: number;
  /** The units of {@link text}, and room behind them. */
  readonly units: Uint16Array;
  /** For each unit of {@link text}, and one past its end, the offset in the original; `undefined` where they are equal. */
  readonly offsets: Int32Array | undefined;
  /** Invisible characters that were dropped or decoded: zero-width, bidi controls, tags. */
  readonly invisible: number;
  /** Letters replaced by the Latin letter that they look like. */
  readonly lookalikes: number;
}

/** Where a unit of the folded text stands in the original. */
export function originalOffset(folded: Folded, at: number): number {
  return folded.offsets === undefined ? at : (folded.offsets[at] ?? 0);
}

/** The text is made when it is asked for: detectors compare units. */
export class FoldedText implements Folded {
  readonly length: number;
  readonly units: Uint16Array;
  readonly offsets: Int32Array | undefined;
  readonly invisible: number;
  readonly lookalikes: number;

  constructor(length: number, units: Uint16Array, offsets: Int32Array | undefined, invisible: number, alike: number) {
    this.length = length;
    this.units = units;
    this.offsets = offsets;
    this.invisible = invisible;
    this.lookalikes = alike;
  }

  get text(): string {
    return foldedSlice(this, 0, this.length);
  }
}

/** A piece of the folded text, which costs less than the whole of it. */
export function foldedSlice({ units, length }: Pick<Folded, "units" | "length">, start: number, end: number): string {
  let text = "";
  const last = Math.min(end, length);
  for (let from = start; from < last; from += 8192)
    text += String.fromCharCode.apply(null, units.subarray(from, Math.min(last, from + 8192)) as unknown as number[]);
  return text;
}

export function fold(text: string): Folded {
  const source = unitsOf(text);
  const { length } = text;
  const { units, offsets } = roomFor(length + slack);
  let at = 0;
  for (; at < length; at++) {
    const unit = source[at] as number;
    if (unit > 0x7f) break;
    units[at] = lowered[unit] as number;
  }
  if (at === length) return new FoldedText(length, units, undefined, 0, 0);
  for (let plain = 0; plain < at; plain++) offsets[plain] = plain;
  return foldRest(text, source, at, units, offsets);
}

/** Goes on at `from`, before which each unit was folded in its own place. Compatibility forms grow: U+FDFA folds to 18 units. */
function foldRest(
  text: string,
  source: Uint16Array,
  from: number,
  firstUnits: Uint16Array<ArrayBuffer>,
  firstOffsets: Int32Array<ArrayBuffer>,
): Folded {
  let units = firstUnits;
  let offsets = firstOffsets;
  let count = from;
  let invisible = 0;
  let foreign = 0;
  for (let at = from; at < text.length;) {
    const unit = source[at] as number;
    const simple = simpleFoldings[unit] as number;
    if (simple > rareFolding) {
      units[count] = simple;
      offsets[count++] = at++;
      if (simple > 0x7f && simple < likeness.length) foreign |= likeness[simple] as number;
      continue;
    }
    const rare = foldRare(text, at, units[count - 1]);
    const { piece, next } = rare;
    invisible += rare.invisible;
    if (rare.composed !== 0) units[count - 1] = rare.composed;
    // What follows needs a place for each unit, and one for the end.
    const needed = count + piece.length + (text.length - next) + 1;
    if (needed > units.length) {
      units = grown(units, new Uint16Array(needed * 2));
      offsets = grown(offsets, new Int32Array(needed * 2));
    }
    for (let index = 0; index < piece.length; index++) {
      units[count] = piece.charCodeAt(index);
      offsets[count++] = at;
    }
    if (rare.foreign) foreign = 1;
    at = next;
  }
  offsets[count] = text.length;
  const alike = foreign === 0 ? 0 : resolveLookalikes(units, count);
  return new FoldedText(count, units, offsets, invisible, alike);
}

function grown<T extends Uint16Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

interface Room {
  readonly units: Uint16Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
}

/** Room for what grows a little. */
const slack = 64;

function makeRoom(length: number): Room {
  return { units: new Uint16Array(length), offsets: new Int32Array(length) };
}

/** One room for all calls: allocating and clearing one for each text would cost more than folding it. */
let shared = makeRoom(8192);
/** Texts longer than this get a room of their own, so that one giant does not stay in memory. */
const longestShared = 1 << 20;

function roomFor(length: number): Room {
  if (length > longestShared) return makeRoom(length);
  if (shared.units.length < length) shared = makeRoom(Math.max(length, shared.units.length * 2));
  return shared;
}

const lowered = Uint8Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit).toLowerCase().charCodeAt(0));

/** What each unit folds to, where that is one unit; 0 where nobody asked yet. */
const simpleFoldings = new Uint16Array(0x10000);
/** In {@link simpleFoldings}: folds to nothing, or to more than one unit, or is half of a pair. */
const rareFolding = 1;
for (let unit = 2; unit < 0x80; unit++) simpleFoldings[unit] = String.fromCharCode(unit).toLowerCase().charCodeAt(0);

/** What a character folds to of which {@link simpleFoldings} does not know it, or not alone. */
interface Rare {
  readonly point: number;
  readonly piece: string;
  /** Where the next character stands. */
  readonly next: number;
  /** 1 for a character that nobody sees. */
  readonly invisible: number;
  /** Whether it folds to a letter that looks like one of another script. */
  readonly foreign: boolean;
  /** What {@link simpleFoldings} says of it from now on; 0 for characters that it does not hold. */
  readonly simple: number;
  /** What the unit before it becomes with it; 0 where it stays. */
  readonly composed: number;
}

/**
 * Folds the character at `at`, and keeps what was learned of it.
 *
 * @param before the folded unit before it: what was decomposed (NFD) is composed again
 */
export function foldRare(text: string, at: number, before = 0): Rare {
  const point = text.codePointAt(at) ?? 0;
  const joins = isJoining(point);
  const composed = before > 0x36f && (joins || isMark(point)) ? compose(before, point) : 0;
  const piece = composed === 0 ? foldRarePoint(point) : "";
  let simple = 0;
  if (point < 0x10000) {
    if (simpleFoldings[point] === 0)
      simpleFoldings[point] =
        piece.length === 1 && piece.charCodeAt(0) > rareFolding && !joins ? piece.charCodeAt(0) : rareFolding;
    simple = simpleFoldings[point] as number;
  }
  const unseen = piece === "" || (point >= 0xe0020 && point <= 0xe007e);
  let foreign = false;
  for (let index = 0; index < piece.length; index++) foreign ||= (likeness[piece.charCodeAt(index)] ?? 0) !== 0;
  const next = at + (point > 0xffff ? 2 : 1);
  const invisible = unseen && composed === 0 && !isMark(point) ? 1 : 0;
  return { point, piece, next, invisible, foreign, simple, composed };
}

/** One unit for two, where Unicode has one; else 0. Latin letters lose their marks instead. */
function compose(before: number, point: number): number {
  const both = String.fromCharCode(before, point).normalize("NFC");
  return both.length === 1 ? both.charCodeAt(0) : 0;
}

/** Vowels and finals of Hangul, and the vowel signs and marks of other scripts that NFC makes one character with what is before. */
function isJoining(point: number): boolean {
  if (point < 0x653 || point > 0x309a) return false;
  return (point >= 0x1161 && point <= 0x1175) || (point >= 0x11a8 && point <= 0x11c2) || joining.has(point);
}

const joining: ReadonlySet<number> = new Set([
  ...[0x653, 0x654, 0x655, 0x93c, 0x9be, 0x9d7, 0xb3e, 0xb56, 0xb57, 0xbbe, 0xbd7, 0xc56, 0xcc2, 0xcd5, 0xcd6],
  ...[0xd3e, 0xd57, 0xdca, 0xdcf, 0xddf, 0x102e, 0x3099, 0x309a],
]);

function foldRarePoint(point: number): string {
  if (point < 0x80) return String.fromCharCode(point).toLowerCase();
  if (isInvisible(point) || isMark(point)) return "";
  if (point >= 0xe0020 && point <= 0xe007e) return String.fromCharCode(point - 0xe0000).toLowerCase();
  if (point >= 0x1f1e6 && point <= 0x1f1ff) return String.fromCharCode(point - 0x1f1e6 + 0x61); // regional indicators
  if (point >= 0x1f150 && point <= 0x1f169) return String.fromCharCode(point - 0x1f150 + 0x61); // negative circled
  if (point >= 0x1f170 && point <= 0x1f189) return String.fromCharCode(point - 0x1f170 + 0x61); // negative squared
  if (point >= 0x249c && point <= 0x24b5) return String.fromCharCode(point - 0x249c + 0x61); // in parentheses
  const special = specials.get(point);
  if (special !== undefined) return special;
  const character = String.fromCodePoint(point);
  const latin = (point >= 0xc0 && point <= 0x24f) || (point >= 0x1e00 && point <= 0x1eff);
  const lower = character.normalize("NFKC").toLowerCase();
  return latin ? lower.normalize("NFKD").replace(/[\u0300-\u036f]/g, "") : lower;
}

/** Zero-width, bidirectional and format controls, variation selectors, fillers, and control characters but white space. */
function isInvisible(point: number): boolean {
  if (point < 0x300) return (point >= 0x80 && point < 0xa0 && point !== 0x85) || point === 0xad;
  if (point >= 0x200b && point <= 0x200f) return true;
  if (point >= 0x202a && point <= 0x202e) return true;
  if (point >= 0x2060 && point <= 0x206f) return true;
  if (point >= 0xfe00 && point <= 0xfe0f) return true;
  if (point >= 0xe0000 && point < 0xe0020) return true;
  if (point >= 0xe007f && point <= 0xe01ef) return true;
  return point === 0xfeff || point === 0x180e || point === 0x34f || point === 0x61c || isFiller(point);
}

function isFiller(point: number): boolean {
  return point === 0x115f || point === 0x1160 || point === 0x3164 || point === 0xffa0 || point === 0x2800;
}

/** Marks that only decorate: combining diacritics (also stacked ones), Arabic short vowels and tatweel. */
function isMark(point: number): boolean {
  if (point >= 0x300 && point <= 0x36f) return true;
  if (point >= 0x1ab0 && point <= 0x1aff) return true;
  if (point >= 0x20d0 && point <= 0x20ff) return true;
  return (point >= 0x64b && point <= 0x652) || point === 0x640;
}

const specials: ReadonlyMap<number, string> = new Map([
  ...pairs("ıøæœđłßþðħŧ", ["i", "o", "ae", "oe", "d", "l", "ss", "th", "d", "h", "t"]),
  ...pairs("ØÆŒĐŁÞ", ["o", "ae", "oe", "d", "l", "th"]),
  ...pairs("‘’‚‛′“”„‟″«»‐‑‒–—―−", '\'\'\'\'\'"""""""-------'),
  ...pairs("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩ", "abcdefghijklmnoprstuvwyzagi"),
  ...pairs("€", ["e"]),
]);

/** `to` is a string of single letters, or a list where some are longer. */
function pairs(from: string, to: readonly string[] | string): [number, string][] {
  return Array.from(from, (character, at) => [character.codePointAt(0) ?? 0, to[at] ?? character]);
}

/** Cyrillic, Greek, Armenian and Cherokee letters that pass for Latin ones. Applied only inside words that also hold Latin. */
const lookalikes: ReadonlyMap<number, string> = new Map(
  pairs("авеёіїјкмнорстухѕһԁԛԝьг", "abeeiijkmhopctyxshdqwbr")
    .concat(pairs("αβγεζηικλμνορτυχωςδθϲօցհոս", "abyeznikluvoptuxwcdocoghnu"))
    .concat(pairs("աժլզֆթէղռյի", "wdlqfptnnjh"))
    .concat(pairs("άέήίόύώϊϋΐΰѐӗӑӓӧўӯӱӳќ", "aeniouwiuiueeaaoyyyyk")),
);

/** One lookup a unit: what the unit looks like, or 0. */
const likeness = new Uint16Array(0x600);
for (const [unit, latin] of lookalikes) if (unit < likeness.length) likeness[unit] = latin.charCodeAt(0);

/** The tables that folding goes by, for a kernel that does the same. `simple` grows: see {@link foldRare}. */
export const foldTables = { simple: simpleFoldings, likeness, lowered } as const;

/** Replaces look-alikes in words that also hold Latin letters. Gives how many. */
export function resolveLookalikes(units: Uint16Array, length: number): number {
  let count = 0;
  for (let at = 0; at < length; at++) {
    // Nearly every unit is none, and of words without one nothing more is asked.
    if ((units[at] as number) < 0x80 || likenessOf(units[at] as number) === 0) continue;
    let start = at;
    while (start > 0 && isLetter(units[start - 1] as number)) start--;
    let end = at + 1;
    while (end < length && isLetter(units[end] as number)) end++;
    if (hasLatin(units, start, end))
      for (let unit = at; unit < end; unit++) {
        const replaced = likenessOf(units[unit] as number);
        if (replaced === 0) continue;
        units[unit] = replaced;
        count += 1;
      }
    at = end;
  }
  return count;
}

function likenessOf(unit: number): number {
  return unit < likeness.length ? (likeness[unit] as number) : 0;
}

function hasLatin(units: Uint16Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((units[at] as number) >= 0x61 && (units[at] as number) < 0x80) return true;
  return false;
}

/** Letters of the scripts that {@link lookalikes} mixes, digits and the signs that stand for letters. */
function isLetter(unit: number): boolean {
  if (unit < 0x80) return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x40;
  return unit >= 0xc0 && unit < 0x590;
}
