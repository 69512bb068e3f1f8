/**
 * Cuts a text into the words that the name tagger looks at. In: a text. Out: parallel arrays, by start. A word is a run of
 * letters, a run of digits, one sign, or the line ends between two lines; where it begins depends on its neighbours alone.
 */

export const kind = {
  lower: 0,
  title: 1,
  upper: 2,
  mixed: 3,
  digits: 4,
  /** Letters and digits in one run. */
  code: 5,
  sign: 6,
  line: 7,
  /** Letters of a script that writes no spaces, or a run too long for a word: never part of a name here. */
  other: 8,
} as const;

export interface Tokens {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly kinds: Uint8Array;
  /** FNV-1a of the word in small letters. */
  readonly hashes: Int32Array;
  /** FNV-1a of the last three letters, of the first two with the length. */
  readonly tails: Int32Array;
}

/** A longer run of letters is no word. */
export const maxWord = 20;

const unit = { space: 0, lower: 1, upper: 2, digit: 3, sign: 4, line: 5, unspaced: 6 } as const;

/** What each code unit is, and its small letter. Made once, when the first text comes. */
let classes: Uint8Array | undefined;
let smalls: Uint16Array | undefined;

function classesOfUnits(): Uint8Array {
  if (classes !== undefined) return classes;
  const made = new Uint8Array(65536);
  const small = new Uint16Array(65536);
  for (let code = 0; code < 65536; code++) {
    const char = String.fromCharCode(code);
    const lower = char.toLowerCase();
    small[code] = lower.length === 1 ? lower.charCodeAt(0) : code;
    if (code === 10 || code === 13 || code === 0x2028) made[code] = unit.line;
    else if (/\s/.test(char)) made[code] = unit.space;
    else if (code >= 48 && code < 58) made[code] = unit.digit;
    else if (/[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(char))
      made[code] = unit.unspaced;
    else if (/\p{L}|\p{M}/u.test(char)) made[code] = lower === char ? unit.lower : unit.upper;
    else made[code] = unit.sign;
  }
  smalls = small;
  classes = made;
  return made;
}

export function tokenize(text: string): Tokens {
  const kindOf = classesOfUnits();
  const small = smalls ?? new Uint16Array(0);
  const most = text.length;
  let room = Math.max(16, most >> 2);
  let starts = new Int32Array(room);
  let ends = new Int32Array(room);
  let kinds = new Uint8Array(room);
  let hashes = new Int32Array(room);
  let tails = new Int32Array(room);
  let count = 0;
  let at = 0;
  while (at < most) {
    const first = text.charCodeAt(at);
    const what = kindOf[first] ?? 0;
    if (what === unit.space) {
      at++;
      continue;
    }
    if (count === room) {
      room *= 2;
      starts = larger(starts, new Int32Array(room));
      ends = larger(ends, new Int32Array(room));
      kinds = larger(kinds, new Uint8Array(room));
      hashes = larger(hashes, new Int32Array(room));
      tails = larger(tails, new Int32Array(room));
    }
    const start = at;
    let hash = 0x811c9dc5;
    if (what === unit.sign) {
      at++;
      hash = Math.imul(hash ^ first, 0x01000193);
      kinds[count] = kind.sign;
    } else if (what === unit.line) {
      let lines = 0;
      while (
        at < most &&
        ((kindOf[text.charCodeAt(at)] ?? 0) === unit.line || (kindOf[text.charCodeAt(at)] ?? 1) === unit.space)
      ) {
        if (text.charCodeAt(at) === 10) lines++;
        at++;
      }
      hash = lines > 1 ? 2 : 1;
      kinds[count] = kind.line;
    } else {
      let lowers = 0;
      let uppers = 0;
      let digits = 0;
      let unspaced = 0;
      let one = 0;
      let two = 0;
      let three = 0;
      while (at < most) {
        const code = text.charCodeAt(at);
        const here = kindOf[code] ?? 0;
        if (here === unit.lower) lowers++;
        else if (here === unit.upper) uppers++;
        else if (here === unit.digit) digits++;
        else if (here === unit.unspaced) unspaced++;
        else break;
        const folded = small[code] ?? code;
        hash = Math.imul(hash ^ folded, 0x01000193);
        three = two;
        two = one;
        one = folded;
        at++;
      }
      tails[count] = Math.imul(Math.imul(three, 31) + two, 31) + one;
      kinds[count] = kindOfWord(kindOf[first] === unit.upper, lowers, uppers, digits, unspaced);
    }
    starts[count] = start;
    ends[count] = at;
    hashes[count] = hash | 0;
    count++;
  }
  return { count, starts, ends, kinds, hashes, tails };
}

function larger<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

function kindOfWord(capital: boolean, lowers: number, uppers: number, digits: number, unspaced: number): number {
  const length = lowers + uppers + digits + unspaced;
  if (unspaced > 0 || length > maxWord) return kind.other;
  if (digits > 0) return lowers + uppers === 0 ? kind.digits : kind.code;
  if (uppers === 0) return kind.lower;
  if (capital && uppers === 1) return kind.title;
  return lowers === 0 ? kind.upper : kind.mixed;
}

/** The hash that {@link tokenize} gives a word. */
export function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  const lower = word.toLowerCase();
  for (let at = 0; at < lower.length; at++) hash = Math.imul(hash ^ lower.charCodeAt(at), 0x01000193);
  return hash | 0;
}
