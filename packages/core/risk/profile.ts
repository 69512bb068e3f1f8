/**
 * What is usual for one principal: its hours of the week, countries, devices, last place and pace. In: what it did, one
 * observation at a time. Out: a small, bounded, mergeable summary, and what of it bears on a request. Old habits fade: counts
 * halve in thirty days.
 *
 * What is unusual does not become usual by being done: a stranger with a stolen credential must not teach it his own country.
 * So a country or device is taken up at once only while little is known, or where the caller says that the person has proved
 * to be present; else it waits two weeks from when it was first seen.
 */
import type { Instant } from "../instant.ts";
import type { HourSignal } from "./signals.ts";

export interface Place {
  readonly country: string;
  readonly latitude?: number;
  readonly longitude?: number;
}

export interface Seen {
  readonly name: string;
  readonly first: Instant;
  last: Instant;
  /** Taken for usual. */
  usual: boolean;
}

export interface Profile {
  /** Counts by hour of the week, UTC, Monday 00:00 first; faded to `fadedAt`. */
  readonly hours: Float64Array;
  total: number;
  fadedAt: Instant;
  readonly countries: Seen[];
  readonly devices: Seen[];
  place?: { readonly where: Place; readonly at: Instant };
  /** Requests of the minute under way, and of the whole one before it. */
  minute: { start: Instant; count: number; before: number };
  /** Requests a minute, over the minutes in which it did anything. */
  usualRate: number;
}

export const hoursOfWeek = 168;
const maxSeen = 16;
const halfLifeMs = 30 * 86_400_000;
const fadeEveryMs = 86_400_000;
/** What is unusual is taken for usual so long after it was first seen, in milliseconds. */
export const wait = 14 * 86_400_000;
const minuteMs = 60_000;

export function newProfile(now: Instant): Profile {
  return {
    hours: new Float64Array(hoursOfWeek),
    total: 0,
    fadedAt: now,
    countries: [],
    devices: [],
    minute: { start: now - (now % minuteMs), count: 0, before: 0 },
    usualRate: 0,
  };
}

export interface Observation {
  readonly at: Instant;
  readonly place?: Place;
  readonly device?: string;
  /** The person has just proved to be present, or nothing speaks against it: what it does is usual from now on. */
  readonly trusted: boolean;
}

/** Learns one request that was let through. */
export function observe(
  profile: Profile,
  { at, place, device, trusted }: Observation,
  leastObservations: number,
): void {
  fade(profile, at);
  const taken = trusted || profile.total < leastObservations;
  // An unusual hour is taken up all the same: one request among hundreds moves little, and a new shift must become usual.
  const hour = hourOfWeek(at);
  profile.hours[hour] = (profile.hours[hour] ?? 0) + 1;
  profile.total += 1;
  if (place !== undefined) {
    note(profile.countries, place.country, at, taken);
    profile.place = { where: place, at };
  }
  if (device !== undefined) note(profile.devices, device, at, taken);
}

/** Counts a request, whatever became of it. */
export function pace(profile: Profile, now: Instant): void {
  const { minute } = profile;
  const start = now - (now % minuteMs);
  if (start > minute.start) {
    // Only minutes in which something happened make the usual pace.
    if (minute.count > 0)
      profile.usualRate = profile.usualRate === 0 ? minute.count : profile.usualRate * 0.95 + minute.count * 0.05;
    minute.before = start - minute.start === minuteMs ? minute.count : 0;
    minute.start = start;
    minute.count = 0;
  }
  minute.count += 1;
}

/** Requests in the last sixty seconds, from the counts of two minutes. */
export function perMinute({ minute }: Profile, now: Instant): number {
  const into = now - minute.start;
  if (into >= 2 * minuteMs) return 0;
  if (into >= minuteMs) return minute.count * (1 - (into - minuteMs) / minuteMs);
  return minute.count + minute.before * (1 - into / minuteMs);
}

/** How usual this hour is, those beside it counted in. */
export function hourSignal(profile: Profile, now: Instant): HourSignal {
  const hour = hourOfWeek(now);
  let around = 0;
  for (const at of [hour - 1, hour, hour + 1]) around += profile.hours[(at + hoursOfWeek) % hoursOfWeek] ?? 0;
  return { hourOfWeek: hour, share: profile.total === 0 ? 0 : around / profile.total, observations: profile.total };
}

