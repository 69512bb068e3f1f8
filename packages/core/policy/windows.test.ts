import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Window, windowProblem, Windows, type WindowDefinition } from "./windows.ts";

const nightly: WindowDefinition = {
  namespace: "default" as never,
  name: "training-nightly",
  timeZone: "Asia/Singapore",
  opens: "0 1 * * *",
  closes: "0 5 * * *",
  except: [],
};
const window = (more: Partial<WindowDefinition>): Window => new Window({ ...nightly, ...more });
const open = (one: Window, time: string): boolean => one.at(Date.parse(time)).open;

test("is open from the minute it opens to the millisecond before it closes, on the wall of its zone", () => {
  const one = window({});
  assert.equal(open(one, "2026-11-25T16:59:59.999Z"), false);
  assert.equal(open(one, "2026-11-25T17:00:00.000Z"), true);
  assert.equal(open(one, "2026-11-25T20:59:59.999Z"), true);
  assert.equal(open(one, "2026-11-25T21:00:00.000Z"), false);
  assert.equal(one.at(Date.parse("2026-11-25T18:00:00Z")).until, Date.parse("2026-11-25T21:00:00Z"));
});

test("a time that daylight saving skips comes when the clock moves on; one that it repeats comes once", () => {
  const skipped = window({ timeZone: "America/New_York", opens: "30 2 * * *", closes: "30 3 * * *" });
  assert.equal(open(skipped, "2026-03-08T06:59:59Z"), false);
  assert.equal(open(skipped, "2026-03-08T07:00:00Z"), true);
  assert.equal(open(skipped, "2026-03-08T07:30:00Z"), false);
  const repeated = window({ timeZone: "America/New_York", opens: "0 0 * * *", closes: "30 1 * * *" });
  assert.equal(open(repeated, "2026-11-01T05:29:59Z"), true);
  assert.equal(open(repeated, "2026-11-01T05:30:00Z"), false);
  assert.equal(open(repeated, "2026-11-01T06:15:00Z"), false, "the second half past one does not open it again");
});

test("a weekday window that runs past midnight closes on the next day, and a blackout date cuts it at midnight", () => {
  const one = window({ opens: "0 22 * * 1-5", closes: "0 6 * * 2-6", except: ["2026-12-25"] });
  assert.equal(open(one, "2026-11-28T05:59:59+08:00"), true, "Saturday morning belongs to Friday night");
  assert.equal(open(one, "2026-11-28T23:00:00+08:00"), false, "nothing opens on Saturday");
  assert.equal(open(one, "2026-12-24T23:59:59+08:00"), true);
  assert.equal(open(one, "2026-12-25T00:00:00+08:00"), false);
  assert.equal(open(one, "2026-12-25T23:00:00+08:00"), false);
  assert.equal(
    open(one, "2026-12-26T00:00:00+08:00"),
    true,
    "what opened on Friday evening is open once the date is over",
  );
  assert.equal(one.at(Date.parse("2026-12-24T23:00:00+08:00")).until, Date.parse("2026-12-25T00:00:00+08:00"));
});

test("between one change and the next the state does not change, whatever the pattern", () => {
  const minute = fc.integer({ min: 0, max: 59 });
  const hour = fc.integer({ min: 0, max: 23 });
  const at = fc.tuple(minute, hour, fc.constantFrom("*", "1-5", "0", "*/2")).map(([m, h, d]) => `${m} ${h} * * ${d}`);
  fc.assert(
    fc.property(
      at,
      at,
      fc.constantFrom("Asia/Singapore", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe"),
      fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2027-12-31") }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (opens, closes, timeZone, now, share) => {
        const one = window({ opens, closes, timeZone, except: ["2026-03-08", "2026-11-01"] });
        const { open: before, until } = one.at(now);
        assert.ok(until > now, "time goes on");
        assert.equal(one.at(Math.floor(now + (until - 1 - now) * share)).open, before);
      },
    ),
    { numRuns: 150 },
  );
});

test("its changes, one after another, are what it says at any time between them", () => {
  const one = window({
    timeZone: "Europe/London",
    opens: "30 22 * * 1-5",
    closes: "15 2 * * *",
    except: ["2026-10-25", "2026-12-25"],
  });
  const from = Date.parse("2026-10-20T00:00:00Z");
  const until = Date.parse("2027-01-05T00:00:00Z");
  const changes = [...one.changes(from, until)];
  assert.ok(changes.length > 80);
  for (const [index, { at, open: said }] of changes.entries()) {
    const end = (changes[index + 1]?.at ?? until) - 1;
    for (const time of [at, Math.floor((at + end) / 2), end])
      assert.equal(one.at(time).open, said, new Date(time).toISOString());
  }
});

test("a clock that goes back is answered for the time it shows", () => {
  const windows = new Windows([nightly]);
  const names = (time: string): readonly string[] => windows.at(Date.parse(time)).of("default" as never);
  assert.deepEqual(names("2026-11-25T18:00:00Z"), ["training-nightly"]);
  assert.deepEqual(names("2026-11-25T12:00:00Z"), []);
  assert.deepEqual(names("2026-11-25T18:00:00Z"), ["training-nightly"]);
  assert.deepEqual(windows.at(Date.parse("2026-11-25T18:00:00Z")).of("other" as never), []);
});

test("times that are none are refused, with the field and the remedy", () => {
  const problem = (more: Partial<WindowDefinition>): string => {
    const found = windowProblem({ ...nightly, ...more });
    return found === undefined ? "" : `${found.field}: ${found.words}`;
  };
  assert.equal(problem({}), "");
  assert.match(problem({ timeZone: "Singapore Time" }), /^timeZone: .*`Asia\/Singapore`/);
  assert.match(problem({ timeZone: "+08:00" }), /^timeZone/);
  for (const pattern of [
    "",
    "0 1 * *",
    "0 0 1 * * *",
    "60 1 * * *",
    "0 1 * * MONDAY",
    "@daily",
    "0 1 L * *",
    "0 1 * * 5#2",
  ])
    assert.match(problem({ opens: pattern }), /^opens: must be a cron pattern/, pattern);
  assert.match(problem({ closes: "0 5 31 2 *" }), /^closes: names a time that never comes/);
  assert.match(problem({ except: ["2026-02-30"] }), /^except: .*2026-02-30/);
});
