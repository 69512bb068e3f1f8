/**
 * Turns at something that only so many may do at a time. In: who wants one, and how long they wait. Out: a turn, in the
 * order of asking. So a burst waits, and is not turned away at once.
 */
export interface Turns {
  /**
   * @returns gives the turn back; to be called once
   * @throws {Error} where too many wait already; or, as the signal says, when it ends the waiting
   */
  take(signal: AbortSignal): Promise<() => void>;
}

/** @param most turns at a time. @param waiting the longest line for them */
export function openTurns(most: number, waiting: number): Turns {
  let taken = 0;
  const line = new Set<() => void>();
  const giveBack = (): void => {
    const [next] = line;
    if (next === undefined) taken -= 1;
    else next(); // it goes on to whoever is first
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (taken < most) {
        taken += 1;
        return giveBack;
      }
      if (line.size >= waiting) throw new Error(`${most} are at it and ${waiting} wait already`);
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          line.delete(go);
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          line.delete(go);
          reject(signal.reason as Error);
        };
        line.add(go);
        signal.addEventListener("abort", leave, { once: true });
      });
      return giveBack;
    },
  };
}
