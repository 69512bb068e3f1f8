/**
 * Whether what policies demand of who asks is met. In: demands, and what is known of now. Out: refusals in words that the
 * person can act on, with the obligation that would lift them; or until when what is met stays met.
 */
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { Instant } from "../instant.ts";
import { assess, unobserved, type Assessment } from "../risk/assess.ts";
import { incidentsNaming } from "../risk/incident.ts";
import { defaultRiskSettings } from "../risk/settings.ts";
import { reportedLevels, type SubjectStanding } from "../risk/subject.ts";
import { rankOf, type AdaptiveDemands } from "./adaptive.ts";
import { entityIdOf } from "./cedar-schema.ts";
import type { AccessRequest, Obligation, Reason, Risk, Signals } from "./decision.ts";
import type { Component, Snapshot } from "./snapshot.ts";

export interface AdaptiveSubject {
  readonly snapshot: Snapshot;
  readonly request: AccessRequest;
  readonly resource: Component;
  readonly signals: Signals;
  readonly now: Instant;
}

export interface AdaptiveVerdict {
  readonly refusals: readonly Reason[] | undefined;
  /** What lifts the refusal. */
  readonly obligations: readonly Obligation[];
  /** When what is met is met no more. */
  readonly until: Instant;
}

/** Clocks differ: an assertion may be dated this far ahead. */
const skewMs = 60_000;

export function checkAdaptive(demands: AdaptiveDemands, subject: AdaptiveSubject): AdaptiveVerdict | undefined {
  const { restrict, stepUp } = demands;
  if (restrict === undefined && stepUp === undefined) return undefined;
  const { labels } = subject.resource;
  if (restrict !== undefined && rankOf(labels.sensitivity) > rankOf(restrict.sensitivity)) {
    const words = `${restrict.by.words}; for now nothing more sensitive than ${restrict.sensitivity} is let through, and this is ${labels.sensitivity}`;
    const { id: policy, namespace } = restrict.by;
    return { refusals: [{ code: "restricted", policy, namespace, words }], obligations: [], until: Infinity };
  }
  if (stepUp === undefined) return { refusals: undefined, obligations: [], until: Infinity };
  const until = freshUntil(subject, stepUp.maxAgeSeconds);
  if (subject.now < until) return { refusals: undefined, obligations: [], until };
  const { id: policy, namespace, words: why } = stepUp.by;
  const words = `${why}; show that it is you (within the last ${ageWords(stepUp.maxAgeSeconds)}), then ask again`;
  return {
    refusals: [{ code: "step-up-required", policy, namespace, words }],
    obligations: [{ kind: "stepUp", maxAgeSeconds: stepUp.maxAgeSeconds }],
    until: Infinity,
  };
}

/** When the person behind a request last proved to be present; absent where there is none. */
export function assertedAt(snapshot: Snapshot, { user }: AccessRequest, { risk }: Signals): Instant | undefined {
  const session = user?.session === undefined ? undefined : snapshot.sessions?.get(user.session);
  return session?.authenticatedAt ?? risk?.assertedAt;
}

/** The person, where one is behind it; else the workload. */
export function whoActs({ principal, user }: AccessRequest): SpiffeId {
  return user?.id ?? principal;
}

/** The first instant at which the newest proof of presence is too old. A proof from before a change of credential is none. */
function freshUntil({ snapshot, request, signals, now }: AdaptiveSubject, maxAgeSeconds: number): Instant {
  const at = assertedAt(snapshot, request, signals);
  if (at === undefined || !(at <= now + skewMs)) return -Infinity;
  const changed = snapshot.subjects?.get(entityOf(snapshot, whoActs(request)))?.credentialChanged;
  if (changed !== undefined && at <= changed.at) return -Infinity;
  return at + maxAgeSeconds * 1000;
}

/** How risky a request is. Without signals, reports and incidents nothing is looked at. */
export function assessRequest(
  snapshot: Snapshot,
  request: AccessRequest,
  resource: Component,
  { risk }: Signals,
  now: Instant,
): Assessment {
  const incidents = incidentsNaming(
    snapshot.incidents,
    [request.principal, request.user?.id, request.resource],
    risk?.incidents,
  );
  const reports = snapshot.subjects !== undefined && snapshot.subjects.size > 0;
  if (risk === undefined && !reports && incidents.length === 0) return unobserved;
  const person = request.user?.id ?? request.principal;
  const who = entityOf(snapshot, person);
  const actor = entityOf(snapshot, request.principal);
  const assessed = {
    signals: risk,
    device: risk?.device === undefined ? undefined : snapshot.devices?.get(risk.device),
    owners: person === request.principal ? [who] : [who, actor],
    standing: worse(snapshot.subjects?.get(who), snapshot.subjects?.get(actor), now),
    incidents,
    sensitivity: resource.labels.sensitivity,
    settings: snapshot.risk ?? defaultRiskSettings,
  };
  return assess(assessed, now);
}

/** A session that began before it was revoked is over, whatever policy says; one that does not say when it began, too. */
export function checkSession(snapshot: Snapshot, request: AccessRequest, { risk }: Signals): Reason | undefined {
  if (snapshot.subjects === undefined || snapshot.subjects.size === 0) return undefined;
  const { principal, user } = request;
  const session = user?.session === undefined ? undefined : snapshot.sessions?.get(user.session);
  const since = risk?.sessionSince ?? -Infinity;
  if (user === undefined || user.id === principal)
    return sessionRevoked(snapshot, principal, session?.authenticatedAt ?? since);
  // Acting for somebody makes nobody's own session younger: both must stand.
  return (
    sessionRevoked(snapshot, principal, since) ?? sessionRevoked(snapshot, user.id, session?.authenticatedAt ?? since)
  );
}

function sessionRevoked(snapshot: Snapshot, who: SpiffeId, began: Instant): Reason | undefined {
  const revoked = snapshot.subjects?.get(entityOf(snapshot, who))?.sessionsRevoked;
  if (revoked === undefined || began > revoked.at) return undefined;
  const why = revoked.reason === "" ? "" : `: ${revoked.reason}`;
  return {
    code: "session-revoked",
    words: `${revoked.source} ended the sessions of ${who}${why}; sign in, or connect, anew`,
  };
}

/** Of what is reported of the person and of the workload that acts for them, what weighs more. */
function worse(
  a: SubjectStanding | undefined,
  b: SubjectStanding | undefined,
  now: Instant,
): SubjectStanding | undefined {
  const weight = ({ reported }: SubjectStanding): number =>
    reported === undefined || now >= reported.until ? -1 : reportedLevels.indexOf(reported.level);
  if (a === undefined || b === undefined) return a ?? b;
  return weight(b) > weight(a) ? b : a;
}

/** What the risk is made of, in words, where it is more than low. */
export function riskReason({ tier, score, contributions }: Risk): readonly Reason[] {
  if (tier === "low") return [];
  const shown = contributions.slice(0, 6).map(({ words }) => words);
  return [{ code: "risk", words: `risk is ${tier} (${score.toFixed(2)}): ${shown.join("; ")}` }];
}

export function entityOf({ trustDomain }: Snapshot, id: SpiffeId): string {
  return entityIdOf(id, trustDomain);
}

function ageWords(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
