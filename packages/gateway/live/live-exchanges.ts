/**
 * Interactions under way. When anything changes, each is decided again, in slices, and those that no longer stand are
 * cut. In: a new snapshot. Out: cuts.
 */
import type { Instant } from "@cordon/core/instant";
import type { Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";

export interface LiveExchange {
  /** When a time fact that the decision read changes: it has to be taken again. `Infinity` when none does. */
  readonly validUntil: Instant;
  /** Takes the decision again on this snapshot; `undefined` when it still stands. */
  redecide(snapshot: Snapshot): Decision | undefined;
  /** Stops the flow at once, records why, then closes. */
  cut(decision: Decision): Promise<void>;
}

/** How many are decided before the event loop gets a turn. */
const sliceSize = 256;

export class LiveExchanges {
  readonly #live = new Set<LiveExchange>();
  #generation = 0;

  get size(): number {
    return this.#live.size;
  }

  add(exchange: LiveExchange): void {
    this.#live.add(exchange);
  }

  remove(exchange: LiveExchange): void {
    this.#live.delete(exchange);
  }

  /** Takes the decisions again whose time has come. */
  redecideDue(snapshot: Snapshot, now: Instant): void {
    for (const exchange of this.#live) {
      if (exchange.validUntil > now) continue;
      const denied = exchange.redecide(snapshot);
      if (denied !== undefined) void exchange.cut(denied);
    }
  }

  /** A newer call overtakes an older one: only the newest snapshot matters. */
  async redecideAll(snapshot: Snapshot): Promise<void> {
    const generation = ++this.#generation;
    let inSlice = 0;
    for (const exchange of [...this.#live]) {
      const denied = exchange.redecide(snapshot);
      if (denied !== undefined) void exchange.cut(denied);
      if (++inSlice % sliceSize === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        if (generation !== this.#generation) return;
      }
    }
  }

  [Symbol.iterator](): Iterator<LiveExchange> {
    return this.#live.values();
  }
}
