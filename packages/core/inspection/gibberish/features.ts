/**
 * What a stretch of text looks like beside what its words say: how surprising its letters follow one another, how words and
 * signs are joined. In: a text and the surprises of letter triples. Out: one row of features for each window. Words of more
 * than 40 signs (base64, hashes, paths, addresses) are passed over: they surprise, and are no language.
 */
import { unitsOf } from "../normalise/units.ts";
import { isLetter, symbol, symbolCount, symbols } from "./symbols.ts";

export const windowLength = 72;
export const windowStep = 16;
const longestWord = 40;
/** Windows at the end of a text: what an attack appends stands there. */
export const lastWindows = 4;
/** Windows all over it, that say what the rest of the text is like. */
const sampledWindows = 6;
/** Only the end of a longer text is read. */
const longestText = 65_536;

export const featureNames = [
  "surprise",
  "surprised",
  "joins",
  "glued",
  "mixed",
  "spaces",
  "letters",
  "signs",
  "digits",
  "lines",
  "unmatched",
  "lone",
  "contrast",
] as const;

export interface TextWindow {
  readonly start: number;
  readonly end: number;
  readonly features: Float64Array;
}

/**
 * The windows of a text: the last ones, from the end backwards, then others all over it; none of a text that is too short.
 *
 * @param surprises for each triple of symbols, bits from 0 to 15, two in a byte
 */
export function windowsOf(text: string, surprises: Uint8Array): readonly TextWindow[] {
  return windowsAmong(text, surprises, true);
}

/** The first {@link lastWindows} of {@link windowsOf}, for less: of the others only what these are compared with is found. */
export function endWindowsOf(text: string, surprises: Uint8Array): readonly TextWindow[] {
  return windowsAmong(text, surprises, false);
}

function windowsAmong(text: string, surprises: Uint8Array, all: boolean): readonly TextWindow[] {
  const kept = keep(text, Math.max(0, text.length - longestText));
  const windows: TextWindow[] = [];
  const most = kept.count;
  if (most < windowLength / 2) return windows;
  const levels: number[] = [];
  const add = (end: number, whole: boolean): void => {
    const from = Math.max(0, end - windowLength);
    const bits = bitsOf(kept, from, end, surprises);
    levels.push(levelOf(bits, from, end));
    if (whole) windows.push(windowAt(kept, from, end, bits, surprises));
  };
  for (let end = most; levels.length < lastWindows && end > 0; end -= windowStep) {
    add(end, true);
    if (end <= windowLength) break;
  }
  const step = Math.max(windowStep, Math.ceil(most / sampledWindows));
  for (let end = most - step; end >= windowLength && levels.length < lastWindows + sampledWindows; end -= step)
    add(end, all || levels.length < lastWindows);
  const sorted = levels.toSorted((a, b) => a - b);
  const calm = sorted[sorted.length >> 2] ?? 0;
  for (const { features } of windows) features[featureNames.length - 1] = (features[0] ?? 0) - calm;
  return windows;
}

/** The characters that are looked at. The next text writes over them. */
interface Kept {
  readonly units: Uint16Array;
  count: number;
  /** Where each stands in the text, and its symbol. */
  readonly places: Int32Array;
  readonly symbols: Uint8Array;
}

const room = { places: new Int32Array(longestText + 1), symbols: new Uint8Array(longestText + 1) };

function keep(text: string, from: number): Kept {
  const units = unitsOf(text);
  const { places, symbols: whats } = room;
  const end = text.length;
  let count = 0;
  let word = from;
  let wordAt = 0;
  for (let at = from; at < end; at++) {
    const what = symbols[units[at] as number] as number;
    places[count] = at;
    whats[count++] = what;
    if (what !== symbol.space && what !== symbol.line) continue;
    if (at - word > longestWord) {
      count = wordAt;
      places[count] = at;
      whats[count++] = what;
    }
    word = at + 1;
    wordAt = count;
  }
  if (end - word > longestWord) count = wordAt;
  return { units, count, places, symbols: whats };
}

