/**
 * Many exact patterns in one pass (Aho and Corasick 1975). In: patterns, and how characters fold together. Out: a matcher
 * that reports every occurrence in time linear in the text, whatever the text is.
 *
 * The automaton is one dense table: a state and a character class give the next state. Characters that no pattern holds
 * share class 0.
 */
import { CordonError } from "../../errors.ts";
import { scanner } from "../kernels/scanner.ts";
import { unitsOf } from "../normalise/units.ts";

/** `pattern`: its index in the list given. `end`: one past its last code unit. */
export type OnMatch = (pattern: number, end: number) => void;

export interface Matcher {
  /** The longest pattern, in code units. */
  readonly longest: number;
  readonly lengths: readonly number[];
  /**
   * Calls back for every occurrence in `text[from, to)`, by end; several at one end from the longest to the shortest.
   * Both default to the whole text.
   */
  scan(text: string, onMatch: OnMatch, from?: number, to?: number): void;
  /** How many code units at the end of the text are the beginning of a pattern and could become one. */
  openTail(text: string): number;
}

const maxCells = 1 << 25;

/**
 * Builds a matcher.
 *
 * @param patterns Non-empty strings; the same one may stand more than once.
 * @param fold Code units that are one: gives the representative. It must keep lengths, so it works on single code units.
 * @param isLetter A pattern that begins with a letter is then reported only where no letter stands right before it.
 * @param isBuiltIn Whether it lives as long as the process: then a kernel takes the patterns in, and keeps them.
 * @throws CordonError `CONFIG_INVALID` for an empty pattern, or more than the table holds.
 */
export function createMatcher(
  patterns: readonly string[],
  fold: (codeUnit: number) => number,
  isLetter?: (codeUnit: number) => boolean,
  isBuiltIn = false,
): Matcher {
  const classOf = classesOf(patterns, fold);
  const classes = classOf.count;
  const cells = (patterns.reduce((sum, pattern) => sum + pattern.length, 0) + 1) * classes;
  if (patterns.includes("")) throw new CordonError("CONFIG_INVALID", "a pattern is empty: leave it out");
  if (cells > maxCells)
    throw new CordonError("CONFIG_INVALID", `the patterns need ${cells} cells, at most ${maxCells}: use fewer`);
  const next = new Int32Array(cells);
  const owner: number[][] = [[]];
  const depth: number[] = [0];
  patterns.forEach((pattern, index) => {
    let state = 0;
    for (let at = 0; at < pattern.length; at++) {
      const cell = state * classes + (classOf.table[pattern.charCodeAt(at)] ?? 0);
      if (next[cell] === 0) {
        next[cell] = owner.length;
        owner.push([]);
        depth.push(at + 1);
      }
      state = next[cell] ?? 0;
    }
    owner[state]?.push(index);
  });
  const longest = patterns.reduce((most, pattern) => Math.max(most, pattern.length), 0);
  const letters = Uint8Array.from({ length: isLetter === undefined ? 0 : 65_536 }, (_, unit) =>
    isLetter?.(unit) === true ? 1 : 0,
  );
  const sparse =
    longest <= longestWalk
      ? walkerOf(next.slice(), classOf.table, classes, [...owner], patterns, letters, isBuiltIn)
      : undefined;
  closeOver(next, classes, owner);
  return matcherOf(next, classOf.table, classes, owner, depth, patterns, letters, sparse);
}

interface Classes {
  readonly table: Uint16Array;
  readonly count: number;
}

function classesOf(patterns: readonly string[], fold: (codeUnit: number) => number): Classes {
  const table = new Uint16Array(65536);
  const byRepresentative = new Map<number, number>();
  for (const pattern of patterns) {
    for (let at = 0; at < pattern.length; at++) {
      const folded = fold(pattern.charCodeAt(at));
      if (!byRepresentative.has(folded)) byRepresentative.set(folded, byRepresentative.size + 1);
    }
  }
  for (let unit = 0; unit < table.length; unit++) table[unit] = byRepresentative.get(fold(unit)) ?? 0;
  return { table, count: byRepresentative.size + 1 };
}

