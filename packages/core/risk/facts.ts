/**
 * Risk as policy sees it: `context.risk.tier == "high"`, `context.device.managed`, `context.network.country == "SG"`. In: an
 * assessment. Out: the Cedar types and values. Each field is always there; what is not known reads `unknown`, or empty.
 */
import { riskTiers } from "../contract/vocabulary.ts";
import { CedarRecord, CedarSet, type Value } from "../policy/cedar/value.ts";
import { unobserved, type RiskFacts } from "./assess.ts";
import { postureStates } from "./device.ts";
import { incidentLevels } from "./incident.ts";
import { networkKinds } from "./signals.ts";

/** In Cedar's schema syntax. */
export const riskTypesText = [
  "// How far what is known of now speaks against the request; signals by name, as docs/risk.md lists them.",
  "// incident: severity of the gravest open incident that names who asks or what is asked for; `none` without.",
  "type RiskFacts = { tier: String, score: Long, signals: Set<String>, incident: String };",
  "// The device that proved itself; posture is `good`, `weak` or `unknown`.",
  "type DeviceFacts = { known: Bool, managed: Bool, posture: String };",
  "// Where it comes from; the country by ISO 3166-1, empty where no list knows it.",
  "type NetworkFacts = { kind: String, country: String };",
].join("\n");

/** The fields of `context` that {@link riskRecords} makes, with their types. */
export const riskFields = { risk: "RiskFacts", device: "DeviceFacts", network: "NetworkFacts" } as const;

/** Closed sets, by path. */
export const riskClosedSets: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["context.risk.tier", riskTiers],
  ["context.risk.incident", incidentLevels],
  ["context.device.posture", postureStates],
  ["context.network.kind", networkKinds],
]);

/** As the official engine reads them. */
export function riskJson({ risk, incident, device, network }: RiskFacts = unobserved) {
  return {
    risk: { tier: risk.tier, score: scoreOf(risk.score), signals: signalsOf(risk), incident },
    device: { ...device },
    network: { ...network },
  };
}

function scoreOf(score: number): number {
  return Math.round(score * 100);
}

function signalsOf({ contributions }: RiskFacts["risk"]): string[] {
  return [...new Set(contributions.map(({ signal }) => signal))];
}

/** As the compiled engine reads them. */
export function riskRecords(facts: RiskFacts = unobserved): ReadonlyMap<string, CedarRecord> {
  return facts === unobserved ? unobservedRecords : recordsOf(facts);
}

function recordsOf({ risk, incident, device, network }: RiskFacts): ReadonlyMap<string, CedarRecord> {
  return new Map([
    [
      "risk",
      new CedarRecord(
        new Map<string, Value>([
          ["tier", risk.tier],
          ["score", scoreOf(risk.score)],
          ["signals", new CedarSet(signalsOf(risk))],
          ["incident", incident],
        ]),
      ),
    ],
    ["device", new CedarRecord(new Map<string, Value>(Object.entries(device)))],
    ["network", new CedarRecord(new Map<string, Value>(Object.entries(network)))],
  ]);
}

/** Made once: most requests of workloads are decided without any. */
const unobservedRecords = recordsOf(unobserved);
