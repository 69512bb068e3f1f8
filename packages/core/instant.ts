/**
 * A point in wall-clock time: milliseconds since the Unix epoch, as `Date.now()` gives it.
 *
 * Core never reads a clock; every function that depends on time takes an `Instant` called `now`.
 */
export type Instant = number;

/** An ISO 8601 date and time with its zone, to the second: it names one instant wherever it is read. */
export function isExactInstant(text: string): boolean {
  const match = /^\d{4}-\d{2}-(\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return false;
  // `Date` reads February 30 as March 2.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && day.getUTCDate() === Number(match[1]);
}