/** Turns the trie into an automaton: what does not continue goes where its longest proper suffix goes. */
function closeOver(next: Int32Array, classes: number, owner: number[][]): void {
  const failure = new Int32Array(owner.length);
  const queue: number[] = [];
  for (let c = 0; c < classes; c++) if (next[c] !== 0) queue.push(next[c] ?? 0);
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head] ?? 0;
    const back = failure[state] ?? 0;
    const inherited = owner[back] ?? [];
    if (inherited.length > 0) owner[state] = [...(owner[state] ?? []), ...inherited];
    for (let c = 0; c < classes; c++) {
      const child = next[state * classes + c] ?? 0;
      const fallback = next[back * classes + c] ?? 0;
      if (child === 0) next[state * classes + c] = fallback;
      else {
        failure[child] = fallback;
        queue.push(child);
      }
    }
  }
}

type Scan = Matcher["scan"];

/**
 * Patterns longer than this are sought by the automaton alone: a walk from each place costs at most as many steps as the
 * longest pattern has, and texts can be made that cost that much at every place.
 */
const longestWalk = 64;
const firstsBits = 15;

/**
 * Looks at three characters at each place, and walks the tree of patterns only where some pattern begins with them: in ordinary
 * text that is one place in twenty. Reports what the automaton does, in its order.
 */
function walkerOf(
  tree: Int32Array,
  table: Uint16Array,
  classes: number,
  owner: readonly (readonly number[])[],
  patterns: readonly string[],
  letters: Uint8Array,
  isBuiltIn: boolean,
): Scan {
  const mask = (1 << firstsBits) - 1;
  /** By three groups of characters, five bits each: whether a pattern begins so. */
  const firsts = new Uint8Array(mask + 1);
  /** The same of patterns that have no fourth character; and by four groups, mixed, of those that have: a kernel looks there too. */
  const shorts = new Uint8Array(mask + 1);
  const fourths = new Uint8Array(1 << 16);
  const mix = (...three: readonly number[]): number =>
    three.reduce((mixed, c) => ((mixed << (firstsBits / 3)) ^ c) & mask, 0);
  /** Small letters and the space by themselves, everything else in a few groups: five bits. */
  const groups = Uint8Array.from(table, (c) => (c === 0 ? 0 : 28 + (c % 4)));
  const numbers = new Map(
    Array.from("abcdefghijklmnopqrstuvwxyz ", (sign, at) => [table[sign.charCodeAt(0)] ?? 0, at + 1]),
  );
  for (let unit = 0; unit < groups.length; unit++)
    if (table[unit] !== 0) groups[unit] = numbers.get(table[unit] ?? 0) ?? (groups[unit] as number);
  const every = Array.from({ length: 32 }, (_, group) => group);
  for (const pattern of patterns) {
    const [a, b, c] = [0, 1, 2].map((at) => (at < pattern.length ? [groups[pattern.charCodeAt(at)] ?? 0] : every));
    const isShort = pattern.length <= 3;
    for (const one of a ?? [])
      for (const two of b ?? [])
        for (const three of c ?? []) {
          firsts[mix(one, two, three)] = 1;
          if (isShort) shorts[mix(one, two, three)] = 1;
        }
    if (isShort) continue;
    const four = [0, 1, 2, 3].map((at) => groups[pattern.charCodeAt(at)] ?? 0);
    fourths[
      Math.imul(
        four.reduce((mixed, group) => (mixed << 5) | group, 0),
        0x9e3779b1,
      ) >>> 16
    ] = 1;
  }
  const ends = Uint8Array.from(owner, (list) => (list.length > 0 ? 1 : 0));
  const kernel = isBuiltIn ? scanner() : undefined;
  const list = kernel?.learn({ groups, firsts, shorts, fourths, table, tree, ends, letters, classes }) ?? 0;
  return (text, onMatch, from = 0, to = text.length) => {
    const found: Found[] = [];
    const note = (start: number, end: number, state: number): void => {
      for (const pattern of owner[state] ?? []) insert(found, { pattern, end, length: end - start });
    };
    if (kernel?.walk(list, text, from, to, note, (reached) => report(found, reached, onMatch)) === true) return;
    let units = unitsOf(text);
    let mixed = 0;
    for (let at = from; at < from + 2; at++)
      mixed = (mixed << 5) ^ (at < to ? (groups[units[at] as number] as number) : 0);
    for (let at = from; at < to; at++) {
      mixed = ((mixed << 5) ^ (at + 2 < to ? (groups[units[at + 2] as number] as number) : 0)) & mask;
      if (firsts[mixed] === 0) continue;
      if (letters[units[at] as number] === 1 && at > 0 && letters[units[at - 1] as number] === 1) continue;
      if (found.length > 0) {
        report(found, at, onMatch);
        // Whoever was called may have looked at another text.
        units = unitsOf(text);
      }
      let state = 0;
      for (let end = at; end < to;) {
        const c = table[units[end] as number] as number;
        state = c === 0 ? 0 : (tree[state * classes + c] as number);
        if (state === 0) break;
        end += 1;
        if (ends[state] === 0) continue;
        for (const pattern of owner[state] ?? []) insert(found, { pattern, end, length: end - at });
      }
    }
    report(found, to, onMatch);
  };
}

