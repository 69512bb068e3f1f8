/**
 * What others are told. In: the store's changes. Out: security events in the words of CAEP: a revocation is session-revoked, a
 * passkey credential-change, a device's posture device-compliance-change, a raised risk risk-level-change. What another system
 * reported is not told on: two that repeat each other would never stop.
 */
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { Instant } from "@cordon/core/instant";
import { userId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { judgePosture, type PostureLimits } from "@cordon/core/risk/device";
import { eventTypes } from "@cordon/core/risk/ssf/events";
import type { Change } from "../../store/state-store.ts";
import { deviceValue, readValue, subjectValue } from "../../registry/objects.ts";

export interface OutgoingEvent {
  readonly subject: JsonObject;
  readonly type: string;
  readonly payload: JsonObject;
}

export interface OutgoingState {
  readonly trustDomain: TrustDomain;
  readonly posture: () => PostureLimits;
  readonly now: () => Instant;
}

/** Follows changes in order; remembers of each device whether it was compliant, of each session whose it was. */
export function outgoingEvents({
  trustDomain,
  posture,
  now,
}: OutgoingState): (change: Change) => readonly OutgoingEvent[] {
  const compliant = new Map<string, boolean>();
  const sessions = new Map<string, string>();
  const levels = new Map<string, string>();

  return (change) => {
    const at = Math.floor(change.at / 1000);
    const value = change.object?.value as Record<string, unknown> | undefined;
    const event = (type: string, subject: JsonObject, more: JsonObject): OutgoingEvent[] => [
      { type, subject, payload: { event_timestamp: at, initiating_entity: initiatorOf(change.actor), ...more } },
    ];
    const uri = (id: string): JsonObject => ({ format: "uri", uri: id });
    switch (change.kind) {
      case "revocation":
        if (value?.["type"] !== "workload" || typeof value["id"] !== "string") return [];
        return event(eventTypes.sessionRevoked, uri(value["id"]), reasonOf(value["reason"]));
      case "session": {
        if (typeof value?.["user"] === "string") sessions.set(change.name, value["user"]);
        const user = sessions.get(change.name);
        if (change.op !== "delete" || user === undefined) return [];
        sessions.delete(change.name);
        const subject = { format: "complex", user: uri(user), session: { format: "opaque", id: change.name } };
        return event(eventTypes.sessionRevoked, subject, {});
      }
      case "user": {
        if (typeof value?.["locked"] !== "string") return [];
        return event(
          eventTypes.sessionRevoked,
          uri(userId(trustDomain, change.namespace, change.name)),
          reasonOf(value["locked"]),
        );
      }
      case "passkey": {
        const owner = typeof value?.["user"] === "string" ? value["user"] : undefined;
        if (owner === undefined) return [];
        const [namespace = "", name = ""] = owner.split("/");
        const subject = uri(userId(trustDomain, namespace as Namespace, name));
        const change_type = typeof value?.["locked"] === "string" ? "revoke" : "update";
        return event(eventTypes.credentialChange, subject, { credential_type: "fido2-roaming", change_type });
      }
      case "device": {
        if (change.object === undefined) return [];
        const device = readValue(deviceValue, change.object);
        if (device.compliance !== undefined && change.actor.startsWith("ssf:")) return [];
        const good = device.retired === undefined && judgePosture(device, posture(), now()).state === "good";
        const before = compliant.get(change.name);
        compliant.set(change.name, good);
        if (before === undefined || before === good) return [];
        const status = (is: boolean): string => (is ? "compliant" : "not-compliant");
        const subject = { format: "complex", device: { format: "opaque", id: change.name } };
        return event(eventTypes.deviceComplianceChange, subject, {
          previous_status: status(before),
          current_status: status(good),
        });
      }
      case "subject": {
        if (change.object === undefined || change.actor.startsWith("ssf:")) return [];
        const { subject, reported } = readValue(subjectValue, change.object);
        if (reported === undefined || levels.get(subject) === reported.level) return [];
        levels.set(subject, reported.level);
        return event(
          eventTypes.riskLevelChange,
          { format: "opaque", id: subject },
          {
            ...{ principal: "USER", current_level: reported.level.toUpperCase() },
            ...(reported.reason === "" ? {} : { risk_reason: reported.reason }),
          },
        );
      }
      default:
        return [];
    }
  };
}

function initiatorOf(actor: string): string {
  if (actor.startsWith("system")) return "system";
  return actor.startsWith("config") ? "policy" : "admin";
}

function reasonOf(reason: unknown): JsonObject {
  return typeof reason === "string" && reason !== "" ? { reason_admin: { en: reason } } : {};
}
