/**
 * Entries as OCSF events, so that a SIEM reads them. In: an entry and its index. Out: an event of OCSF 1.3:
 * API Activity (6003) for decisions and outcomes, Authentication (3002) for refusals, Entity Management (3004) for
 * changes, Application Lifecycle (6002) for the writer. What has no OCSF field goes under `unmapped`, whole.
 *
 * @see https://schema.ocsf.io/1.3.0
 */
import type { LedgerEntry } from "./entry.ts";

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

const informational = 1;
const medium = 3;
const success = 1;
const failure = 2;
const other = 99;

/** The event of an entry. `origin` is the log's name: with the index it names the entry for good. */
export function ocsfEvent(entry: LedgerEntry, index: number, origin: string): OcsfEvent {
  const shape = shapeOf(entry);
  return {
    class_uid: shape.classUid,
    category_uid: Math.floor(shape.classUid / 1000),
    type_uid: shape.classUid * 100 + shape.activity,
    activity_id: shape.activity,
    severity_id: shape.status === failure || shape.observed === true ? medium : informational,
    status_id: shape.status,
    time: entry.at,
    message: shape.message,
    metadata: {
      version: "1.3.0",
      product: { name: "Cordon", vendor_name: "Cordon" },
      uid: `${origin}#${index}`,
      log_name: origin,
      sequence: index,
      ...(shape.correlation === undefined ? {} : { correlation_uid: shape.correlation }),
    },
    ...shape.fields,
    unmapped: { entry },
  };
}

interface Shape {
  readonly classUid: number;
  readonly activity: number;
  readonly status: number;
  readonly message: string;
  readonly correlation?: string;
  /** A denial that was not enforced: the call succeeded, and somebody should look at it. */
  readonly observed?: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** API Activity: 1 create, 2 read, 3 update. */
const apiActivities: Readonly<Record<string, number>> = { read: 2, write: 3 };

function shapeOf(entry: LedgerEntry): Shape {
  switch (entry.kind) {
    case "decision":
      return {
        classUid: 6003,
        activity: apiActivities[entry.action] ?? other,
        status: entry.effect === "allow" ? success : failure,
        message: `${entry.observed ? "allow (would be denied)" : entry.effect}: ${entry.principal} ${entry.action} ${entry.resource}`,
        observed: entry.observed !== undefined,
        correlation: entry.id,
        fields: {
          actor: { user: { uid: entry.principal, type_id: 3 } },
          api: { operation: entry.action, request: { uid: entry.id } },
          resources: [{ uid: entry.resource, namespace: entry.namespace }],
          action_id: entry.effect === "allow" ? 1 : 2,
          ...(entry.observed === undefined ? {} : { disposition_id: 17, disposition: "Logged" }),
          status_detail: entry.reasons.map((reason) => reason.words).join("; "),
          src_endpoint: { uid: entry.principal },
        },
      };
    case "outcome":
      return {
        classUid: 6003,
        activity: other,
        status: entry.end === "complete" ? success : failure,
        message: `request ${entry.id} ended: ${entry.end}`,
        correlation: entry.id,
        fields: {
          actor: {},
          api: { operation: "outcome", request: { uid: entry.id }, response: { code: entry.status } },
          status_detail: entry.why?.words ?? entry.end,
          src_endpoint: {},
        },
      };
    case "discovery":
      return {
        classUid: 6003,
        activity: 2,
        status: success,
        message: `${entry.principal} listed the models it may use on ${entry.route}: ${entry.visible.length}`,
        correlation: entry.id,
        fields: {
          actor: { user: { uid: entry.principal, type_id: 3 } },
          api: { operation: "discovery", request: { uid: entry.id } },
          resources: entry.visible.map((uid) => ({ uid, namespace: entry.namespace })),
          src_endpoint: { uid: entry.principal },
        },
      };
    case "refusal":
      return {
        classUid: 3002,
        activity: 1,
        status: failure,
        message: `refused ${entry.count} times: ${entry.words}`,
        fields: { user: {}, src_endpoint: { name: entry.from }, status_code: entry.code, count: entry.count },
      };
    case "change":
      return {
        classUid: 3004,
        activity: 3,
        status: success,
        message: `revision ${entry.revision} by ${entry.actor}: ${entry.objects.length} objects`,
        fields: {
          actor: { user: { name: entry.actor } },
          entity: { name: `revision ${entry.revision}`, type: "state", version: String(entry.revision) },
        },
      };
    case "writer":
      return {
        classUid: 6002,
        activity: entry.event === "stopped" ? 4 : 3,
        status: success,
        message: entry.words,
        fields: { app: { name: "Cordon ledger", vendor_name: "Cordon" } },
      };
  }
}
