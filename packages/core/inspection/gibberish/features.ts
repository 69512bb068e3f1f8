/**
 * What a stretch of text looks like beside what its words say: how surprising its letters follow one another, how words and
 * signs are joined. In: a text and the surprises of letter triples. Out: one row of features for each window. Words of more
 * than 40 signs (base64, hashes, paths, addresses) are passed over: they surprise, and are no language.
 */
import { isLetter, symbol, symbolCount, symbolOf } from "./symbols.ts";

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
  const places = keptPlaces(text, Math.max(0, text.length - longestText));
  const windows: TextWindow[] = [];
  const most = places.length;
  if (most < windowLength / 2) return windows;
  const add = (end: number): void =>
    void windows.push(windowAt(text, places, Math.max(0, end - windowLength), end, surprises));
  for (let end = most; windows.length < lastWindows && end > 0; end -= windowStep) {
    add(end);
    if (end <= windowLength) break;
  }
  const step = Math.max(windowStep, Math.ceil(most / sampledWindows));
  for (let end = most - step; end >= windowLength && windows.length < lastWindows + sampledWindows; end -= step)
    add(end);
  const sorted = windows.map(({ features }) => features[0] ?? 0).toSorted((a, b) => a - b);
  const calm = sorted[sorted.length >> 2] ?? 0;
  for (const { features } of windows) features[featureNames.length - 1] = (features[0] ?? 0) - calm;
  return windows;
}

/** Where the characters stand that are looked at. */
function keptPlaces(text: string, from: number): Int32Array {
  const places = new Int32Array(text.length - from + 1);
  let count = 0;
  let word = from;
  for (let at = from; at <= text.length; at++) {
    const what = at === text.length ? symbol.space : symbolOf(text.charCodeAt(at));
    if (what !== symbol.space && what !== symbol.line) continue;
    if (at - word <= longestWord) for (let each = word; each < at; each++) places[count++] = each;
    if (at < text.length) places[count++] = at;
    word = at + 1;
  }
  return places.subarray(0, count);
}

function windowAt(text: string, places: Int32Array, from: number, to: number, surprises: Uint8Array): TextWindow {
  let bits = 0;
  let surprised = 0;
  let joins = 0;
  let glued = 0;
  let mixed = 0;
  let lone = 0;
  let unmatched = 0;
  const kinds = [0, 0, 0, 0, 0];
  const open: number[] = [];
  let two: number = symbol.space;
  let one: number = symbol.space;
  let before = 32;
  for (let index = from; index < to; index++) {
    const unit = text.charCodeAt(places[index] ?? 0);
    const what = symbolOf(unit);
    const triple = (two * symbolCount + one) * symbolCount + what;
    const pair = surprises[triple >> 1] ?? 0;
    const surprise = (triple & 1) === 0 ? pair & 15 : pair >> 4;
    bits += surprise;
    if (surprise >= 8) surprised += 1;
    if (isUpper(unit) && isLower(before)) joins += 1;
    if (isLetter(what) && isLetter(two) && !isLetter(one) && isHardSign(before)) glued += 1;
    if (isLetter(what) && isLetter(one) && (what === symbol.script) !== (one === symbol.script)) mixed += 1;
    if (one >= 29 && one <= 41 && (what === symbol.space || what === symbol.line) && two === symbol.space) lone += 1;
    const kind =
      what === symbol.space ? 0 : isLetter(what) ? 1 : what === symbol.digit ? 3 : what === symbol.line ? 4 : 2;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (unit === 40 || unit === 91 || unit === 123) open.push(unit);
    else if (unit === 41 || unit === 93 || unit === 125) {
      const opener = open.at(-1);
      if (opener !== undefined && unit - opener <= 2 && unit > opener) open.pop();
      else unmatched += open.length === 0 ? 0.5 : 1;
    }
    two = one;
    one = what;
    before = unit;
  }
  unmatched += Math.max(0, open.length - 2) * 0.5;
  const length = Math.max(1, to - from);
  const [spaces = 0, letters = 0, signs = 0, digits = 0, lines = 0] = kinds;
  const features = new Float64Array(featureNames.length);
  features.set([bits / length / 4, (surprised / length) * 4]);
  features.set(
    [joins, glued, mixed].map((each) => (each / length) * 20),
    2,
  );
  features.set(
    [spaces, letters, signs, digits, lines].map((each) => (each / length) * 2),
    5,
  );
  features.set([(unmatched / length) * 20, (lone / length) * 10], 10);
  return { start: places[from] ?? 0, end: (places[to - 1] ?? 0) + 1, features };
}

function isUpper(unit: number): boolean {
  return unit >= 65 && unit <= 90;
}

function isLower(unit: number): boolean {
  return unit >= 97 && unit <= 122;
}

/** Signs that no prose and no name puts between two letters. */
function isHardSign(unit: number): boolean {
  return unit > 32 && unit < 127 && !"'-./_:@,’".includes(String.fromCharCode(unit));
}
