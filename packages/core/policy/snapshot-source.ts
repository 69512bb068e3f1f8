/**
 * Where an enforcement point gets its snapshot from: the newest one, and how long ago the control plane said that it
 * is the newest.
 */
import type { Snapshot } from "./snapshot.ts";

export interface SnapshotSource {
  /** The snapshot in force. The same object until it is replaced whole. */
  current(): Snapshot;
  /**
   * When the control plane last confirmed that {@link current} is its newest, in milliseconds of the monotonic clock
   * (`performance.now()`). Stays behind while the control plane is out of reach, and while its newest revision cannot
   * be built here.
   */
  confirmedAtMs(): number;
  /** Calls back after each swap, with the snapshot now in force; returns the way to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
}
