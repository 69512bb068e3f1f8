import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { riskTiers } from "../contract/vocabulary.ts";
import { assess, unobserved, type Assessed } from "./assess.ts";
import type { Device, Posture } from "./device.ts";
import { score } from "./score.ts";
import { defaultRiskSettings, riskSignalNames } from "./settings.ts";
import type { RiskSignals } from "./signals.ts";

const now = Date.parse("2026-03-04T03:00:00Z");
const hour = 3_600_000;

const posture: Posture = {
  reportedAt: now - hour,
  source: "agent",
  os: { name: "Debian", version: "13" },
  patchAgeDays: 3,
  diskEncrypted: true,
  screenLock: true,
};
const laptop: Device = {
  name: "laptop-7",
  namespace: "default" as Device["namespace"],
  owner: "alice",
  managed: true,
  enrolledAt: now - 1000 * hour,
  posture,
};
const unmanaged: Device = { ...laptop, managed: false };

function assessed(signals: RiskSignals, more: Partial<Assessed> = {}) {
  return assess(
    {
      signals,
      device: laptop,
      owners: ["alice"],
      standing: undefined,
      sensitivity: "internal",
      settings: defaultRiskSettings,
      ...more,
    },
    now,
  );
}

const atHome = { address: "203.0.113.9", kind: "public", country: "SG", countrySeen: true } as const;
const abroad = { address: "198.51.100.4", kind: "public", country: "NZ", countrySeen: false } as const;
const officeHours = { hourOfWeek: 33, share: 0.2, observations: 400 };
const night = { hourOfWeek: 51, share: 0.001, observations: 400 };

describe("how the weights were set: what a person would say of a situation, and the tier", () => {
  const known = { device: "laptop-7", deviceSeen: true, network: atHome, hour: officeHours };
  const situations: readonly (readonly [string, RiskSignals, Partial<Assessed>, (typeof riskTiers)[number]])[] = [
    ["known device, office hours, known place", known, {}, "low"],
    ["the same at night: people work late", { ...known, hour: night }, {}, "low"],
    ["on a trip", { ...known, network: abroad }, {}, "medium"],
    ["from a data centre", { ...known, network: { ...atHome, kind: "datacentre" } }, {}, "low"],
    ["an unmanaged device of theirs", known, { device: unmanaged }, "medium"],
    ["no device at all", { ...known, device: "none", deviceSeen: false }, { device: undefined }, "medium"],
    [
      "a disk that is not encrypted",
      known,
      { device: { ...laptop, posture: { ...posture, diskEncrypted: false } } },
      "low",
    ],
    [
      "a stale posture at night",
      { ...known, hour: night },
      { device: { ...laptop, posture: { ...posture, reportedAt: now - 48 * hour } } },
      "medium",
    ],
    ["somebody else's device", known, { device: { ...laptop, owner: "bob" } }, "high"],
    [
      "an unmanaged device, at night, in a new country",
      { ...known, hour: night, network: abroad },
      { device: unmanaged },
      "high",
    ],
    [
      "the same for restricted data",
      { ...known, hour: night, network: abroad },
      { device: unmanaged, sensitivity: "restricted" },
      "high",
    ],
    ["through an anonymity network", { ...known, network: { ...atHome, kind: "tor" } }, {}, "high"],
    ["here an hour after there", { ...known, network: { ...abroad, travelKmPerHour: 8000 } }, {}, "high"],
    [
      "that, on an unmanaged device",
      { ...known, network: { ...abroad, travelKmPerHour: 8000 }, deviceSeen: false },
      { device: unmanaged },
      "critical",
    ],
    ["one failed attempt", { ...known, failures: 1 }, {}, "low"],
    ["ten failed attempts", { ...known, failures: 10 }, {}, "high"],
    [
      "a listed address",
      { ...known, threats: [{ kind: "address", indicator: "203.0.113.9", source: "feed", confidence: 100 }] },
      {},
      "critical",
    ],
    [
      "an address that one doubtful list holds",
      { ...known, threats: [{ kind: "address", indicator: "203.0.113.9", source: "feed", confidence: 25 }] },
      {},
      "low",
    ],
    ["a critical incident", { ...known, incidents: [{ id: "I-1", severity: "critical" }] }, {}, "critical"],
    [
      "management says: not compliant",
      known,
      { device: { ...laptop, compliance: { compliant: false, source: "mdm", at: now } } },
      "high",
    ],
    ["ten times its usual rate", { ...known, rate: { perMinute: 50, usual: 5 } }, {}, "medium"],
  ];
  for (const [situation, signals, more, tier] of situations)
    test(`${situation}: ${tier}`, () => {
      const { risk } = assessed(signals, more);
      assert.equal(risk.tier, tier, JSON.stringify(risk));
      for (const { words } of risk.contributions) assert.match(words, /\w+ \w+/);
    });
});

