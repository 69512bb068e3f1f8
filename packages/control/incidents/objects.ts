/**
 * Incidents as the store keeps them (kind `incident`, in the namespace of the first subject). In: stored objects. Out: their
 * typed values, and the index of open ones that decisions look in.
 */
import { z } from "zod";
import { incidentRuleNames } from "@cordon/core/contract/incident-schema";
import { riskTiers } from "@cordon/core/contract/vocabulary";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Incident, IncidentIndex } from "@cordon/core/risk/incident";
import { readValue } from "../registry/objects.ts";
import type { StoredObject } from "../store/state-store.ts";

export const incidentKind = "incident";

const spiffeId = z.string().startsWith("spiffe://").max(2048);

export const incidentValue = z.strictObject({
  severity: z.enum(riskTiers),
  subjects: z.array(spiffeId).min(1).max(16),
  reason: z.string().min(1).max(1000),
  rule: z.enum(incidentRuleNames).exactOptional(),
  evidence: z.array(z.string().max(200)).max(16),
  openedAt: z.int(),
  openedBy: z.string().max(2048),
  closed: z
    .strictObject({ at: z.int(), by: z.string().max(2048), reason: z.string().min(1).max(1000) })
    .exactOptional(),
});
export type IncidentValue = z.output<typeof incidentValue>;

/**
 * Open incidents by subject. A subject whose incidents are the ones that it had keeps its array, so that what does not depend on
 * a change is not decided again.
 *
 * @throws {CordonError} `STORE_CORRUPT` when one cannot be read
 */
export function incidentsFrom(objects: readonly StoredObject[], before: IncidentIndex | undefined): IncidentIndex {
  const known = new Map([...(before?.values() ?? [])].flat().map((incident) => [incident.id, incident]));
  const index = new Map<SpiffeId, Incident[]>();
  for (const object of objects) {
    const { closed, severity, subjects } = readValue(incidentValue, object);
    if (closed !== undefined) continue;
    const old = known.get(object.name);
    const incident: Incident =
      old?.severity === severity && old.subjects.join("\n") === subjects.join("\n")
        ? old
        : Object.freeze({ id: object.name, severity, subjects: Object.freeze(subjects.map(parseSpiffeId)) });
    for (const subject of new Set(incident.subjects)) {
      const own = index.get(subject);
      if (own === undefined) index.set(subject, [incident]);
      else own.push(incident);
    }
  }
  const kept = new Map<SpiffeId, readonly Incident[]>();
  for (const [subject, own] of index) {
    const old = before?.get(subject);
    const same = old?.length === own.length && own.every((incident, at) => incident === old[at]);
    kept.set(subject, same ? old : Object.freeze(own));
  }
  return kept;
}
