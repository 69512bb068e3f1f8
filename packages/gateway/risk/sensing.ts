/**
 * What a gateway senses of its callers. In: who calls, from which address and device, for what; what became of it. Out: the
 * signals that a decision weighs. What is usual for each principal is learnt here, bounded, and shared with other gateways (knowledge.ts).
 *
 * For workloads that come from this machine or a private network, and do nothing unusual, there are no signals at all: a
 * decision then costs what it cost without them.
 */
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Network } from "@cordon/core/risk/networks";
import { lastPlace, observations, seenBefore, usualHour, usualPace } from "@cordon/core/risk/learnt";
import { nextHour, observe, pace, perMinute } from "@cordon/core/risk/profile";
import { incidentsNaming } from "@cordon/core/risk/incident";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import { noDevice, type NetworkSignal, type RiskSignals, type ThreatSignal } from "@cordon/core/risk/signals";
import { travelSpeed } from "@cordon/core/risk/travel";
import { attemptWindowMs, openAttempts, type FailedAttempt } from "./attempts.ts";
import { openKnowledge, type Knowledge } from "./knowledge.ts";
import type { DeviceStanding } from "./device-standing.ts";

/** Who asks, from where, for what. */
export interface Sensed {
  /** The person behind it, or the workload. */
  readonly who: SpiffeId;
  readonly isPerson: boolean;
  /** The person's session. */
  readonly session?: string | undefined;
  readonly address: string;
  /** When the connection, or the credential, began. */
  readonly since: Instant;
  /** The device that proved itself, now. */
  readonly device: () => DeviceStanding | undefined;
  /** Host name of the upstream, where it lies outside the trust domain. */
  readonly host?: string | undefined;
  /** The model behind the resource. */
  readonly modelDigest?: string | undefined;
  readonly resource: SpiffeId;
  /** Listed patterns that inspection found in the request. */
  readonly prompts?: () => readonly ThreatSignal[];
}

export interface SensingOptions {
  readonly networkOf: (address: string) => Network;
  readonly now: () => Instant;
}

export interface RiskSensing {
  signals(sensed: Sensed, snapshot: Snapshot, now: Instant): RiskSignals | undefined;
  /** Counts a request, and learns from one that was let through. */
  decided(sensed: Sensed, decision: Decision, snapshot: Snapshot, now: Instant): void;
  /** An attempt in somebody's name, or from some address, failed. */
  failed(attempt: FailedAttempt, now: Instant): void;
  /** What lists say of networks is otherwise now. */
  networksChanged(): void;
  /** What this gateway learns, and what others have learnt. */
  readonly knowledge: Knowledge;
}

const maxAddresses = 50_000;
/** A proof of presence stands for what is done within this. */
const presentMs = 900_000;
/** Fewer requests a minute than this are no flood, whatever is usual. */
const leastPerMinute = 30;
/** Denials that tell of probing; one that a step-up lifts, or that risk itself caused, must not feed on itself. */
const probing: ReadonlySet<string> = new Set(["no-permit", "boundary", "resource-unknown", "forbidden"]);

