/**
 * The kernel that several detectors ask of the same text (`scan.as`). In: a text. Out: what one pass over it tells, the windows at
 * its end, where words of a list stand. The text is handed over once for all of them.
 */
import { scanKernel } from "./code.ts";
import { loadKernel, type KernelMemory } from "./memory.ts";
import { namedScripts, standIns, unseen } from "./signs.ts";

/** What one pass tells. */
export interface Survey {
  /** Start and end of each run of base64's alphabet that may be a code. */
  readonly runs: readonly number[];
  /** Signs that escapes begin with. */
  readonly escapes: number;
  /** Blocks of {@link blockUnits} units in which eight or more single letters in a row, with no longer word between them, end: their starts. */
  readonly lonely: readonly number[];
}

export const blockUnits = 64;

/** The tables of a list of words: see `walkerOf` in `matching/aho-corasick.ts`. */
export interface WordList {
  readonly groups: Uint8Array;
  readonly firsts: Uint8Array;
  readonly shorts: Uint8Array;
  readonly fourths: Uint8Array;
  readonly table: Uint16Array;
  readonly tree: Int32Array;
  readonly ends: Uint8Array;
  /** Empty where words may stand within others. */
  readonly letters: Uint8Array;
  readonly classes: number;
}

/** The tables of `gibberish/`. */
export interface EndingTables {
  readonly symbols: Uint8Array;
  readonly symbolKinds: Uint8Array;
  readonly hardSigns: Uint8Array;
  readonly surprises: Uint8Array;
  readonly weights: Float64Array;
}

/** One of the last windows of a text. */
export interface EndWindow {
  readonly start: number;
  readonly end: number;
  /** What the weights make of its features, before it becomes a probability. */
  readonly sum: number;
}

/** What a unit makes somebody look for: what it stands for, floods of what nobody sees, names in scripts of their own. */
export const flag = { standIn: 1, unseen: 2, script: 4 } as const;

/** Longer texts are not handed over. */
const longest = 1 << 18;
const endingLength = 65_536;
const mostWindows = 4;
/** Words of 64 bits that a window takes: its features, where it is, its sum. */
const windowLength = 13 + 2;
const foundRoom = 4096;
const foundLength = 3;
/** Where the kernel says, in words of 32 bits, what is no array: see `scan.as` and `walk.as`. */
const status = { runs: 32, escapes: 33, lonelyBlocks: 34, longestRun: 38, flags: 39, reached: 36, parted: 37 };
const none: readonly number[] = [];

/** Where a text's units lie, and a bit for each that says whether it is a digit. */
interface Place {
  readonly units: number;
  readonly digits: number;
}

type Call = (...numbers: readonly number[]) => number;

