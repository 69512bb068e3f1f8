/** Profiles as they are kept between runs. In: a profile, or JSON of one. Out: the other; `undefined` for JSON that is none. */
import { z } from "zod";
import { hoursOfWeek, type Profile } from "./profile.ts";

const seen = z.strictObject({ name: z.string().max(256), first: z.number(), last: z.number(), usual: z.boolean() });
const count = z.number().nonnegative();

const stored = z.strictObject({
  /** Hour and count, for those hours that have one. */
  hours: z
    .array(
      z.tuple([
        z
          .int()
          .min(0)
          .max(hoursOfWeek - 1),
        count,
      ]),
    )
    .max(hoursOfWeek),
  fadedAt: z.number(),
  countries: z.array(seen).max(16),
  devices: z.array(seen).max(16),
  place: z
    .strictObject({
      where: z.strictObject({
        country: z.string().max(2),
        latitude: z.number().exactOptional(),
        longitude: z.number().exactOptional(),
      }),
      at: z.number(),
    })
    .exactOptional(),
  minute: z.strictObject({ start: z.number(), count, before: count }),
  usualRate: count,
});

export type StoredProfile = z.output<typeof stored>;

const times = z.array(z.number()).max(64);

/** What one gateway knows of a principal, or of an address, as gateways exchange it. */
const shared = z.strictObject({
  profile: stored.exactOptional(),
  /** When attempts failed: proven to be its own, only in its name, from this address. */
  failures: z
    .strictObject({
      proven: times.exactOptional(),
      claimed: times.exactOptional(),
      address: times.exactOptional(),
    })
    .exactOptional(),
  at: z.number(),
});
export type SharedKnowledge = z.output<typeof shared>;

/** `undefined` for what is none. */
export function sharedFromJson(value: unknown): SharedKnowledge | undefined {
  const parsed = shared.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function profileToJson({
  hours,
  fadedAt,
  countries,
  devices,
  place,
  minute,
  usualRate,
}: Profile): StoredProfile {
  const counts: [number, number][] = [];
  hours.forEach((value, hour) => {
    if (value > 0.001) counts.push([hour, Math.round(value * 1000) / 1000]);
  });
  return {
    hours: counts,
    ...{ fadedAt, countries, devices, minute, usualRate },
    ...(place === undefined ? {} : { place }),
  };
}

export function profileFromJson(value: unknown): Profile | undefined {
  const parsed = stored.safeParse(value);
  if (!parsed.success) return undefined;
  const hours = new Float64Array(hoursOfWeek);
  for (const [hour, value_] of parsed.data.hours) hours[hour] = value_;
  return { ...parsed.data, hours, total: hours.reduce((sum, one) => sum + one, 0) };
}
