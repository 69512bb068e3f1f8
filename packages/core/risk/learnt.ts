/**
 * What is known of one principal here and at other gateways, read together. In: the profile that this gateway keeps, and what the
 * others learnt, merged. Out: what of both bears on a request. The two are never added up for good: each gateway writes down its
 * own observations alone, so that nothing is counted twice however often they exchange.
 */
import type { Instant } from "../instant.ts";
import { hourSignal, wait, type Place, type Profile } from "./profile.ts";
import type { HourSignal } from "./signals.ts";

type Known = Profile | undefined;

export function observations(own: Known, elsewhere: Known): number {
  return (own?.total ?? 0) + (elsewhere?.total ?? 0);
}

/** How usual this hour is; `undefined` where nothing is known. */
export function usualHour(own: Known, elsewhere: Known, now: Instant): HourSignal | undefined {
  if (own === undefined || elsewhere === undefined) {
    const only = own ?? elsewhere;
    return only && hourSignal(only, now);
  }
  const [a, b] = [hourSignal(own, now), hourSignal(elsewhere, now)];
  const seen = a.observations + b.observations;
  const share = seen === 0 ? 0 : (a.share * a.observations + b.share * b.observations) / seen;
  return { hourOfWeek: a.hourOfWeek, share, observations: seen };
}

/** Whether it was seen before; `undefined` while too little is known to say. */
export function seenBefore(
  own: Known,
  elsewhere: Known,
  what: "countries" | "devices",
  name: string,
  now: Instant,
  leastObservations: number,
): boolean | undefined {
  let first = Infinity;
  for (const seen of [find(own, what, name), find(elsewhere, what, name)]) {
    if (seen?.usual === true) return true;
    first = Math.min(first, seen?.first ?? Infinity);
  }
  if (now - first >= wait) return true;
  return observations(own, elsewhere) < leastObservations ? undefined : false;
}

function find(profile: Known, what: "countries" | "devices", name: string) {
  return profile?.[what].find((one) => one.name === name);
}

/** Where it was last, whoever saw it. */
export function lastPlace(own: Known, elsewhere: Known): { readonly where: Place; readonly at: Instant } | undefined {
  const [a, b] = [own?.place, elsewhere?.place];
  if (a === undefined || b === undefined) return a ?? b;
  return a.at >= b.at ? a : b;
}

/** What is usual at this gateway; the others' pace only where it has none of its own: each sees a part of the whole. */
export function usualPace(own: Known, elsewhere: Known): number {
  const usual = own?.usualRate ?? 0;
  return usual > 0 ? usual : (elsewhere?.usualRate ?? 0);
}
