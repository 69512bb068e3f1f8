/**
 * What security events say. In: an event's type and payload, as JSON. Out: what it means for access here, or why it is no such
 * event. Types that say nothing about access here are read, and are `other`.
 *
 * @see OpenID CAEP 1.0, sections 2 and 3; OpenID Shared Signals Framework 1.0, section 8.1.4
 */
import type { JsonValue } from "../../contract/strict-json.ts";
import type { Instant } from "../../instant.ts";
import type { ReportedLevel } from "../subject.ts";

const caep = "https://schemas.openid.net/secevent/caep/event-type/";
const ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

export const eventTypes = {
  sessionRevoked: `${caep}session-revoked`,
  credentialChange: `${caep}credential-change`,
  deviceComplianceChange: `${caep}device-compliance-change`,
  riskLevelChange: `${caep}risk-level-change`,
  verification: `${ssf}verification`,
  streamUpdated: `${ssf}stream-updated`,
} as const;

/** Those that are acted on, and transmitted. */
export const accessEventTypes: readonly string[] = [
  eventTypes.sessionRevoked,
  eventTypes.credentialChange,
  eventTypes.deviceComplianceChange,
  eventTypes.riskLevelChange,
];

interface Common {
  /** When it happened; absent where the event does not say. */
  readonly at: Instant | undefined;
  /** For administrators; may be empty. */
  readonly reason: string;
}

export type SecurityEvent = Common &
  (
    | { readonly kind: "session-revoked" }
    | { readonly kind: "credential-change"; readonly credential: string; readonly change: string }
    | { readonly kind: "device-compliance-change"; readonly compliant: boolean }
    | { readonly kind: "risk-level-change"; readonly level: ReportedLevel; readonly principal: string }
    | { readonly kind: "verification"; readonly state: string | undefined }
    | { readonly kind: "stream-updated"; readonly status: string }
    | { readonly kind: "other"; readonly type: string }
  );

type Fields = { readonly [name: string]: JsonValue };

const credentialChanges = ["create", "revoke", "update", "delete"];
const initiators = ["admin", "user", "policy", "system"];
const compliances = ["compliant", "not-compliant"];
const levels = ["LOW", "MEDIUM", "HIGH"];

/** Reads one event, or says in words why it is none. */
export function readEvent(type: string, payload: JsonValue): SecurityEvent | string {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "the event is not an object";
  const common = readCommon(payload);
  if (typeof common === "string") return common;
  const one = (name: string, values: readonly string[]): string | undefined => {
    const value = payload[name];
    return typeof value === "string" && values.includes(value) ? value : undefined;
  };
  switch (type) {
    case eventTypes.sessionRevoked:
      return { ...common, kind: "session-revoked" };
    case eventTypes.credentialChange: {
      const credential = payload["credential_type"];
      const change = one("change_type", credentialChanges);
      if (typeof credential !== "string" || credential === "" || credential.length > 128)
        return "it has no `credential_type`";
      return change === undefined
        ? "its `change_type` is none"
        : { ...common, kind: "credential-change", credential, change };
    }
    case eventTypes.deviceComplianceChange: {
      const now = one("current_status", compliances);
      // Both are required (CAEP 1.0, section 3.5).
      if (one("previous_status", compliances) === undefined) return "its `previous_status` is none";
      if (now === undefined) return "its `current_status` is none";
      return { ...common, kind: "device-compliance-change", compliant: now === "compliant" };
    }
    case eventTypes.riskLevelChange: {
      const level = one("current_level", levels);
      const principal = payload["principal"];
      if (level === undefined) return "its `current_level` is none";
      if (payload["previous_level"] !== undefined && one("previous_level", levels) === undefined)
        return "its `previous_level` is none";
      if (typeof principal !== "string" || principal === "" || principal.length > 64) return "it has no `principal`";
      const { risk_reason: said } = payload;
      const reason = typeof said === "string" ? clean(said) : common.reason;
      return { ...common, reason, kind: "risk-level-change", level: level.toLowerCase() as ReportedLevel, principal };
    }
    case eventTypes.verification: {
      const { state } = payload;
      if (state !== undefined && (typeof state !== "string" || state.length > 1_024)) return "its `state` is no text";
      return { ...common, kind: "verification", state };
    }
    case eventTypes.streamUpdated: {
      const status = one("status", ["enabled", "paused", "disabled"]);
      return status === undefined ? "its `status` is none" : { ...common, kind: "stream-updated", status };
    }
    default:
      return { ...common, kind: "other", type };
  }
}

/** Claims that any CAEP event may have (section 2). */
function readCommon(payload: Fields): Common | string {
  const { event_timestamp: at, initiating_entity: who, reason_admin: admin, reason_user: user } = payload;
  if (at !== undefined && (typeof at !== "number" || !(at > 0 && at < 1e11)))
    return "its `event_timestamp` is no time in seconds";
  if (who !== undefined && (typeof who !== "string" || !initiators.includes(who)))
    return "its `initiating_entity` is none";
  for (const [name, reasons] of [
    ["reason_admin", admin],
    ["reason_user", user],
  ] as const)
    if (reasons !== undefined && !isReasons(reasons)) return `its \`${name}\` is no object of texts by language`;
  const texts = Object.values((admin ?? user ?? {}) as Fields);
  return {
    at: at === undefined ? undefined : Math.round(at * 1000),
    reason: clean(typeof texts[0] === "string" ? texts[0] : ""),
  };
}

function isReasons(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.length <= 64 &&
    entries.every(([language, text]) => /^[A-Za-z0-9-]{1,35}$/.test(language) && typeof text === "string")
  );
}

/** One line of at most 300 characters: it is shown to people and kept in the ledger. */
function clean(text: string): string {
  return text
    .replace(/\p{C}+/gu, " ")
    .trim()
    .slice(0, 300);
}
