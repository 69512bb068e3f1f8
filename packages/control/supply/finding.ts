/**
 * What the supply chain rooms say about an artefact. In: nothing. Out: the one shape of finding that signatures,
 * vulnerabilities, bills of materials, Scorecard, cards and admission share, and how it is made. Each finding carries the
 * MITRE ATLAS techniques that it is evidence of and the mitigations that Cordon applies by raising it.
 */
import { atlasFor, type AtlasReference } from "./atlas/rules.ts";

export const supplySeverities = ["info", "low", "medium", "high", "critical"] as const;
export type SupplySeverity = (typeof supplySeverities)[number];

export interface SupplyFinding {
  /** `area/what`, stable: policies, exceptions and SARIF name it. */
  readonly rule: string;
  readonly severity: SupplySeverity;
  /** What is wrong, where, and what to do. */
  readonly message: string;
  /** The file, package or component that it is about. */
  readonly subject?: string;
  /** 1-based line in {@link subject}, where it is a text file. */
  readonly line?: number;
  readonly atlas: AtlasReference;
}

export interface FindingPlace {
  readonly subject?: string | undefined;
  readonly line?: number | undefined;
}

/** Makes a finding; its ATLAS ids come from the rule. */
export function supplyFinding(
  rule: string,
  severity: SupplySeverity,
  message: string,
  place: FindingPlace = {},
): SupplyFinding {
  return {
    rule,
    severity,
    message,
    ...(place.subject === undefined ? {} : { subject: place.subject }),
    ...(place.line === undefined ? {} : { line: place.line }),
    atlas: atlasFor(rule),
  };
}

/** True when `severity` is at least `floor`. */
export function atLeast(severity: SupplySeverity, floor: SupplySeverity): boolean {
  return supplySeverities.indexOf(severity) >= supplySeverities.indexOf(floor);
}
