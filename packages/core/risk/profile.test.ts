import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { profileFromJson, profileToJson } from "./profile-json.ts";
import {
  hourOfWeek,
  hourSignal,
  merge,
  newProfile,
  observe,
  pace,
  perMinute,
  wasSeen,
  type Profile,
} from "./profile.ts";
import { distanceKm, travelSpeed } from "./travel.ts";

const monday = Date.parse("2026-03-02T00:00:00Z");
const hour = 3_600_000;
const day = 24 * hour;
const least = 20;

test("hours of the week count from Monday, midnight, UTC", () => {
  assert.equal(hourOfWeek(monday), 0);
  assert.equal(hourOfWeek(monday + 6 * day + 23 * hour), 167);
});

function worker(): Profile {
  const profile = newProfile(monday);
  for (let at = monday; at < monday + 14 * day; at += day)
    for (let request = 0; request < 5; request++)
      observe(
        profile,
        { at: at + 10 * hour + request, place: { country: "SG" }, device: "laptop", trusted: false },
        least,
      );
  return profile;
}

test("what is done at ten every day is usual at eleven, and not at three in the morning", () => {
  const profile = worker();
  assert.ok(hourSignal(profile, monday + 15 * day + 11 * hour).share > 0.1);
  assert.equal(hourSignal(profile, monday + 15 * day + 3 * hour).share, 0);
});

test("a stranger does not teach what is usual: his country stays new for two weeks, unless presence was proven", () => {
  const profile = worker();
  const now = monday + 20 * day;
  assert.equal(wasSeen(profile, "countries", "SG", now, least), true);
  assert.equal(wasSeen(profile, "countries", "NZ", now, least), false);
  for (let one = 0; one < 100; one++) observe(profile, { at: now, place: { country: "NZ" }, trusted: false }, least);
  assert.equal(wasSeen(profile, "countries", "NZ", now + day, least), false);
  assert.equal(wasSeen(profile, "countries", "NZ", now + 14 * day, least), true);
  observe(profile, { at: now, place: { country: "JP" }, trusted: true }, least);
  assert.equal(wasSeen(profile, "countries", "JP", now, least), true);
});

test("nobody crowds out home by travelling", () => {
  const profile = worker();
  for (let one = 0; one < 200; one++)
    observe(profile, { at: monday + 15 * day + one, place: { country: `X${one}` }, trusted: false }, least);
  assert.equal(wasSeen(profile, "countries", "SG", monday + 16 * day, least), true);
  assert.ok(profile.countries.length <= 16);
});

test("while little is known, nothing is new", () => {
  const profile = newProfile(monday);
  observe(profile, { at: monday, place: { country: "SG" }, trusted: false }, least);
  assert.equal(wasSeen(profile, "countries", "NZ", monday, least), undefined);
});

test("counts halve in thirty days", () => {
  const profile = worker();
  const before = profile.total;
  observe(profile, { at: profile.fadedAt + 30 * day, trusted: false }, least);
  assert.ok(Math.abs(profile.total - (before / 2 + 1)) < 0.001);
});

test("the pace is of the last sixty seconds, beside what is usual", () => {
  const profile = newProfile(monday);
  for (let minute = 0; minute < 50; minute++)
    for (let one = 0; one < 5; one++) pace(profile, monday + minute * 60_000 + one);
  assert.ok(Math.abs(profile.usualRate - 5) < 0.01);
  const now = monday + 50 * 60_000;
  for (let one = 0; one < 100; one++) pace(profile, now + 100 * one);
  assert.ok(perMinute(profile, now + 30_000) > 90);
  assert.equal(perMinute(profile, now + 300_000), 0);
});

const observation = fc.record({
  at: fc.integer({ min: monday, max: monday + 100 * day }),
  place: fc.option(fc.record({ country: fc.constantFrom("SG", "NZ", "DE", "US") }), { nil: undefined }),
  device: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
  trusted: fc.boolean(),
});

function profileOf(
  list: readonly {
    at: number;
    place?: { country: string } | undefined;
    device?: string | undefined;
    trusted: boolean;
  }[],
) {
  const profile = newProfile(monday);
  for (const { at, place, device, trusted } of list.toSorted((a, b) => a.at - b.at))
    observe(profile, { at, trusted, ...(place && { place }), ...(device && { device }) }, least);
  return profile;
}

test("two gateways' summaries merge the same in either order, and what is kept is what was learnt", () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 60 }), fc.array(observation, { maxLength: 60 }), (some, others) => {
      const [a, b] = [profileOf(some), profileOf(others)];
      const [left, right] = [merge(a, b), merge(b, a)];
      assert.ok(Math.abs(left.total - right.total) < 1e-9);
      assert.deepEqual(
        left.countries.map(({ name }) => name).toSorted(),
        right.countries.map(({ name }) => name).toSorted(),
      );
      const kept = profileFromJson(JSON.parse(JSON.stringify(profileToJson(a))));
      assert.ok(kept !== undefined && Math.abs(kept.total - a.total) < 0.2);
      assert.deepEqual(kept.countries, a.countries);
    }),
    { numRuns: 50 },
  );
});

test("what was kept and is no profile is none", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(profileFromJson(value), undefined)));
});

test("travel: Singapore to Auckland in an hour is impossible, in a day it is not, and a border is no journey", () => {
  const [sg, nz, my] = [{ country: "SG" }, { country: "NZ" }, { country: "MY" }];
  assert.ok((travelSpeed(sg, 0, nz, hour) ?? 0) > 5_000);
  assert.ok((travelSpeed(sg, 0, nz, day) ?? Infinity) < 1_000);
  assert.equal(travelSpeed(sg, 0, my, hour), 0);
  assert.equal(travelSpeed(sg, 0, sg, 1), undefined);
  assert.equal(travelSpeed(sg, 0, { country: "??" }, hour), undefined);
  const paris = { latitude: 48.86, longitude: 2.35 };
  assert.ok(Math.abs(distanceKm(paris, { latitude: 51.51, longitude: -0.13 }) - 344) < 3);
});
