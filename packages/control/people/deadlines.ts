/**
 * Ends that a clock which is set back does not move. In: what ends when by the wall clock, looked at again and again; a clock that
 * is never set. Out: what is over by that one. Something ends when either clock says so.
 */
import type { Instant } from "@cordon/core/instant";

export interface Ending {
  readonly id: string;
  readonly ends: Instant;
}

interface Deadline {
  readonly ends: Instant;
  readonly dueMs: number;
}

/** @returns what is over by the clock that is never set; each call takes all that there is */
export function openDeadlines(
  monotonicMs: () => number,
): (all: readonly Ending[], now: Instant) => ReadonlySet<string> {
  let known = new Map<string, Deadline>();
  return (all, now) => {
    const nowMs = monotonicMs();
    const next = new Map<string, Deadline>();
    const late = new Set<string>();
    for (const { id, ends } of all) {
      const held = known.get(id);
      // Counted from when it was first seen, and anew where it was given another end.
      const deadline = held?.ends === ends ? held : { ends, dueMs: nowMs + (ends - now) };
      next.set(id, deadline);
      if (nowMs >= deadline.dueMs) late.add(id);
    }
    known = next;
    return late;
  };
}