/** Whether it was seen here before; `undefined` while too little is known to say. */
export function wasSeen(
  profile: Profile,
  what: "countries" | "devices",
  name: string,
  now: Instant,
  leastObservations: number,
): boolean | undefined {
  const seen = profile[what].find((one) => one.name === name);
  if (seen !== undefined && (seen.usual || now - seen.first >= wait)) return true;
  return profile.total < leastObservations ? undefined : false;
}

export function hourOfWeek(at: Instant): number {
  // The epoch was a Thursday.
  return (Math.floor(at / 3_600_000) + 72) % hoursOfWeek;
}

/** The start of the next hour: until then, what is said of the hour stays. */
export function nextHour(now: Instant): Instant {
  return now - (now % 3_600_000) + 3_600_000;
}

/** Two summaries of one principal, from two gateways, as one: the same in either order. */
export function merge(a: Profile, b: Profile): Profile {
  const at = Math.max(a.fadedAt, b.fadedAt);
  const [left, right] = [faded(a, at), faded(b, at)];
  const hours = new Float64Array(hoursOfWeek);
  for (let hour = 0; hour < hoursOfWeek; hour++) hours[hour] = (left.hours[hour] ?? 0) + (right.hours[hour] ?? 0);
  const newest = (left.place?.at ?? -Infinity) >= (right.place?.at ?? -Infinity) ? left.place : right.place;
  const share = left.total + right.total === 0 ? 0.5 : left.total / (left.total + right.total);
  return {
    hours,
    total: left.total + right.total,
    fadedAt: at,
    countries: mergeSeen(left.countries, right.countries),
    devices: mergeSeen(left.devices, right.devices),
    ...(newest === undefined ? {} : { place: newest }),
    minute: left.minute.start >= right.minute.start ? { ...left.minute } : { ...right.minute },
    usualRate: left.usualRate * share + right.usualRate * (1 - share),
  };
}

function mergeSeen(a: readonly Seen[], b: readonly Seen[]): Seen[] {
  const byName = new Map<string, Seen>();
  for (const seen of [...a, ...b]) {
    const known = byName.get(seen.name);
    if (known === undefined) byName.set(seen.name, { ...seen });
    else
      byName.set(seen.name, {
        name: seen.name,
        first: Math.min(known.first, seen.first),
        last: Math.max(known.last, seen.last),
        usual: known.usual || seen.usual,
      });
  }
  return [...byName.values()].toSorted((x, y) => y.last - x.last || (x.name < y.name ? -1 : 1)).slice(0, maxSeen);
}

function note(list: Seen[], name: string, at: Instant, taken: boolean): void {
  const known = list.find((one) => one.name === name);
  if (known !== undefined) {
    known.last = Math.max(known.last, at);
    known.usual ||= taken;
    return;
  }
  if (list.length >= maxSeen) {
    // What is not usual goes first, then what was longest unseen: nobody crowds out home by travelling.
    const worst = list.reduce((a, b) => ((Number(a.usual) - Number(b.usual) || a.last - b.last) <= 0 ? a : b));
    list.splice(list.indexOf(worst), 1);
  }
  list.push({ name, first: at, last: at, usual: taken });
}

/** Halves what is old, once a day. */
export function fade(profile: Profile, now: Instant): void {
  const elapsed = now - profile.fadedAt;
  if (elapsed < fadeEveryMs) return;
  const factor = 2 ** (-elapsed / halfLifeMs);
  profile.total = 0;
  for (let hour = 0; hour < hoursOfWeek; hour++) {
    const left = (profile.hours[hour] ?? 0) * factor;
    profile.hours[hour] = left;
    profile.total += left;
  }
  profile.fadedAt = now;
}

function faded(profile: Profile, at: Instant): Profile {
  const copy = { ...profile, hours: profile.hours.slice() };
  const factor = 2 ** (-(at - profile.fadedAt) / halfLifeMs);
  for (let hour = 0; hour < hoursOfWeek; hour++) copy.hours[hour] = (copy.hours[hour] ?? 0) * factor;
  copy.total = copy.hours.reduce((sum, count) => sum + count, 0);
  copy.fadedAt = at;
  return copy;
}
