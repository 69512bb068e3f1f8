/**
 * Incidents over the local API and the console's, as both ends read them, and what a playbook is told of one. Requests are read
 * strictly, answers leniently.
 *
 * The contract for responses: whoever runs playbooks follows the store's objects of kind `incident`, chooses by `rule`,
 * `severity` and `subjects`, and starts a playbook with {@link playbookVariables}. What it then does (isolate, revoke, reroute)
 * goes through the operations that people use; closing the incident is one of them.
 *
 * @see CACAO Security Playbooks 2.0, sections 3.1 (severity) and 10.18 (variables)
 */
import { z } from "zod";
import { incidentRuleNames } from "./incident-schema.ts";
import { riskTiers, type RiskTier } from "./vocabulary.ts";

const words = z.string().regex(/^\P{C}{1,1000}$/u, "must be one line of at most 1,000 characters");
const reference = z.string().min(1).max(2048);

/** `POST /v1/incidents`. Subjects are components (`namespace/name`), people (`namespace/user/name`) or SPIFFE ids. */
export const incidentRequest = z.strictObject({
  severity: z.enum(riskTiers),
  subjects: z.array(reference).min(1).max(16),
  reason: words,
});

const incidentId = z.string().regex(/^inc-[0-9a-f]{12}$/);
/** `POST /v1/incidents/close` */
export const incidentClosing = z.strictObject({ id: incidentId, reason: words });

export const incidentView = z.object({
  id: z.string(),
  namespace: z.string(),
  severity: z.enum(riskTiers),
  status: z.enum(["open", "closed"]),
  subjects: z.array(z.string()),
  reason: z.string(),
  /** The rule that opened it by itself; absent where somebody did. */
  rule: z.enum(incidentRuleNames).optional(),
  /** Request ids of the ledger that show it. */
  evidence: z.array(z.string()),
  openedAt: z.number(),
  openedBy: z.string(),
  closed: z.object({ at: z.number(), by: z.string(), reason: z.string() }).optional(),
});
export const incidentsResponse = z.object({ incidents: z.array(incidentView) });

export type IncidentRequest = z.infer<typeof incidentRequest>;
export type IncidentView = z.infer<typeof incidentView>;
export type IncidentsResponse = z.infer<typeof incidentsResponse>;

/** 1 to 100, as CACAO counts: 0 would mean that nobody said. */
export const cacaoSeverity: Readonly<Record<RiskTier, number>> = { low: 25, medium: 50, high: 75, critical: 100 };

export interface PlaybookVariable {
  readonly type: "string" | "integer" | "uri";
  readonly description: string;
  readonly value: string;
  readonly constant: true;
  readonly external: true;
}

/** What a playbook knows of the incident that started it: CACAO variables, by their names. */
export function playbookVariables({
  id,
  severity,
  reason,
  rule,
  subjects,
}: Pick<IncidentView, "id" | "severity" | "reason" | "rule" | "subjects">): Readonly<Record<string, PlaybookVariable>> {
  const variable = (type: PlaybookVariable["type"], description: string, value: string): PlaybookVariable => ({
    ...{ type, description, value, constant: true, external: true },
  });
  const named = subjects.map(
    (subject, at) => [`__incident_subject_${at + 1}__`, variable("uri", "who or what it names", subject)] as const,
  );
  return {
    __incident_id__: variable("string", "the incident", id),
    __incident_severity__: variable("integer", "1 to 100", String(cacaoSeverity[severity])),
    __incident_rule__: variable("string", "the rule that opened it; empty where somebody did", rule ?? ""),
    __incident_reason__: variable("string", "what happened, in words", reason),
    ...Object.fromEntries(named),
  };
}
