/**
 * Many exact patterns in one pass (Aho and Corasick 1975). In: patterns, and how characters fold together. Out: a matcher
 * that reports every occurrence in time linear in the text, whatever the text is.
 *
 * The automaton is one dense table: a state and a character class give the next state. Characters that no pattern holds
 * share class 0.
 */
import { CordonError } from "../../errors.ts";

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
 * @throws CordonError `CONFIG_INVALID` for an empty pattern, or more than the table holds.
 */
export function createMatcher(patterns: readonly string[], fold: (codeUnit: number) => number): Matcher {
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
  closeOver(next, classes, owner);
  return matcherOf(next, classOf.table, classes, owner, depth, patterns);
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

function matcherOf(
  next: Int32Array,
  table: Uint16Array,
  classes: number,
  owner: readonly (readonly number[])[],
  depth: readonly number[],
  patterns: readonly string[],
): Matcher {
  const reports = Uint8Array.from(owner, (list) => (list.length > 0 ? 1 : 0));
  const run = (text: string, from: number, to: number, onMatch: OnMatch | undefined): number => {
    let state = 0;
    for (let at = from; at < to; at++) {
      const c = table[text.charCodeAt(at)] ?? 0;
      state = c === 0 ? 0 : (next[state * classes + c] ?? 0);
      if (reports[state] === 1 && onMatch !== undefined) {
        for (const pattern of owner[state] ?? []) onMatch(pattern, at + 1);
      }
    }
    return state;
  };
  const longest = patterns.reduce((most, pattern) => Math.max(most, pattern.length), 0);
  return {
    longest,
    lengths: patterns.map((pattern) => pattern.length),
    scan: (text, onMatch, from = 0, to = text.length) => void run(text, from, to, onMatch),
    openTail: (text) => depth[run(text, Math.max(0, text.length - longest), text.length, undefined)] ?? 0,
  };
}
