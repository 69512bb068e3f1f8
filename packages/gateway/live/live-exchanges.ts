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
  /** For {@link LiveExchanges} alone: where it holds this one; -1 when it does not. */
  place: number;
  /** Takes the decision again on this snapshot; `undefined` when it still stands. */
  redecide(snapshot: Snapshot): Decision | undefined;
  /** Stops the flow at once, records why, then closes. */
  cut(decision: Decision): Promise<void>;
}

/** How many are decided before the event loop gets a turn. */
const sliceSize = 256;

/**
 * Kept in an array, each with its place in it, rather than in a Set: a Set that exchanges come and go through grows anew
 * every few dozen, and V8 links each old table to the next. Once one of these is in the old generation, all that follow,
 * and every request that was ever in them, survive until the next full collection (measured: a third of what is allocated).
 */
export class LiveExchanges {
  readonly #live: LiveExchange[] = [];
  #generation = 0;

  get size(): number {
    return this.#live.length;
  }

  add(exchange: LiveExchange): void {
    exchange.place = this.#live.length;
    this.#live.push(exchange);
  }

  remove(exchange: LiveExchange): void {
    const { place } = exchange;
    if (place < 0 || this.#live[place] !== exchange) return;
    exchange.place = -1;
    const last = this.#live.pop() as LiveExchange;
    if (last === exchange) return;
    this.#live[place] = last;
    last.place = place;
  }

  /** Takes the decisions again whose time has come. */
  redecideDue(snapshot: Snapshot, now: Instant): void {
    // From the end, so that what a cut removes has been looked at already.
    for (let at = this.#live.length - 1; at >= 0; at--) {
      const exchange = this.#live[at];
      if (exchange === undefined || exchange.validUntil > now) continue;
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
    return [...this.#live].values();
  }
}