export class Scanner {
  readonly #memory: KernelMemory;
  readonly #calls: Readonly<Record<"survey" | "plain" | "keep" | "lastWindows" | "walk", Call>>;
  readonly #places: Readonly<Record<"runs" | "lonely" | "escapes" | "windows" | "found", number>>;
  /** Where the units and digits of the text lie, and of what it is in plain signs. */
  readonly #written: Place;
  readonly #plain: Place;
  /** The whole memory, seen as integers and as numbers: made anew when it has grown. */
  #words: Int32Array;
  #numbers: Float64Array;
  /** Whose units the memory holds, and whose survey. */
  #held: string | undefined;
  /** What was told of it, where somebody asked for it. */
  #told: Survey | undefined;
  /** The same text in plain signs, where somebody asked for it. */
  #heldPlain: string | undefined;
  #tables: EndingTables | undefined;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#calls = {
      ...{ survey: memory.call("survey"), plain: memory.call("plain"), keep: memory.call("keep") },
      ...{ lastWindows: memory.call("lastWindows"), walk: memory.call("walk") },
    };
    const lay = (name: string, bytes: number): number => {
      const at = memory.take(bytes);
      memory.set(name, at);
      return at;
    };
    // Pages that no text reaches are never touched: room for the longest costs nothing.
    const bits = (longest >> 3) + 64;
    this.#written = { units: lay("sourceAt", longest * 2 + 512), digits: lay("digitBitsAt", bits) };
    this.#plain = { units: lay("plainAt", longest * 2 + 512), digits: lay("plainDigitBitsAt", bits) };
    const runs = lay("runsAt", longest);
    const escapes = lay("escapeBitsAt", bits);
    const lonely = lay("lonelyAt", longest / 16 + 64);
    memory.put("standInsAt", standIns);
    memory.put("flagsAt", flagsOfUnits());
    lay("placesAt", (endingLength + 1) * 4);
    lay("whatsAt", endingLength + 1);
    lay("openAt", 128);
    lay("levelsAt", 128);
    const windows = lay("windowsAt", mostWindows * windowLength * 8);
    const found = lay("foundAt", (foundRoom + 64) * foundLength * 4);
    memory.set("foundRoom", foundRoom);
    this.#places = { runs, lonely, escapes, windows, found };
    this.#words = new Int32Array(memory.buffer);
    this.#numbers = new Float64Array(memory.buffer);
  }

  /** `undefined` for a text that is too long. */
  survey(text: string): Survey | undefined {
    if (!this.#hold(text)) return undefined;
    return (this.#told ??= {
      runs: this.#numbersAt(this.#places.runs, status.runs),
      escapes: this.#words[status.escapes] as number,
      lonely: this.#numbersAt(this.#places.lonely, status.lonelyBlocks),
    });
  }

  #numbersAt(place: number, counted: number): readonly number[] {
    const words = this.#words;
    const first = place >> 2;
    const last = first + (words[counted] as number);
    if (first === last) return none;
    const numbers: number[] = [];
    for (let at = first; at < last; at++) numbers.push(words[at] as number);
    return numbers;
  }

  /** Whether a text holds a unit with one of these {@link flag}s; one that is too long may. */
  has(text: string, flags: number): boolean {
    return !this.#hold(text) || ((this.#words[status.flags] as number) & flags) !== 0;
  }

  /** The longest run of base64's alphabet, where it is 8 units or more; of a text that is too long, more than that. */
  longestRun(text: string): number {
    return this.#hold(text) ? (this.#words[status.longestRun] as number) : text.length;
  }

  /** Where the next digit of ASCII stands; -1 where there is none, `undefined` for a text that is too long. */
  digitFrom(text: string, from: number): number | undefined {
    const place = this.#placeOf(text);
    return place === undefined ? undefined : this.#bitFrom(place.digits, from, text.length);
  }

  /** The same of signs that escapes begin with. */
  escapeFrom(text: string, from: number): number | undefined {
    return this.#hold(text) ? this.#bitFrom(this.#places.escapes, from, text.length) : undefined;
  }

  #bitFrom(place: number, from: number, length: number): number {
    const words = this.#words;
    const first = place >> 2;
    const last = first + (length >> 5);
    let word = first + (from >> 5);
    for (let bits = (words[word] as number) & (-1 << (from & 31)); word <= last; bits = words[++word] as number)
      if (bits !== 0) {
        const at = ((word - first) << 5) + 31 - Math.clz32(bits & -bits);
        return at < length ? at : -1;
      }
    return -1;
  }

  /** The text with what its units stand for in their places: see `pii/plain-signs.ts`. `undefined` for a text that is too long. */
  plain(text: string): string | undefined {
    if (!this.#hold(text)) return undefined;
    if (((this.#words[status.flags] as number) & flag.standIn) === 0) return text;
    this.#calls.plain(text.length);
    return (this.#heldPlain = this.#memory.read(this.#plain.units, text.length));
  }

  /** The windows of `endWindowsOf` in `gibberish/features.ts`; `undefined` for a text that is too long. */
  endWindows(text: string, tables: EndingTables): readonly EndWindow[] | undefined {
    if (!this.#hold(text)) return undefined;
    if (this.#tables !== tables) this.#learn(tables);
    const parted = this.#words[status.parted] as number;
    const kept = this.#calls.keep(Math.max(0, text.length - endingLength), text.length, parted);
    const count = this.#calls.lastWindows(kept);
    const windows: EndWindow[] = [];
    for (let at = 0; at < count; at++) {
      const behind = this.#places.windows / 8 + (at + 1) * windowLength;
      const start = this.#words[(behind - 2) * 2] as number;
      const end = this.#words[(behind - 2) * 2 + 1] as number;
      windows.push({ start, end, sum: this.#numbers[behind - 1] as number });
    }
    return windows;
  }

  #learn(tables: EndingTables): void {
    this.#tables = tables;
    this.#memory.put("symbolsAt", tables.symbols);
    this.#memory.put("symbolKindsAt", tables.symbolKinds);
    this.#memory.put("hardSignsAt", tables.hardSigns);
    this.#memory.put("surprisesAt", tables.surprises);
    this.#memory.put("weightsAt", tables.weights);
    this.#memory.check();
    this.#see();
  }

  /** Takes a list of words in, for as long as the process lives. */
  learn({ groups, firsts, shorts, fourths, table, tree, ends, letters, classes }: WordList): number {
    const bits = [firsts, shorts, fourths].map(packed);
    const tables = [groups, ...bits, table, tree, ends].map((each) => this.#memory.store(each));
    const at = this.#memory.store(
      Int32Array.from([...tables, letters.length === 0 ? 0 : this.#memory.store(letters), classes]),
    );
    this.#see();
    return at;
  }

  /**
   * Where words of a list stand in `text[from, to)`: calls back with where one begins, where it ends, and the state of the
   * list's tree, by where they begin. Between two pieces of the text says how far it has come: what is found later begins there
   * or behind. `false` for a text that is too long.
   */
  walk(
    list: number,
    text: string,
    from: number,
    to: number,
    onFound: (start: number, end: number, state: number) => void,
    onPiece: (reached: number) => void,
  ): boolean {
    for (let at = from; at < to;) {
      // Whoever was called may have looked at another text.
      const held = this.#placeOf(text);
      if (held === undefined) return false;
      const count = this.#calls.walk(list, held.units, at, to);
      const words = this.#words;
      at = words[status.reached] as number;
      const first = this.#places.found >> 2;
      for (let place = first; place < first + count * foundLength; place += foundLength)
        onFound(words[place] as number, words[place + 1] as number, words[place + 2] as number);
      onPiece(at);
    }
    return true;
  }

  /** Hands a text over, where that is not done. */
  #hold(text: string): boolean {
    if (text === this.#held) return true;
    if (text.length > longest) return false;
    this.#memory.write(text, this.#written.units);
    this.#held = text;
    this.#heldPlain = undefined;
    this.#told = undefined;
    this.#calls.survey(text.length);
    return true;
  }

  /** A text that was made by {@link plain} need not be handed over, and what it was made of is held on to. */
  #placeOf(text: string): Place | undefined {
    if (text === this.#heldPlain) return this.#plain;
    return this.#hold(text) ? this.#written : undefined;
  }

  #see(): void {
    this.#words = new Int32Array(this.#memory.buffer);
    this.#numbers = new Float64Array(this.#memory.buffer);
  }
}

/** A bit for each place. */
function packed(places: Uint8Array): Uint8Array {
  const bits = new Uint8Array(places.length >> 3);
  for (let at = 0; at < places.length; at++)
    bits[at >> 3] = (bits[at >> 3] as number) | ((places[at] as number) << (at & 7));
  return bits;
}

function flagsOfUnits(): Uint8Array {
  const flags = Uint8Array.from(standIns, (unit) => (unit === 0 ? 0 : flag.standIn));
  const mark = (ranges: typeof unseen, what: number): void => {
    for (const [from, to] of ranges)
      for (let unit = from; unit <= to; unit++) flags[unit] = (flags[unit] as number) | what;
  };
  mark(unseen, flag.unseen);
  mark(namedScripts, flag.script);
  return flags;
}

let made: Scanner | undefined;
let tried = false;

/** The process' own; `undefined` where the runtime has no WebAssembly. */
export function scanner(): Scanner | undefined {
  if (tried) return made;
  tried = true;
  const memory = loadKernel(scanKernel);
  if (memory !== undefined) made = new Scanner(memory);
  return made;
}
