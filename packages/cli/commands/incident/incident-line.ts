/** An incident as lines for a terminal. In: an incident. Out: one line, or everything about it. */
import type { IncidentView } from "@cordon/core/contract/incident-api";

export function incidentLine({ id, severity, status, subjects, reason, openedAt }: IncidentView): string {
  return `${id}  ${status}  ${severity}  ${subjects.map(shortOf).join(", ")}  since ${timeOf(openedAt)}: ${reason}\n`;
}

export function incidentLines(incident: IncidentView): string {
  const { openedAt, openedBy, rule, evidence, closed, subjects } = incident;
  const by = rule === undefined ? shortOf(openedBy) : `the rule ${rule}`;
  const lines = [
    `${incident.id}  ${incident.status}, ${incident.severity}`,
    `  ${incident.reason}`,
    ...subjects.map((subject) => `  names ${subject}`),
    `  opened ${timeOf(openedAt)} by ${by}`,
    ...evidence.map((id) => `  shown by request ${id}`),
    ...(closed === undefined ? [] : [`  closed ${timeOf(closed.at)} by ${shortOf(closed.by)}: ${closed.reason}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function shortOf(id: string): string {
  return /^spiffe:\/\/[^/]+\/ns\/(.+)$/.exec(id)?.[1] ?? id;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
