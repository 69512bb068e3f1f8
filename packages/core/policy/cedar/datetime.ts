/**
 * Cedar's `datetime` and `duration` (RFC 80). In: their text. Out: milliseconds, in 64 bits; and the arithmetic that
 * policies do with them. Cedar has no clock: "now" comes in by `context`.
 */
import { fail } from "./evaluation-error.ts";
import type { ExtensionValue } from "./extension-value.ts";
import { longOf, type Long } from "./value.ts";

type Datetime = Extract<ExtensionValue, { kind: "datetime" }>;
type Duration = Extract<ExtensionValue, { kind: "duration" }>;

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;
const dayMs = 86_400_000n;

/** @throws {EvaluationError} for anything but `YYYY-MM-DD`, with an optional `THH:MM:SS[.SSS]` and `Z` or `+HHMM` */
export function parseDatetime(text: string): Datetime {
  const at = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
  if (at === null) refuseDatetime("invalid date pattern");
  const [date, year, month, day] = at;
  const midnight = midnightOf(Number(year), Number(month), Number(day));
  if (midnight === undefined) refuseDatetime(`invalid date: ${date}`);
  const rest = text.slice(10);
  if (rest === "") return { kind: "datetime", amount: midnight };
  const clock = /^T(\d{2}):(\d{2}):(\d{2})/.exec(rest);
  if (clock === null) refuseDatetime("invalid hour/minute/second pattern");
  const [whole, hour, minute, second] = clock;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    refuseDatetime(`invalid hour/minute/second: ${whole.slice(1)}`);
  const zone = /^(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2}))$/.exec(rest.slice(9));
  if (zone === null) refuseDatetime("invalid millisecond and/or offset pattern");
  const [, millis = "0", sign, zoneHour = "0", zoneMinute = "0"] = zone;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59)
    refuseDatetime(`invalid offset range: ${Number(zoneHour)}${Number(zoneMinute)}`);
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === "-" ? -1 : 1);
  return { kind: "datetime", amount: midnight + BigInt(seconds * 1000 + Number(millis) - zoneMs) };
}

/** Milliseconds of a date's midnight, or `undefined` where there is no such date (proleptic Gregorian, years 0-9999). */
function midnightOf(year: number, month: number, day: number): bigint | undefined {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day < 1 || day > (lengths[month - 1] ?? 0)) return undefined;
  // Days from civil, era by era (H. Hinnant, chrono-compatible date algorithms).
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return BigInt(era * 146_097 + dayOfEra - 719_468) * dayMs;
}

const units = [
  ["d", dayMs],
  ["h", 3_600_000n],
  ["m", 60_000n],
  ["s", 1_000n],
  ["ms", 1n],
] as const;

/** @throws {EvaluationError} for anything but quantities with units `d h m s ms`, in this order, after an optional `-` */
export function parseDuration(text: string): Duration {
  const match = /^(-?)(?:(\d{1,40})d)?(?:(\d{1,40})h)?(?:(\d{1,40})m(?!s))?(?:(\d{1,40})s)?(?:(\d{1,40})ms)?$/.exec(
    text,
  );
  if (match === null || text === "" || text === "-") refuseDuration("invalid duration pattern");
  const [, sign, ...quantities] = match;
  let amount = 0n;
  for (const [index, [, unit]] of units.entries()) amount += BigInt(quantities[index] ?? 0) * unit;
  if (sign === "-") amount = -amount;
  if (amount < least || amount > most) refuseDuration("Duration overflows internal representation");
  return { kind: "duration", amount };
}

export function offset(datetime: Datetime, by: Duration): Datetime {
  const amount = datetime.amount + by.amount;
  if (amount < least || amount > most)
    fail(
      `error while evaluating \`offset\` extension function: overflows when adding an offset: ${written(datetime)}+(${by.amount}ms)`,
    );
  return { kind: "datetime", amount };
}

export function durationSince(later: Datetime, earlier: Datetime): Duration {
  const amount = later.amount - earlier.amount;
  if (amount < least || amount > most)
    fail(
      `error while evaluating \`durationSince\` extension function: overflows when computing the duration between ${written(later)} and ${written(earlier)}`,
    );
  return { kind: "duration", amount };
}

/** Midnight of the same day. */
export function toDate(datetime: Datetime): Datetime {
  const amount = datetime.amount - timeOfDay(datetime);
  if (amount < least)
    fail(
      `error while evaluating \`toDate\` extension function: overflows when computing the date of ${written(datetime)}`,
    );
  return { kind: "datetime", amount };
}

/** What has passed of the day. */
export function toTime(datetime: Datetime): Duration {
  return { kind: "duration", amount: timeOfDay(datetime) };
}

function timeOfDay({ amount }: Datetime): bigint {
  const rest = amount % dayMs;
  return rest < 0n ? rest + dayMs : rest;
}

/** A duration in whole units, towards zero. */
export function inUnits({ amount }: Duration, unitMs: bigint): Long {
  return longOf(amount / unitMs) ?? fail("duration does not fit into a long");
}

function written({ amount }: Datetime): string {
  return `datetime("1970-01-01").offset(duration("${amount}ms"))`;
}

function refuseDatetime(why: string): never {
  fail(`error while evaluating \`datetime\` extension function: ${why}`);
}

function refuseDuration(why: string): never {
  fail(`error while evaluating \`duration\` extension function: ${why}`);
}
