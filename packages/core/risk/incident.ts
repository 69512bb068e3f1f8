/**
 * Open incidents, as decisions see them: a case that names people, workloads or resources. In: who asks for what. Out: the
 * incidents that name any of them, the gravest first. What is closed is not here; nothing of it depends on time.
 */
import { riskTiers, type RiskTier } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { IncidentSignal } from "./signals.ts";

/** An open incident. */
export interface Incident extends IncidentSignal {
  /** People, workloads and resources that it names. */
  readonly subjects: readonly SpiffeId[];
}

/** Open incidents by each subject. The array of a subject whose incidents did not change stays the same object. */
export type IncidentIndex = ReadonlyMap<SpiffeId, readonly Incident[]>;

export type IncidentSeverity = RiskTier;

const none: readonly IncidentSignal[] = Object.freeze([]);

/** Those that name any of `ids`, or were seen beside the request, each once. */
export function incidentsNaming(
  index: IncidentIndex | undefined,
  ids: readonly (SpiffeId | undefined)[],
  seen: readonly IncidentSignal[] = none,
): readonly IncidentSignal[] {
  if (index === undefined || index.size === 0) return seen;
  let found: Map<string, IncidentSignal> | undefined;
  for (const id of ids) {
    const own = id === undefined ? undefined : index.get(id);
    if (own === undefined) continue;
    found ??= new Map(seen.map((one) => [one.id, one]));
    for (const one of own) found.set(one.id, one);
  }
  return found === undefined ? seen : [...found.values()];
}

/** The severity of the gravest; `none` where there is none. */
export function gravest(incidents: readonly IncidentSignal[]): IncidentSeverity | "none" {
  let rank = -1;
  for (const { severity } of incidents) rank = Math.max(rank, riskTiers.indexOf(severity));
  return riskTiers[rank] ?? "none";
}

export const incidentLevels = ["none", ...riskTiers] as const;