/** How many bits the letters of a window surprise by, together. */
function bitsOf({ symbols: whats }: Kept, from: number, to: number, surprises: Uint8Array): number {
  let bits = 0;
  let two: number = symbol.space;
  let one: number = symbol.space;
  for (let index = from; index < to; index++) {
    const what = whats[index] as number;
    const triple = (two * symbolCount + one) * symbolCount + what;
    bits += ((surprises[triple >> 1] as number) >> ((triple & 1) << 2)) & 15;
    two = one;
    one = what;
  }
  return bits;
}

function levelOf(bits: number, from: number, to: number): number {
  return bits / Math.max(1, to - from) / 4;
}

/** Openers of brackets that no closer has met; no window holds more. */
const open = new Uint8Array(windowLength);

function windowAt(kept: Kept, from: number, to: number, bits: number, surprises: Uint8Array): TextWindow {
  const { units, places, symbols: whats } = kept;
  let surprised = 0;
  let joins = 0;
  let glued = 0;
  let mixed = 0;
  let lone = 0;
  let unmatched = 0;
  let opened = 0;
  const kinds = [0, 0, 0, 0, 0];
  let two: number = symbol.space;
  let one: number = symbol.space;
  let before = 32;
  for (let index = from; index < to; index++) {
    const unit = units[places[index] as number] as number;
    const what = whats[index] as number;
    const triple = (two * symbolCount + one) * symbolCount + what;
    if ((((surprises[triple >> 1] as number) >> ((triple & 1) << 2)) & 15) >= 8) surprised += 1;
    const kind = symbolKinds[what] as number;
    if (kind === 1) {
      if (isUpper(unit) && isLower(before)) joins += 1;
      if (isLetter(one)) {
        if ((what === symbol.script) !== (one === symbol.script)) mixed += 1;
      } else if (isLetter(two) && isHardSign(before)) glued += 1;
    } else if ((kind === 0 || kind === 4) && one >= 29 && one <= 41 && two === symbol.space) lone += 1;
    else if (unit === 40 || unit === 91 || unit === 123) open[opened++] = unit;
    else if (unit === 41 || unit === 93 || unit === 125) {
      const opener = opened === 0 ? 0 : (open[opened - 1] as number);
      if (unit > opener && opened > 0 && unit - opener <= 2) opened -= 1;
      else unmatched += opened === 0 ? 0.5 : 1;
    }
    kinds[kind] = (kinds[kind] as number) + 1;
    two = one;
    one = what;
    before = unit;
  }
  unmatched += Math.max(0, opened - 2) * 0.5;
  const length = Math.max(1, to - from);
  const [spaces = 0, letters = 0, signs = 0, digits = 0, lines = 0] = kinds;
  const features = new Float64Array(featureNames.length);
  features[0] = levelOf(bits, from, to);
  features[1] = (surprised / length) * 4;
  features[2] = (joins / length) * 20;
  features[3] = (glued / length) * 20;
  features[4] = (mixed / length) * 20;
  features[5] = (spaces / length) * 2;
  features[6] = (letters / length) * 2;
  features[7] = (signs / length) * 2;
  features[8] = (digits / length) * 2;
  features[9] = (lines / length) * 2;
  features[10] = (unmatched / length) * 20;
  features[11] = (lone / length) * 10;
  return { start: places[from] ?? 0, end: (places[to - 1] ?? 0) + 1, features };
}

/** Of each symbol: 0 space, 1 letter, 2 sign, 3 digit, 4 line end. */
export const symbolKinds = Uint8Array.from({ length: symbolCount }, (_, what) =>
  what === symbol.space ? 0 : isLetter(what) ? 1 : what === symbol.digit ? 3 : what === symbol.line ? 4 : 2,
);

function isUpper(unit: number): boolean {
  return unit >= 65 && unit <= 90;
}

function isLower(unit: number): boolean {
  return unit >= 97 && unit <= 122;
}

/** Signs that no prose and no name puts between two letters. */
function isHardSign(unit: number): boolean {
  return unit < 127 && hardSigns[unit] === 1;
}

export const hardSigns = Uint8Array.from({ length: 127 }, (_, unit) =>
  unit > 32 && !"'-./_:@,’".includes(String.fromCharCode(unit)) ? 1 : 0,
);
