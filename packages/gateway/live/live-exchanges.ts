/**
 * Interactions under way. When something changes, exactly those are decided again whose decision depended on it, and those
 * that no longer stand are cut. In: each interaction, with what it depends on; each new snapshot. Out: cuts.
 *
 * Most interactions are over within a second. Those are looked at at every change; one that lasts longer is entered into an
 * index by what it depends on, so that ten thousand streams cost a change nothing that does not concern them.
 */
import { changesBetween, type Changes } from "@cordon/core/policy/changes";
import type { Instant } from "@cordon/core/instant";
import type { Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { LiveIndex } from "./live-index.ts";

export interface LiveExchange {
  /** When a time fact that the decision read changes: it has to be taken again. `Infinity` when none does. */
  readonly validUntil: Instant;
  /** For {@link LiveExchanges} alone: where it holds this one; -1 when it does not. */
  place: number;
  /** For {@link LiveExchanges} alone: how often it was looked over; whether it waits to be decided again. */
  looks?: number;
  queued?: boolean;
  /** What its decision depends on: the decision's own keys, its credentials', its address's. */
  readonly dependsOn: () => readonly string[];
  /** Takes the decision again on this snapshot; `undefined` when it still stands. */
  redecide(snapshot: Snapshot): Decision | undefined;
  /** Stops the flow at once, records why, then closes. */
  cut(decision: Decision): Promise<void>;
}

/** How long decisions are taken before the event loop gets a turn, in milliseconds. */
const sliceMs = 3;
/** Looked over this often, 25 ms apart, an interaction is entered into the index. */
const looksUntilIndexed = 20;
/** Entered at one look at most. */
const mostIndexedAtOnce = 500;

/**
 * Kept in an array, each with its place in it, rather than in a Set: a Set that exchanges come and go through grows anew
 * every few dozen, and V8 links each old table to the next. Once one of these is in the old generation, all that follow,
 * and every request that was ever in them, survive until the next full collection (measured: a third of what is allocated).
 */
export class LiveExchanges {
  readonly #live: LiveExchange[] = [];
  readonly #index = new LiveIndex();
  #last: Snapshot | undefined;
  #queue: LiveExchange[] = [];
  /** What is under way, or was last. */
  #draining: Promise<void> = Promise.resolve();
  #isDraining = false;
  #newest: Snapshot | undefined;

  get size(): number {
    return this.#live.length;
  }

  /** How many are found by what they depend on. */
  get indexed(): number {
    return this.#index.size;
  }

  add(exchange: LiveExchange): void {
    exchange.place = this.#live.length;
    this.#live.push(exchange);
  }

  remove(exchange: LiveExchange): void {
    const { place } = exchange;
    if (place < 0 || this.#live[place] !== exchange) return;
    exchange.place = -1;
    this.#index.remove(exchange);
    const last = this.#live.pop() as LiveExchange;
    if (last === exchange) return;
    this.#live[place] = last;
    last.place = place;
  }

  /**
   * Looks all over: takes the decisions again whose time has come, the first slice of them before it returns, and enters
   * into the index what has lasted.
   */
  redecideDue(snapshot: Snapshot, now: Instant): Promise<void> {
    let entered = 0;
    for (const exchange of this.#live) {
      if (exchange.validUntil <= now) this.#enqueue(exchange);
      const looks = (exchange.looks ?? 0) + 1;
      if (looks > looksUntilIndexed) continue;
      if (looks < looksUntilIndexed || entered < mostIndexedAtOnce) exchange.looks = looks;
      if (exchange.looks !== looksUntilIndexed) continue;
      exchange.looks = looks + 1;
      entered += 1;
      this.#index.add(exchange);
    }
    return this.#queue.length > 0 || this.#isDraining ? this.#drain(snapshot) : Promise.resolve();
  }

  /** Takes those decisions again that a new snapshot may change, the first slice of them before it returns. */
  follow(snapshot: Snapshot): Promise<void> {
    const before = this.#last;
    this.#last = snapshot;
    const changes = before === undefined ? undefined : changesBetween(before, snapshot);
    if (before === undefined || changes === undefined || changes.everything) return this.redecideAll(snapshot);
    this.#enqueueChanged(before, snapshot, changes);
    return this.#drain(snapshot);
  }

  /** Takes every decision again: where it cannot be told what depends on a change, and from time to time all the same. */
  redecideAll(snapshot: Snapshot): Promise<void> {
    this.#last = snapshot;
    for (const exchange of this.#live) this.#enqueue(exchange);
    return this.#drain(snapshot);
  }

  [Symbol.iterator](): Iterator<LiveExchange> {
    return [...this.#live].values();
  }

  #enqueueChanged(before: Snapshot, after: Snapshot, { keys, threats }: Changes): void {
    // What concerns few comes first: a person's revocation does not wait behind a namespace's new policy.
    const sets = [...this.#index.holding(keys)];
    if (threats) sets.push(...this.#index.toldOtherwise(before.threats, after.threats));
    for (const set of sets.toSorted((a, b) => a.size - b.size)) for (const exchange of set) this.#enqueue(exchange);
    if (this.#index.size < this.#live.length)
      for (const exchange of this.#live) if (!this.#index.has(exchange)) this.#enqueue(exchange);
  }

  #enqueue(exchange: LiveExchange): void {
    if (exchange.queued === true) return;
    exchange.queued = true;
    this.#queue.push(exchange);
  }

  /** One at a time: a newer snapshot joins the work under way, which goes on with it. */
  #drain(snapshot: Snapshot): Promise<void> {
    this.#newest = snapshot;
    if (!this.#isDraining) this.#draining = this.#work();
    return this.#draining;
  }

  async #work(): Promise<void> {
    this.#isDraining = true;
    let batch: LiveExchange[] = [];
    try {
      let sliceEnds = performance.now() + sliceMs;
      while (this.#queue.length > 0) {
        batch = this.#queue;
        this.#queue = [];
        for (const exchange of batch) {
          exchange.queued = false;
          if (exchange.place < 0) continue; // it has ended meanwhile
          const denied = exchange.redecide(this.#newest as Snapshot);
          if (denied !== undefined) void exchange.cut(denied);
          else this.#index.refresh(exchange);
          if (performance.now() < sliceEnds) continue;
          await new Promise((resolve) => setImmediate(resolve));
          sliceEnds = performance.now() + sliceMs;
        }
      }
    } finally {
      this.#isDraining = false;
      // Where a decision threw, whoever came behind it comes again.
      for (const exchange of batch) exchange.queued = false;
    }
  }
}
