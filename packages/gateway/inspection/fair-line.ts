/**
 * A line in which nobody stands in others' way. In: who comes for whom. Out: who is next: each principal's first in turn, however
 * many a principal has in the line; and who is turned away when it is full, of whom there are most.
 */
export interface FairLine<T> {
  readonly length: number;
  /**
   * Joins the line. A full one makes room for a principal that has fewer in it than another: the last of that one's goes.
   *
   * @returns who is turned away: `one` itself where nobody has more; `undefined` where there was room
   */
  join(principal: string, one: T): T | undefined;
  /** The next one, who leaves the line. */
  next(): T | undefined;
  /** It waits no more, wherever it stands. */
  leave(principal: string, one: T): void;
  /** Everybody, who all leave it. */
  clear(): T[];
}

/** @param most in the line */
export function openFairLine<T>(most: number): FairLine<T> {
  /** Whose turn it is stands first; nobody's list is empty. */
  const waiting = new Map<string, T[]>();
  let length = 0;
  return {
    get length() {
      return length;
    },
    join(principal, one) {
      const own = waiting.get(principal) ?? [];
      let turnedAway: T | undefined;
      if (length >= most) {
        const longest = [...waiting.values()].reduce((a, b) => (b.length > a.length ? b : a), own);
        if (longest.length <= own.length + 1) return one;
        turnedAway = longest.pop();
        length -= 1;
      }
      own.push(one);
      waiting.set(principal, own);
      length += 1;
      return turnedAway;
    },
    next() {
      for (const [principal, own] of waiting) {
        const first = own.shift();
        waiting.delete(principal);
        if (own.length > 0) waiting.set(principal, own);
        length -= 1;
        return first;
      }
      return undefined;
    },
    leave(principal, one) {
      const own = waiting.get(principal) ?? [];
      const at = own.indexOf(one);
      if (at < 0) return;
      own.splice(at, 1);
      if (own.length === 0) waiting.delete(principal);
      length -= 1;
    },
    clear() {
      const all = [...waiting.values()].flat();
      waiting.clear();
      length = 0;
      return all;
    },
  };
}
