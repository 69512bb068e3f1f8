/**
 * The newest ledger entries and the flows they add up to. In: each entry, once it is durable. Out: the last few hundred
 * for whoever looks, a wake-up when there are more, and counts of who did what with what. Bounded, and cheap on the path.
 */
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { countFlows, type Flow } from "./flows.ts";

/** Entries at hand for a browser that comes or falls behind. */
export const recentEntries = 500;

export interface RecentEntry {
  /** Counts what was heard here; without gaps, unlike the ledger's index, which its own writer uses too. */
  readonly position: number;
  readonly index: number;
  readonly entry: LedgerEntry;
}

export interface LiveEntries {
  /** Never throws. */
  readonly hear: (index: number, entry: LedgerEntry) => void;
  /** The position to start at for entries from ledger index `since` on, or the oldest at hand. */
  positionOf(since: number | undefined): number;
  /** What is at hand from `position` on, oldest first, at most `limit`. The first may be later: what was between is gone. */
  from(position: number, limit: number): readonly RecentEntry[];
  /** Calls once at least one entry has come since the last call, at most once a turn. Returns how to stop. */
  onMore(listener: () => void): () => void;
  flows(): readonly Flow[];
}

/** @param earlier entries from before this process started: shown, and not counted as flows */
export function openLiveEntries(
  earlier: readonly { readonly index: number; readonly entry: LedgerEntry }[] = [],
): LiveEntries {
  const ring: (RecentEntry | undefined)[] = Array.from({ length: recentEntries });
  const flows = countFlows();
  const listeners = new Set<() => void>();
  let next = 0;
  let waking = false;

  const keep = (index: number, entry: LedgerEntry): void => {
    ring[next % recentEntries] = { position: next, index, entry };
    next += 1;
  };
  const wake = (): void => {
    waking = false;
    for (const listener of listeners) listener();
  };
  const from = (position: number, limit: number): RecentEntry[] => {
    const entries: RecentEntry[] = [];
    for (let at = Math.max(position, next - recentEntries, 0); at < next && entries.length < limit; at++) {
      const kept = ring[at % recentEntries];
      if (kept !== undefined) entries.push(kept);
    }
    return entries;
  };
  for (const { index, entry } of earlier) keep(index, entry);

  return {
    hear(index, entry) {
      keep(index, entry);
      if (entry.kind === "decision") flows.count(entry);
      if (listeners.size === 0 || waking) return;
      waking = true;
      setImmediate(wake);
    },
    positionOf(since) {
      const oldest = Math.max(0, next - recentEntries);
      if (since === undefined) return oldest;
      return from(oldest, recentEntries).find((each) => each.index >= since)?.position ?? next;
    },
    from,
    onMore(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    flows: () => flows.list(),
  };
}
