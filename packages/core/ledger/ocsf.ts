/**
 * Entries as OCSF events, so that a SIEM reads them. In: an entry and its index. Out: an event of OCSF 1.3:
 * API Activity (6003) for decisions, outcomes, discoveries and refused requests, Authentication (3002) for callers who
 * could not prove who they are, Entity Management (3004) for changes, Application Lifecycle (6002) for the writer, and a
 * Detection Finding (2004) for each finding of an outcome. The entry itself goes under `unmapped`, whole.
 *
 * API Activity has no field for allow and deny in 1.3: the decision and its policy are in `actor.authorizations`, and a
 * denial's `status_id` is Failure.
 *
 * @see https://schema.ocsf.io/1.3.0
 */
import type { ErrorCode } from "../errors.ts";
import { whoActs } from "./entry.ts";
import type { ChangeEntry, DecisionEntry, LedgerEntry, OutcomeEntry, RefusalEntry } from "./entry.ts";

export interface OcsfEvent {
  readonly class_uid: number;
  readonly category_uid: number;
  readonly type_uid: number;
  readonly activity_id: number;
  readonly severity_id: number;
  readonly status_id: number;
  readonly time: number;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const classes = {
  detectionFinding: 2004,
  authentication: 3002,
  entityManagement: 3004,
  applicationLifecycle: 6002,
  apiActivity: 6003,
} as const;
const severities = { informational: 1, low: 2, medium: 3, high: 4 } as const;
const success = 1;
const failure = 2;
/** `activity_id`, `type_id`: something that the schema has no number for; a name beside it says what. */
const other = 99;

interface Shape {
  readonly classUid: number;
  readonly activity: number;
  readonly severity: keyof typeof severities;
  readonly status: number;
  readonly message: string;
  readonly correlation?: string;
  readonly profiles?: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The event of an entry. `origin` is the log's name: with the index it names the entry for good. */
export function ocsfEvent(entry: LedgerEntry, index: number, origin: string): OcsfEvent {
  return eventOf(shapeOf(entry, origin), entry, `${origin}#${index}`, index, origin);
}

/** The event of an entry, and one more for each finding that it carries. */
export function ocsfEvents(entry: LedgerEntry, index: number, origin: string): readonly OcsfEvent[] {
  const event = ocsfEvent(entry, index, origin);
  const findings = findingsOf(entry);
  if (findings.length === 0) return [event];
  const uid = String(event.metadata["uid"]);
  return [
    event,
    ...findings.map((finding, at) =>
      eventOf(
        findingShape(entry as DecisionEntry | OutcomeEntry, finding, `${uid}.${at}`),
        entry,
        `${uid}.${at}`,
        index,
        origin,
      ),
    ),
  ];
}

/** An outcome tells all findings of its interaction; one that was denied has none, and its decision tells them. */
function findingsOf(entry: LedgerEntry): readonly unknown[] {
  if (entry.kind === "outcome") return entry.findings;
  return entry.kind === "decision" && entry.effect === "deny" ? (entry.findings ?? []) : [];
}

function eventOf(shape: Shape, entry: LedgerEntry, uid: string, index: number, origin: string): OcsfEvent {
  return {
    class_uid: shape.classUid,
    category_uid: Math.floor(shape.classUid / 1000),
    type_uid: shape.classUid * 100 + shape.activity,
    activity_id: shape.activity,
    severity_id: severities[shape.severity],
    status_id: shape.status,
    time: entry.at,
    message: shape.message,
    metadata: {
      version: "1.3.0",
      product: { name: "Cordon", vendor_name: "Cordon" },
      uid,
      log_name: origin,
      log_provider: "Cordon",
      sequence: index,
      ...(shape.correlation === undefined ? {} : { correlation_uid: shape.correlation }),
      ...(shape.profiles === undefined ? {} : { profiles: shape.profiles }),
    },
    ...shape.fields,
    unmapped: { entry },
  };
}

function shapeOf(entry: LedgerEntry, origin: string): Shape {
  switch (entry.kind) {
    case "decision":
      return decisionShape(entry);
    case "outcome":
      return outcomeShape(entry, origin);
    case "discovery":
      return {
        classUid: classes.apiActivity,
        activity: 2,
        severity: "informational",
        status: success,
        message: `${entry.principal} listed the models it may use on ${entry.route}: ${entry.visible.length}`,
        correlation: entry.id,
        fields: {
          actor: { user: workload(entry.principal) },
          api: { operation: "discovery", request: { uid: entry.id } },
          resources: entry.visible.map((uid) => ({ uid, namespace: entry.namespace })),
          src_endpoint: { uid: entry.principal },
        },
      };
    case "refusal":
      return refusalShape(entry);
    case "change":
      return changeShape(entry);
    case "writer":
      return {
        classUid: classes.applicationLifecycle,
        activity: { started: 3, stopped: 4, recovered: other }[entry.event],
        severity: entry.event === "recovered" ? "low" : "informational",
        status: success,
        message: entry.words,
        fields: {
          ...(entry.event === "recovered" ? { activity_name: "Recover" } : {}),
          app: { name: "Cordon ledger", vendor_name: "Cordon" },
        },
      };
  }
}

function decisionShape(entry: DecisionEntry): Shape {
  const { principal, user, action, resource, effect } = entry;
  const verdict = entry.observed === undefined ? effect : "allow (would be denied)";
  return {
    classUid: classes.apiActivity,
    ...activityOf(action, entry.context?.method),
    severity: effect === "deny" || entry.observed !== undefined ? "medium" : "informational",
    status: effect === "allow" ? success : failure,
    message: `${verdict}: ${whoActs(entry)} ${action} ${resource}`,
    correlation: entry.id,
    fields: {
      ...(activityOf(action, entry.context?.method).activity === other ? { activity_name: action } : {}),
      actor: {
        ...(user === undefined || user.id === principal
          ? { user: workload(principal) }
          : { user: { uid: user.id, type_id: 1 }, app_uid: principal, app_name: principal }),
        authorizations: entry.reasons.map(({ policy }) => ({
          decision: verdict,
          ...(policy === undefined ? {} : { policy: { uid: policy, is_applied: true } }),
        })),
      },
      api: { operation: action, request: { uid: entry.id } },
      resources: [{ uid: resource, namespace: entry.namespace }],
      ...httpRequest(entry.context?.method),
      ...(entry.reasons[0] === undefined ? {} : { status_code: entry.reasons[0].code }),
      status_detail: entry.reasons.map((reason) => reason.words).join("; "),
      src_endpoint: { uid: principal },
    },
  };
}

/** The gateway's own call to the upstream, on behalf of the interaction that `correlation_uid` names. */
function outcomeShape(entry: OutcomeEntry, origin: string): Shape {
  const severity = { complete: "informational", cut: "medium" }[entry.end as string] as keyof typeof severities;
  return {
    classUid: classes.apiActivity,
    activity: other,
    severity: severity ?? "low",
    status: entry.end === "complete" ? success : failure,
    message: `request ${entry.id} ended: ${entry.end}`,
    correlation: entry.id,
    fields: {
      activity_name: "Outcome",
      actor: { app_name: "Cordon gateway" },
      api: { operation: "outcome", request: { uid: entry.id }, response: { code: entry.status } },
      status_code: entry.why?.code ?? String(entry.status),
      status_detail: entry.why?.words ?? entry.end,
      src_endpoint: { name: origin },
      ...(entry.upstream ? { dst_endpoint: { svc_name: entry.upstream } } : {}),
    },
  };
}

/** Codes by which somebody is refused because of who they are, or are not. */
const identityCodes: ReadonlySet<ErrorCode> = new Set([
  "IDENTITY_REQUIRED",
  "SPIFFE_ID_INVALID",
  "CERTIFICATE_MALFORMED",
  "SVID_INVALID",
  "SVID_UNTRUSTED",
  "SVID_EXPIRED",
  "SVID_NOT_YET_VALID",
  "SVID_REVOKED",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "TOKEN_AUDIENCE",
  "TOKEN_NOT_PERMITTED",
]);

function refusalShape(entry: RefusalEntry): Shape {
  const { code, count, from } = entry;
  const base = {
    severity: "medium",
    status: failure,
    message: `refused ${count === 1 ? "once" : `${count} times`}: ${entry.words}`,
  } as const;
  const told = { status_code: code, status_detail: entry.words, count, src_endpoint: endpointOf(from) };
  if (identityCodes.has(code))
    return {
      ...base,
      classUid: classes.authentication,
      activity: 1,
      fields: { ...told, user: { name: from, type_id: 0 }, service: { name: "Cordon gateway" }, is_remote: true },
    };
  const actor = from.startsWith("spiffe://") ? { user: workload(from) } : { app_name: "unknown" };
  return {
    ...base,
    classUid: classes.apiActivity,
    activity: other,
    fields: { ...told, activity_name: "Refused", actor, api: { operation: "refused" } },
  };
}

function changeShape(entry: ChangeEntry): Shape {
  const [only, ...more] = entry.objects;
  const name = only === undefined || more.length > 0 ? `revision ${entry.revision}` : `${only.namespace}/${only.name}`;
  return {
    classUid: classes.entityManagement,
    activity: changeActivity(entry),
    severity: "informational",
    status: success,
    message: `revision ${entry.revision} by ${entry.actor}: ${entry.objects.length} objects`,
    profiles: ["host"],
    fields: {
      actor: { user: { name: entry.actor, type_id: 0 } },
      entity: {
        name,
        type: only === undefined || more.length > 0 ? "state" : only.kind,
        type_id: only?.kind === "policy" && more.length === 0 ? 5 : other,
        version: String(entry.revision),
      },
    },
  };
}

/** 1 create: an SVID; 4 delete: all of it gone; 3 update: anything else. */
function changeActivity({ objects }: ChangeEntry): number {
  if (objects.length > 0 && objects.every((object) => object.op === "delete")) return 4;
  return objects.length > 0 && objects.every((object) => object.kind.endsWith("-svid")) ? 1 : 3;
}

function findingShape(entry: DecisionEntry | OutcomeEntry, finding: unknown, uid: string): Shape {
  const { detector, category, score } = (typeof finding === "object" && finding !== null ? finding : {}) as {
    readonly [field in "detector" | "category" | "score"]?: unknown;
  };
  const title = typeof category === "string" ? category : "finding";
  return {
    classUid: classes.detectionFinding,
    activity: 1,
    severity: entry.kind === "decision" || entry.end === "cut" ? "high" : "medium",
    status: 1, // New
    message: `${title} in request ${entry.id}`,
    correlation: entry.id,
    fields: {
      finding_info: {
        uid,
        title,
        ...(typeof detector === "string" ? { analytic: { name: detector, type_id: 1 } } : {}),
      },
      ...(typeof score === "number" ? { confidence_score: Math.round(score * 100) } : {}),
    },
  };
}

/** API Activity: 2 read, 3 update, 4 delete; what is neither has a name of its own. */
function activityOf(action: string, method: string | undefined): { readonly activity: number } {
  if (action === "read") return { activity: 2 };
  if (action === "write") return { activity: method === "DELETE" ? 4 : 3 };
  return { activity: other };
}

const ocsfMethods = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE"]);

function httpRequest(method: string | undefined): { readonly http_request?: unknown } {
  return method !== undefined && ocsfMethods.has(method) ? { http_request: { http_method: method } } : {};
}

/** A workload, which OCSF knows as a user that no human is. */
function workload(id: string): { readonly uid: string; readonly type_id: number } {
  return { uid: id, type_id: 3 };
}

function endpointOf(from: string): Readonly<Record<string, string>> {
  if (from.startsWith("spiffe://")) return { uid: from };
  return /^[0-9a-fA-F.:]+$/.test(from) && /[.:]/.test(from) ? { ip: from } : { name: from };
}
