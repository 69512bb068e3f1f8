/**
 * Keeps the newest snapshot. In: the state store. Out: a `SnapshotSource` that swaps its snapshot whole at each
 * revision, and knows when the store last said that there is nothing newer.
 *
 * A revision that cannot be built leaves the last good snapshot in force and is reported; from then on nothing is
 * confirmed, so that gateways run into their staleness limit rather than go on without, say, a revocation. The next
 * revision is tried together with everything that could not be built before it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { Change, StateStore } from "../store/state-store.ts";
import { applyChanges, project, type Projection, type SnapshotDeps } from "./build-snapshot.ts";

export interface SnapshotFeed extends SnapshotSource, AsyncDisposable {}

export interface FeedOptions {
  /** Hears of every revision that could not be built, and of each time the store goes out of reach. */
  readonly onProblem: (error: unknown) => void;
  /** How often the store is asked whether there is anything newer. Default 1000. */
  readonly confirmEveryMs?: number;
  /** How long to wait before following again after the store failed. Default 500. */
  readonly retryAfterMs?: number;
  /** Monotonic clock in milliseconds. Default `performance.now()`. */
  readonly monotonicMs?: () => number;
}

/**
 * Starts following. Resolves once there is a first snapshot.
 *
 * @throws {CordonError} `STORE_UNAVAILABLE`, `STORE_CORRUPT`, `POLICY_INVALID`: there is no last good snapshot to fall
 *   back on yet
 */
export async function followSnapshots(
  store: StateStore,
  deps: SnapshotDeps,
  options: FeedOptions,
): Promise<SnapshotFeed> {
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const asked = monotonicMs();
  return new StoreFeed(store, deps, project(await store.snapshot(), deps), asked, { ...options, monotonicMs });
}

class StoreFeed implements SnapshotFeed {
  readonly #store: StateStore;
  readonly #deps: SnapshotDeps;
  readonly #options: FeedOptions & { readonly monotonicMs: () => number };
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  readonly #ending = new AbortController();
  readonly #running: Promise<unknown>;
  #projection: Projection;
  #confirmedAtMs: number;
  /** The newest revision that was heard of, in force or not. */
  #heard: Revision;
  /** Changes since the snapshot in force that could not be built. */
  #unbuilt: readonly Change[] = [];
  #reachable = true;

  constructor(
    store: StateStore,
    deps: SnapshotDeps,
    first: Projection,
    confirmedAtMs: number,
    options: FeedOptions & { readonly monotonicMs: () => number },
  ) {
    this.#store = store;
    this.#deps = deps;
    this.#options = options;
    this.#projection = first;
    this.#confirmedAtMs = confirmedAtMs;
    this.#heard = first.snapshot.revision;
    this.#running = Promise.all([this.#follow(), this.#confirm()]);
  }

  current(): Snapshot {
    return this.#projection.snapshot;
  }

  confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#listeners.clear();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        for await (const changes of this.#store.follow(this.#heard, signal)) this.#take(changes);
      } catch (error) {
        if (!signal.aborted) this.#lost(error);
      }
      await this.#pause(this.#options.retryAfterMs ?? 500);
    }
  }

  /** Asks whether there is anything newer. The answer is as old as the question. */
  async #confirm(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#pause(this.#options.confirmEveryMs ?? 1000);
      if (signal.aborted) return;
      try {
        const asked = this.#options.monotonicMs();
        const newer = await this.#store.changesSince(this.#heard, 1);
        this.#reachable = true;
        if (newer.length === 0 && this.#unbuilt.length === 0) this.#confirmedAtMs = asked;
      } catch (error) {
        if (!signal.aborted) this.#lost(error);
      }
    }
  }

  #take(changes: readonly Change[]): void {
    const last = changes.at(-1);
    if (!last || last.revision <= this.#heard) return;
    this.#heard = last.revision;
    const open = [...this.#unbuilt, ...changes];
    try {
      this.#projection = applyChanges(this.#projection, open, this.#deps);
    } catch (error) {
      this.#unbuilt = open;
      this.#options.onProblem(error);
      return;
    }
    this.#unbuilt = [];
    for (const listener of this.#listeners) this.#tell(listener);
  }

  // One listener's bug must not keep the others, or the feed, from the news.
  #tell(listener: (snapshot: Snapshot) => void): void {
    try {
      listener(this.#projection.snapshot);
    } catch (error) {
      this.#options.onProblem(error);
    }
  }

  #lost(error: unknown): void {
    if (this.#reachable) this.#options.onProblem(error);
    this.#reachable = false;
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#ending;
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
