/**
 * Weighs what is known of now. In: signals, what the registry says of the device and of the subject, how sensitive what is
 * asked for is, the settings, the time. Out: the risk with each contribution in words, what policy may read of it, and
 * until when the answer holds. Pure: a decision in the ledger can be explained again, word for word.
 */
import type { Sensitivity } from "../contract/vocabulary.ts";
import type { Instant } from "../instant.ts";
import type { Risk } from "../policy/decision.ts";
import { judgePosture, type Device, type PostureState } from "./device.ts";
import { gravest, type incidentLevels } from "./incident.ts";
import { noRisk, score, type Contribution } from "./score.ts";
import type { RiskSettings, RiskSignalName } from "./settings.ts";
import { noDevice, type IncidentSignal, type NetworkKind, type RiskSignals, type ThreatSignal } from "./signals.ts";
import type { SubjectStanding } from "./subject.ts";

export interface Assessed {
  readonly signals: RiskSignals | undefined;
  /** The device that `signals.device` names, as the registry has it. */
  readonly device: Device | undefined;
  /** Who the device must belong to: the principal's entity id, or the person's that it acts for. */
  readonly owners: readonly string[];
  /** What other systems report of who asks. */
  readonly standing: SubjectStanding | undefined;
  /** Open incidents that name who asks, or what is asked for; those among the signals where this is absent. */
  readonly incidents?: readonly IncidentSignal[];
  readonly sensitivity: Sensitivity;
  readonly settings: RiskSettings;
}

/** What policy may read: `context.risk`, `context.device` and `context.network`. */
export interface RiskFacts {
  readonly risk: Risk;
  /** Severity of the gravest open incident that names who asks or what is asked for. */
  readonly incident: (typeof incidentLevels)[number];
  readonly device: { readonly known: boolean; readonly managed: boolean; readonly posture: PostureState };
  readonly network: { readonly kind: NetworkKind; readonly country: string };
}

export interface Assessment extends RiskFacts {
  /** The first instant, at most, at which any of it may be otherwise by time alone. */
  readonly until: Instant;
}

const noDeviceFacts: RiskFacts["device"] = Object.freeze({ known: false, managed: false, posture: "unknown" });
const noNetwork: RiskFacts["network"] = Object.freeze({ kind: "unknown", country: "" });

/** Nothing was observed of it. */
export const unobserved: Assessment = Object.freeze({
  risk: noRisk,
  incident: "none",
  device: noDeviceFacts,
  network: noNetwork,
  until: Infinity,
});

export function assess(assessed: Assessed, now: Instant): Assessment {
  const { signals, standing, settings, incidents = signals?.incidents ?? noIncidents } = assessed;
  if (signals === undefined && standing === undefined && incidents.length === 0) return unobserved;
  const found: Contribution[] = [];
  const add = (signal: RiskSignalName, words: string, share = 1): void => {
    found.push({ signal, weight: settings.weights[signal] * Math.min(1, share), words });
  };
  let until = signals?.until ?? Infinity;
  const device = weighDevice(assessed, add, now);
  until = Math.min(until, device.until);
  if (signals !== undefined) {
    weighPlace(signals, settings, add);
    weighConduct(signals, settings, add);
    weighThreats(signals.threats ?? [], add);
    for (const { until: end } of signals.threats ?? []) until = Math.min(until, end ?? Infinity);
  }
  weighIncidents(incidents, add);
  until = Math.min(until, weighReported(standing, add, now));
  weighSensitivity(assessed.sensitivity, found.length > 0, add);
  const { network } = signals ?? {};
  return {
    risk: score(found, settings),
    incident: gravest(incidents),
    device: device.facts,
    network: network === undefined ? noNetwork : { kind: network.kind, country: network.country ?? "" },
    until,
  };
}

type Add = (signal: RiskSignalName, words: string, share?: number) => void;

function weighDevice(
  { signals, device, owners, settings }: Assessed,
  add: Add,
  now: Instant,
): { readonly facts: RiskFacts["device"]; readonly until: Instant } {
  const name = signals?.device;
  if (name === undefined) return { facts: noDeviceFacts, until: Infinity };
  if (device === undefined || device.retired !== undefined) {
    const why = name === noDevice ? "no enrolled device stands behind it" : `the device ${name} is not enrolled`;
    add("device-unknown", device?.retired === undefined ? why : `the device ${name} is retired`);
    return { facts: noDeviceFacts, until: Infinity };
  }
  if (device.owner !== undefined && !owners.includes(device.owner))
    add("device-foreign", `the device ${name} belongs to ${device.owner}`);
  if (!device.managed) add("device-unmanaged", `the device ${name} is not managed`);
  if (signals?.deviceSeen === false) add("device-new", `the device ${name} was never used by this principal before`);
  if (device.compliance?.compliant === false)
    add("device-noncompliant", `${device.compliance.source} says that the device ${name} is not compliant`);
  const { state, faults, until } = judgePosture(device, settings.posture, now);
  for (const { fact, words } of faults) add(postureSignals[fact], `the device ${name}: ${words}`);
  return { facts: { known: true, managed: device.managed, posture: state }, until };
}