interface Found {
  readonly pattern: number;
  readonly end: number;
  readonly length: number;
}

/** Reports and takes away what ends at `until` or before: what is still to be found ends behind it. */
function report(found: Found[], until: number, onMatch: OnMatch): void {
  let count = 0;
  for (; count < found.length; count++) {
    const next = found[count];
    if (next === undefined || next.end > until) break;
    onMatch(next.pattern, next.end);
  }
  if (count === found.length) found.length = 0;
  else if (count > 0) found.splice(0, count);
}

/** By end, then from the longest on. What is found comes nearly in that order: only what overlaps is moved. */
function insert(sorted: Found[], item: Found): void {
  sorted.push(item);
  let at = sorted.length - 1;
  for (; at > 0; at--) {
    const before = sorted[at - 1];
    if (before === undefined || before.end < item.end || (before.end === item.end && before.length >= item.length))
      break;
    sorted[at] = before;
  }
  sorted[at] = item;
}

function matcherOf(
  next: Int32Array,
  table: Uint16Array,
  classes: number,
  owner: readonly (readonly number[])[],
  depth: readonly number[],
  patterns: readonly string[],
  letters: Uint8Array,
  sparse: Scan | undefined,
): Matcher {
  // States are numbered by where their row begins, and a state's row says in its last cell whether anything ends there.
  const stride = classes + 1;
  const rows = new Int32Array(owner.length * stride);
  for (let state = 0; state < owner.length; state++) {
    for (let c = 0; c < classes; c++) rows[state * stride + c] = (next[state * classes + c] ?? 0) * stride;
    rows[state * stride + classes] = (owner[state]?.length ?? 0) > 0 ? 1 : 0;
  }
  const run = (text: string, from: number, to: number, onMatch: OnMatch | undefined): number => {
    let units = unitsOf(text);
    let row = 0;
    for (let at = from; at < to; at++) {
      const c = table[units[at] as number] as number;
      if (c === 0) {
        row = 0;
        continue;
      }
      row = rows[row + c] as number;
      if (rows[row + classes] === 0 || onMatch === undefined) continue;
      for (const pattern of owner[row / stride] ?? []) {
        const start = at + 1 - (patterns[pattern]?.length ?? 0);
        if (letters[units[start] as number] === 1 && start > 0 && letters[units[start - 1] as number] === 1) continue;
        onMatch(pattern, at + 1);
      }
      // Whoever was called may have looked at another text.
      units = unitsOf(text);
    }
    return row / stride;
  };
  const longest = patterns.reduce((most, pattern) => Math.max(most, pattern.length), 0);
  return {
    longest,
    lengths: patterns.map((pattern) => pattern.length),
    scan: sparse ?? ((text, onMatch, from = 0, to = text.length) => void run(text, from, to, onMatch)),
    openTail: (text) => depth[run(text, Math.max(0, text.length - longest), text.length, undefined)] ?? 0,
  };
}
