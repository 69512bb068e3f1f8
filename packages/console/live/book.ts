/**
 * The newest entries, decisions joined with how they ended. In: entries in any order, some twice. Out: rows, newest
 * first, at most {@link maxRows}; the old book is not changed.
 */
import type { DecisionRow, Line, Outcome, Row } from "./row.ts";

/** A screen that stays open for weeks must not grow. */
export const maxRows = 2_000;

/** How far back {@link Book.rates} looks. */
export const rateSeconds = 60;

export interface Rate {
  readonly second: number;
  readonly allowed: number;
  readonly denied: number;
}

export interface Book {
  readonly rows: readonly Row[];
  /** Outcomes that came before their decision, by what joins them; at most {@link maxRows}. */
  readonly waiting: ReadonlyMap<string, Outcome>;
  /** The newest index seen, of whatever kind; -1 before the first. */
  readonly lastIndex: number;
  /** Decisions a second, oldest first; only seconds that had any. */
  readonly rates: readonly Rate[];
}

export const emptyBook: Book = { rows: [], waiting: new Map(), lastIndex: -1, rates: [] };

/** The book with these lines in it. */
export function addLines(book: Book, lines: readonly Line[]): Book {
  const known = new Set(book.rows.map(({ index }) => index));
  const fresh: Row[] = [];
  const outcomes = new Map(book.waiting);
  let lastIndex = book.lastIndex;
  for (const line of lines) {
    const index = line.type === "outcome" ? line.outcome.index : line.index;
    lastIndex = Math.max(lastIndex, index);
    if (line.type === "outcome") outcomes.set(line.join, line.outcome);
    else if (!known.has(index)) {
      known.add(index);
      fresh.push(line);
    }
  }
  const rows = merge(book.rows, fresh).map((row) => join(row, outcomes));
  return { rows, waiting: bounded(outcomes), lastIndex, rates: addRates(book.rates, fresh) };
}

/** Both lists newest first, without what no longer fits. */
function merge(rows: readonly Row[], fresh: readonly Row[]): Row[] {
  const newest = fresh.toSorted((a, b) => b.index - a.index);
  const oldestNew = newest.at(-1)?.index ?? Number.POSITIVE_INFINITY;
  const inOrder = oldestNew > (rows[0]?.index ?? -1);
  const all = [...newest, ...rows];
  return (inOrder ? all : all.toSorted((a, b) => b.index - a.index)).slice(0, maxRows);
}

/** Takes a waiting outcome out of the map where the row is its decision. */
function join(row: Row, outcomes: Map<string, Outcome>): Row {
  if (row.type !== "decision") return row;
  const outcome = outcomes.get(row.join);
  if (outcome === undefined) return row;
  outcomes.delete(row.join);
  return row.outcome === undefined ? { ...row, outcome } : row;
}

function bounded(outcomes: ReadonlyMap<string, Outcome>): ReadonlyMap<string, Outcome> {
  return outcomes.size <= maxRows ? outcomes : new Map([...outcomes].slice(-maxRows));
}

function addRates(rates: readonly Rate[], fresh: readonly Row[]): readonly Rate[] {
  const decisions = fresh.filter((row): row is DecisionRow => row.type === "decision");
  if (decisions.length === 0) return rates;
  const bySecond = new Map(rates.map((rate) => [rate.second, rate]));
  for (const { at, effect } of decisions) {
    const second = Math.floor(at / 1_000);
    const { allowed, denied } = bySecond.get(second) ?? { allowed: 0, denied: 0 };
    bySecond.set(
      second,
      effect === "deny" ? { second, allowed, denied: denied + 1 } : { second, allowed: allowed + 1, denied },
    );
  }
  const newest = Math.max(...bySecond.keys());
  return [...bySecond.values()]
    .filter(({ second }) => second > newest - rateSeconds)
    .toSorted((a, b) => a.second - b.second);
}