const postureSignals = {
  report: "posture-unknown",
  disk: "posture-disk",
  lock: "posture-lock",
  patches: "posture-patches",
} as const;

function weighPlace({ network }: RiskSignals, settings: RiskSettings, add: Add): void {
  if (network === undefined) return;
  const { address, kind, country, countrySeen, travelKmPerHour: speed } = network;
  if (kind === "tor") add("network-tor", `${address} is an exit of an anonymity network`);
  if (kind === "datacentre") add("network-datacentre", `${address} belongs to a data centre`);
  if (countrySeen === false && country !== undefined)
    add("country-new", `it comes from ${country}, where this principal was never seen before`);
  if (speed !== undefined && speed > settings.travelKmPerHour)
    add("travel-impossible", `it moved to ${country ?? "there"} at ${Math.round(speed)} km/h since it was last seen`);
}

function weighConduct(
  { hour, failures = 0, addressFailures, rate }: RiskSignals,
  settings: RiskSettings,
  add: Add,
): void {
  if (hour !== undefined && hour.observations >= settings.leastObservations && hour.share < settings.unusualHourShare)
    add(
      "hour-unusual",
      `at ${hourWords(hour.hourOfWeek)} this principal is hardly ever active ` +
        `(${percent(hour.share)} of ${Math.round(hour.observations)} earlier requests)`,
    );
  if (failures > 0) {
    const times = failures === 1 ? "attempt" : "attempts";
    add("failed-attempts", `${failures} failed ${times} in its name within a quarter of an hour`, failures / 10);
  }
  if (addressFailures !== undefined) {
    const { address, times } = addressFailures;
    const attempts = times === 1 ? "attempt" : "attempts";
    add("address-attempts", `${times} failed ${attempts} from ${address} within a quarter of an hour`, times / 10);
  }
  if (rate !== undefined && rate.usual > 0 && rate.perMinute > 2 * rate.usual)
    add(
      "rate-unusual",
      `${Math.round(rate.perMinute)} requests in the last minute, where ${rate.usual.toFixed(1)} are usual`,
      (rate.perMinute / rate.usual - 1) / 9,
    );
}

/** Of several matches of one kind the surest counts: ten lists that copy one another are one witness. */
function weighThreats(threats: readonly ThreatSignal[], add: Add): void {
  const surest = new Map<string, ThreatSignal>();
  for (const threat of threats) {
    const known = surest.get(threat.kind);
    if (known === undefined || threat.confidence > known.confidence) surest.set(threat.kind, threat);
  }
  for (const { kind, indicator, source, confidence } of surest.values())
    add(
      `threat-${kind}`,
      `${threatWords[kind]} ${indicator} is on the list ${source} (confidence ${confidence})`,
      confidence / 100,
    );
}

const threatWords = {
  address: "the address",
  domain: "the domain",
  hash: "the file with the digest",
  prompt: "the prompt pattern",
} as const;

const severityShares = { low: 0.25, medium: 0.5, high: 0.75, critical: 1 } as const;

const noIncidents: readonly IncidentSignal[] = Object.freeze([]);

function weighIncidents(incidents: readonly IncidentSignal[], add: Add): void {
  const [worst] = incidents.toSorted((a, b) => severityShares[b.severity] - severityShares[a.severity]);
  if (worst === undefined) return;
  const more = incidents.length > 1 ? ` and ${incidents.length - 1} more` : "";
  add("incident-open", `the ${worst.severity} incident ${worst.id}${more} is open`, severityShares[worst.severity]);
}

const reportedShares = { low: 0, medium: 0.5, high: 1 } as const;

function weighReported(standing: SubjectStanding | undefined, add: Add, now: Instant): Instant {
  const reported = standing?.reported;
  if (reported === undefined || now >= reported.until) return Infinity;
  add(
    "risk-reported",
    `${reported.source} reports ${reported.level} risk${reported.reason === "" ? "" : `: ${reported.reason}`}`,
    reportedShares[reported.level],
  );
  return reported.until;
}

const sensitiveShares = { public: 0, internal: 0, confidential: 0.5, restricted: 1 } as const;

/** How sensitive data is says nothing of who asks; it makes what else speaks against them weigh more. */
function weighSensitivity(sensitivity: Sensitivity, beside: boolean, add: Add): void {
  const share = sensitiveShares[sensitivity];
  if (beside && share > 0) add("data-sensitive", `what is asked for is ${sensitivity}`, share);
}

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function hourWords(hourOfWeek: number): string {
  const hour = String(hourOfWeek % 24).padStart(2, "0");
  return `${days[Math.floor(hourOfWeek / 24)] ?? "?"} ${hour}:00 UTC`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
