/** Where events go. In: events, a few at a time, in order. Out: nothing; what is not taken is asked again, later. */
import type { Instant } from "@cordon/core/instant";

/** An event ready to leave. */
export interface OutgoingEvent {
  /** One line of JSON, without a newline. */
  readonly text: string;
  readonly at: Instant;
  readonly classUid: number;
  /** OCSF: 1 informational to 6 fatal. */
  readonly severityId: number;
}

export interface EventSink extends AsyncDisposable {
  /** As in the configuration; what status, metrics and log call it. */
  readonly name: string;
  /**
   * Resolves once all of them are out of this process's hands, in order. Rejects where they are not; some may have got
   * through all the same.
   *
   * @returns how many could not be sent whatever is tried, and were left out
   */
  write(events: readonly OutgoingEvent[]): Promise<number>;
}