test("what speaks against a request is told in plain words, heaviest first", () => {
  const { risk } = assessed(
    { device: "laptop-7", deviceSeen: true, network: abroad, hour: night },
    { device: unmanaged, sensitivity: "restricted" },
  );
  assert.deepEqual(
    risk.contributions.map(({ words }) => words),
    [
      "the device laptop-7 is not managed",
      "it comes from NZ, where this principal was never seen before",
      "at Wednesday 03:00 UTC this principal is hardly ever active (0.1 % of 400 earlier requests)",
      "what is asked for is restricted",
    ],
  );
});

test("sensitive data alone is no doubt about who asks", () => {
  const { risk } = assessed({ device: "laptop-7", deviceSeen: true, network: atHome }, { sensitivity: "restricted" });
  assert.equal(risk.score, 0);
});

test("nothing observed is nothing assessed", () => {
  const facts = assess(
    {
      signals: undefined,
      device: undefined,
      owners: [],
      standing: undefined,
      sensitivity: "restricted",
      settings: defaultRiskSettings,
    },
    now,
  );
  assert.equal(facts, unobserved);
});

test("a posture that grows stale says when, and is unknown from then on", () => {
  const fresh = assessed({ device: "laptop-7" });
  assert.equal(fresh.device.posture, "good");
  assert.equal(fresh.until, now - hour + 24 * hour);
  const later = assess(
    {
      signals: { device: "laptop-7" },
      device: laptop,
      owners: ["alice"],
      standing: undefined,
      sensitivity: "public",
      settings: defaultRiskSettings,
    },
    fresh.until,
  );
  assert.equal(later.device.posture, "unknown");
  assert.ok(later.risk.contributions.some(({ signal }) => signal === "posture-unknown"));
});

test("a posture that leaves a fact out, or is dated ahead, is unknown and never good", () => {
  const { diskEncrypted: _disk, ...partial } = posture;
  assert.equal(assessed({ device: "laptop-7" }, { device: { ...laptop, posture: partial } }).device.posture, "unknown");
  const ahead = { ...laptop, posture: { ...posture, reportedAt: now + hour } };
  assert.equal(assessed({ device: "laptop-7" }, { device: ahead }).device.posture, "unknown");
});

test("a retired device is no device", () => {
  const retired = { ...laptop, retired: { at: now, reason: "lost" } };
  const { device, risk } = assessed({ device: "laptop-7" }, { device: retired });
  assert.equal(device.known, false);
  assert.match(risk.contributions[0]?.words ?? "", /is retired/);
});

test("another system's report counts until it ends", () => {
  const standing = {
    subject: "alice",
    reported: { level: "high", source: "idp", reason: "PASSWORD_FOUND_IN_DATA_BREACH", at: now, until: now + hour },
  } as const;
  const reported = assessed({ device: "laptop-7" }, { standing });
  assert.equal(reported.risk.tier, "high");
  assert.equal(reported.until, now + hour);
  const ended = assessed(
    { device: "laptop-7" },
    { standing: { ...standing, reported: { ...standing.reported, until: now } } },
  );
  assert.equal(ended.risk.score, 0);
});

test("ten lists that copy one another weigh as much as the surest of them", () => {
  const threat = (confidence: number) => ({ kind: "address", indicator: "a", source: "s", confidence }) as const;
  const one = assessed({ threats: [threat(60)] }).risk.score;
  assert.equal(assessed({ threats: [threat(60), threat(60), threat(10)] }).risk.score, one);
});

const contribution = fc.record({
  signal: fc.constantFrom(...riskSignalNames),
  weight: fc.double({ min: -1, max: 2 }),
  words: fc.string(),
});

test("a score is between 0 and 1, does not depend on order, and grows with each doubt", () => {
  fc.assert(
    fc.property(fc.array(contribution, { maxLength: 20 }), contribution, (some, more) => {
      const base = score(some, defaultRiskSettings);
      assert.ok(base.score >= 0 && base.score <= 1);
      assert.equal(score(some.toReversed(), defaultRiskSettings).score, base.score);
      assert.ok(score([...some, more], defaultRiskSettings).score >= base.score);
    }),
  );
});