export function openSensing({ networkOf, now: clock }: SensingOptions): RiskSensing {
  const attempts = openAttempts();
  const knowledge = openKnowledge(attempts, clock);
  const networks = new Map<string, Network>();

  const networkFor = (address: string): Network => {
    let network = networks.get(address);
    if (network === undefined) {
      if (networks.size >= maxAddresses) networks.clear();
      networks.set(address, (network = networkOf(address)));
    }
    return network;
  };
  return {
    knowledge,
    networksChanged: () => networks.clear(),
    failed: (attempt, now) => attempts.failed(attempt, now),
    signals(sensed, snapshot, now) {
      const { who, isPerson, address, since, resource } = sensed;
      const settings = snapshot.risk ?? defaultRiskSettings;
      const least = settings.leastObservations;
      const profile = knowledge.own(who);
      const elsewhere = knowledge.elsewhere(who);
      const found: { -readonly [K in keyof RiskSignals]: RiskSignals[K] } = {};
      let until = Infinity;

      const device = sensed.device();
      if (device !== undefined) {
        found.device = device.name;
        until = Math.min(until, device.until);
        const seen = seenBefore(profile, elsewhere, "devices", device.name, now, least);
        if (seen !== undefined) found.deviceSeen = seen;
      } else if (isPerson && snapshot.devices !== undefined && snapshot.devices.size > 0) found.device = noDevice;

      const network = networkFor(address);
      const { place } = network;
      const countrySeen = place && seenBefore(profile, elsewhere, "countries", place.country, now, least);
      const from = lastPlace(profile, elsewhere);
      const speed = place && from && travelSpeed(from.where, from.at, place, now);
      const routed = network.kind !== "loopback" && network.kind !== "private";
      if (isPerson || routed || place !== undefined)
        found.network = networkSignal(address, network, countrySeen, speed);

      const hour = usualHour(profile, elsewhere, now);
      if (hour !== undefined && hour.observations >= least && (isPerson || hour.share < settings.unusualHourShare)) {
        found.hour = hour;
        until = Math.min(until, nextHour(now));
      }
      if (profile !== undefined) {
        const pacing = perMinute(profile, now);
        const usual = usualPace(profile, elsewhere);
        if (pacing >= leastPerMinute && usual > 0 && pacing > 2 * usual) {
          found.rate = { perMinute: Math.round(pacing), usual: Math.round(usual * 10) / 10 };
          until = Math.min(until, now + 60_000);
        }
      }
      const failures = attempts.inName(who, now);
      if (failures > 0) found.failures = failures;
      const addressFailures = attempts.fromAddress(address, now);
      if (addressFailures > 0) found.addressFailures = { address, times: addressFailures };
      if (failures > 0 || addressFailures > 0) until = Math.min(until, now + attemptWindowMs);
      const threats = threatsOf(sensed, snapshot, now);
      if (threats.length > 0) found.threats = threats;
      const incidents = incidentsNaming(snapshot.incidents, [who, resource]);
      if (incidents.length > 0) found.incidents = incidents;
      if (snapshot.subjects !== undefined && snapshot.subjects.size > 0) found.sessionSince = since;
      if (until !== Infinity) found.until = until;
      return Object.keys(found).length === 0 ? undefined : found;
    },
    decided(sensed, decision, snapshot, now) {
      const { who, address } = sensed;
      const profile = knowledge.learning(who, now);
      pace(profile, now);
      if (decision.effect === "deny") {
        const why = decision.reasons[0]?.code;
        const byRisk = decision.reasons.some(({ code }) => code === "risk");
        if (why !== undefined && probing.has(why) && !byRisk) attempts.failed({ who, proven: true }, now);
        return;
      }
      const { place } = networkFor(address);
      const device = sensed.device();
      observe(
        profile,
        {
          at: now,
          ...(place === undefined ? {} : { place }),
          ...(device === undefined ? {} : { device: device.name }),
          trusted: decision.risk.tier === "low" || provedLately(sensed, snapshot, now),
        },
        // What others have seen counts: a gateway that is new to somebody takes no stranger's word for what is usual.
        (snapshot.risk ?? defaultRiskSettings).leastObservations - observations(undefined, knowledge.elsewhere(who)),
      );
    },
  };
}

/** Whether the person has just proved to be present: what they do now is theirs. */
function provedLately({ session }: Sensed, { sessions }: Snapshot, now: Instant): boolean {
  const at = session === undefined ? undefined : sessions?.get(session)?.authenticatedAt;
  return at !== undefined && now - at < presentMs;
}

function networkSignal(
  address: string,
  { kind, place }: Network,
  countrySeen: boolean | undefined,
  speed: number | undefined,
): NetworkSignal {
  return {
    address,
    kind,
    ...(place === undefined ? {} : { country: place.country }),
    ...(countrySeen === undefined ? {} : { countrySeen }),
    ...(speed === undefined ? {} : { travelKmPerHour: Math.round(speed) }),
  };
}

const noThreats: readonly ThreatSignal[] = Object.freeze([]);

function threatsOf(
  { address, host, modelDigest, prompts }: Sensed,
  snapshot: Snapshot,
  now: Instant,
): readonly ThreatSignal[] {
  const { threats } = snapshot;
  if (threats === undefined || threats.size === 0) return noThreats;
  const found = [
    ...threats.address(address, now),
    ...(host === undefined ? [] : threats.domain(host, now)),
    ...(modelDigest === undefined ? [] : threats.hash(modelDigest, now)),
    ...(prompts?.() ?? []),
  ];
  return found.length === 0 ? noThreats : found.slice(0, 16);
}
