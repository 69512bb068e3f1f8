/**
 * Wakes followers. In: rings. Out: an end to waiting. A ring only says "look": each follower reads the database's log
 * itself, so a ring too many costs a read, and a ring between reading and waiting is not lost, since waiters name the
 * count that they had seen.
 */
export class Bell {
  #rings = 0;
  readonly #waiters = new Set<() => void>();

  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves once the bell has rung since it stood at `heard`, or `signal` aborts. */
  wait(heard: number, signal: AbortSignal): Promise<void> {
    if (this.#rings !== heard || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
