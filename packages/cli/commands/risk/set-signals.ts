/** Signals as the command line sets them: `country=NZ`, `device=unmanaged`. In: words. Out: signals, and a device. */
import { CordonError } from "@cordon/core/errors";
import type { Namespace, RiskTier } from "@cordon/core/contract/vocabulary";
import { riskTiers } from "@cordon/core/contract/vocabulary";
import type { Device } from "@cordon/core/risk/device";
import type { RiskSettings } from "@cordon/core/risk/settings";
import { networkKinds, type RiskSignals } from "@cordon/core/risk/signals";
import type { SubjectStanding } from "@cordon/core/risk/subject";

export const signalWords = `  device=managed|unmanaged|foreign|noncompliant|none   the device that it comes from (default: nothing is said of it)
  posture=good|stale|disk|lock|patches                 what the device reported; several with commas
  new-device, new-country, impossible-travel, unusual-hour
  country=SG  network=${networkKinds.join("|")}
  failures=N  address-failures=N  rate=TIMES-WHAT-IS-USUAL  incident=${riskTiers.join("|")}  reported=low|medium|high
  threat-address=CONFIDENCE  threat-domain=...  threat-hash=...  threat-prompt=...
  asserted=SECONDS-AGO                                 when the person last proved to be present (default: 8 hours ago)`;

export interface SetSignals {
  readonly signals: RiskSignals;
  readonly device: Device | undefined;
  readonly reported: SubjectStanding["reported"];
  readonly assertedAt: number;
}

type Draft = { -readonly [K in keyof RiskSignals]: RiskSignals[K] };

/** @throws {CordonError} `USAGE` naming the word that says nothing */
export function setSignals(words: readonly string[], owner: string, settings: RiskSettings, now: number): SetSignals {
  const signals: Draft = {};
  let said: string | undefined;
  let posture = "good";
  let reported: SubjectStanding["reported"];
  let assertedAt = now - 8 * 3_600_000;
  const network = { address: "203.0.113.1", kind: "public" as (typeof networkKinds)[number] };
  let place: Omit<NonNullable<RiskSignals["network"]>, "address" | "kind"> | undefined;
  for (const word of words) {
    const [name = "", value = ""] = word.split(/=(.*)/s);
    switch (name) {
      case "device":
        said = oneOf(word, value, ["managed", "unmanaged", "foreign", "noncompliant", "none"]);
        break;
      case "posture":
        for (const each of value.split(",")) oneOf(word, each, ["good", "stale", "disk", "lock", "patches"]);
        posture = value;
        said ??= "managed";
        break;
      case "new-device":
        signals.deviceSeen = false;
        said ??= "managed";
        break;
      case "country":
        if (!/^[A-Z]{2}$/.test(value)) throw wrong(word, "two letters, such as `country=SG`");
        place = { countrySeen: true, ...place, country: value };
        break;
      case "new-country":
        place = { country: "??", ...place, countrySeen: false };
        break;
      case "impossible-travel":
        place = { country: "??", ...place, travelKmPerHour: 2 * settings.travelKmPerHour };
        break;
      case "network":
        network.kind = oneOf(word, value, networkKinds) as typeof network.kind;
        place ??= {};
        break;
      case "unusual-hour":
        signals.hour = { hourOfWeek: hourOfWeek(now), share: 0, observations: 10 * settings.leastObservations };
        break;
      case "failures":
        signals.failures = count(word, value);
        break;
      case "address-failures":
        signals.addressFailures = { address: network.address, times: count(word, value) };
        break;
      case "rate":
        signals.rate = { perMinute: count(word, value), usual: 1 };
        break;
      case "incident":
        signals.incidents = [{ id: "what-if", severity: oneOf(word, value, riskTiers) as RiskTier }];
        break;
      case "reported":
        reported = {
          level: oneOf(word, value, ["low", "medium", "high"]) as "low" | "medium" | "high",
          ...{ source: "what-if", reason: "", at: now, until: now + 3_600_000 },
        };
        break;
      case "asserted":
        assertedAt = now - count(word, value) * 1000;
        break;
      case "threat-address":
      case "threat-domain":
      case "threat-hash":
      case "threat-prompt": {
        const kind = name.slice("threat-".length) as "address" | "domain" | "hash" | "prompt";
        const confidence = Math.min(100, count(word, value));
        signals.threats = [...(signals.threats ?? []), { kind, indicator: "(what-if)", source: "what-if", confidence }];
        break;
      }
      default:
        throw wrong(word, `one of:\n${signalWords}`);
    }
  }
  if (place !== undefined) signals.network = { ...network, ...place };
  if (said !== undefined) signals.device = said === "none" ? "none" : "what-if";
  const device = said === undefined || said === "none" ? undefined : deviceOf(said, posture, owner, now);
  return { signals, device, reported, assertedAt };
}

function deviceOf(said: string, posture: string, owner: string, now: number): Device {
  const faults = posture.split(",");
  return {
    name: "what-if",
    namespace: "default" as Namespace,
    owner: said === "foreign" ? "somebody else" : owner,
    managed: said !== "unmanaged",
    enrolledAt: 0,
    posture: {
      reportedAt: faults.includes("stale") ? 0 : now,
      source: "what-if",
      diskEncrypted: !faults.includes("disk"),
      screenLock: !faults.includes("lock"),
      patchAgeDays: faults.includes("patches") ? 3_650 : 0,
    },
    ...(said === "noncompliant" ? { compliance: { compliant: false, source: "what-if", at: now } } : {}),
  };
}

function hourOfWeek(now: number): number {
  const date = new Date(now);
  return ((date.getUTCDay() + 6) % 7) * 24 + date.getUTCHours();
}

function oneOf(word: string, value: string, values: readonly string[]): string {
  if (!values.includes(value)) throw wrong(word, `one of ${values.join(", ")}`);
  return value;
}

function count(word: string, value: string): number {
  if (!/^[0-9]{1,9}$/.test(value)) throw wrong(word, "a whole number");
  return Number(value);
}

function wrong(word: string, expected: string): CordonError {
  return new CordonError("USAGE", `\`${word}\` says nothing: it takes ${expected}`);
}
