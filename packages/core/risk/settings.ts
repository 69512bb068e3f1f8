/**
 * The weights that signals have, and where tiers begin. In: what a configuration says. Out: settings with every default.
 * The table is the whole model: `score = 1 - (1 - w1)(1 - w2)...`, so two doubts weigh more than one, no number of small
 * ones exceeds certainty, and their order does not matter. docs/risk.md says how the weights were set.
 */

/** What each signal weighs where it is fully there, 0 to 1: how far it alone speaks against the rightful principal. */
export const defaultWeights = {
  /** No device proved itself where one was to be expected. */
  "device-unknown": 0.3,
  "device-unmanaged": 0.3,
  /** It belongs to somebody else. */
  "device-foreign": 0.5,
  "device-new": 0.2,
  "posture-unknown": 0.15,
  "posture-disk": 0.2,
  "posture-lock": 0.1,
  "posture-patches": 0.15,
  /** Its management says that it is not compliant. */
  "device-noncompliant": 0.5,
  "country-new": 0.25,
  "travel-impossible": 0.5,
  "hour-unusual": 0.2,
  "network-datacentre": 0.15,
  "network-tor": 0.5,
  /** Times the indicator's confidence. */
  "threat-address": 0.8,
  "threat-domain": 0.8,
  "threat-hash": 0.9,
  "threat-prompt": 0.6,
  /** Times failures / 10. */
  "failed-attempts": 0.5,
  /** Times failures / 10. Others may share the address: alone it stays below every tier. */
  "address-attempts": 0.2,
  /** At ten times what is usual. */
  "rate-unusual": 0.3,
  /** Times the severity of the gravest: low a quarter, critical whole. */
  "incident-open": 0.8,
  /** What another system reports: medium half, high whole. */
  "risk-reported": 0.6,
  /** Only beside others: restricted data whole, confidential half. */
  "data-sensitive": 0.1,
} as const satisfies Readonly<Record<string, number>>;

export type RiskSignalName = keyof typeof defaultWeights;
export const riskSignalNames = Object.keys(defaultWeights) as RiskSignalName[];

export interface RiskSettings {
  readonly weights: Readonly<Record<RiskSignalName, number>>;
  /** The least score of each tier; below `medium` it is low. */
  readonly tiers: { readonly medium: number; readonly high: number; readonly critical: number };
  readonly posture: { readonly maxAgeMs: number; readonly patchAgeDays: number };
  /** An hour that holds less of what was seen before is unusual. */
  readonly unusualHourShare: number;
  /** Before this much was seen of a principal, no hour is unusual for it. */
  readonly leastObservations: number;
  readonly travelKmPerHour: number;
}

export const defaultRiskSettings: RiskSettings = Object.freeze({
  weights: defaultWeights,
  tiers: Object.freeze({ medium: 0.25, high: 0.5, critical: 0.75 }),
  posture: Object.freeze({ maxAgeMs: 86_400_000, patchAgeDays: 45 }),
  unusualHourShare: 0.01,
  leastObservations: 50,
  travelKmPerHour: 1000,
});
