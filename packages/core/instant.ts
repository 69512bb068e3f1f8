/**
 * A point in wall-clock time: milliseconds since the Unix epoch, as `Date.now()` gives it.
 *
 * Core never reads a clock; every function that depends on time takes an `Instant` called `now`.
 */
export type Instant = number;
