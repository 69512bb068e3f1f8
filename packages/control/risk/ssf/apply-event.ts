/**
 * What a shared signal does here. In: an event that was verified, and whom it names. Out: the state changed, so that every
 * gateway decides again what depended on it. Older news never undoes newer, so a replayed or late event changes nothing.
 */
import { createHash } from "node:crypto";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { SecurityEvent } from "@cordon/core/risk/ssf/events";
import type { NamedSubjects } from "@cordon/core/risk/ssf/subject";
import type { Devices } from "../../devices/devices.ts";
import { readValue, subjectValue, type SubjectValue } from "../../registry/objects.ts";
import type { ObjectKey, StateStore } from "../../store/state-store.ts";

export interface AppliedTo {
  readonly store: Pick<StateStore, "transact">;
  readonly devices: Pick<Devices, "comply">;
  readonly now: () => Instant;
}

export interface Reported {
  readonly event: SecurityEvent;
  readonly named: NamedSubjects;
  /** Name of the transmitter. */
  readonly source: string;
  /** How long a reported risk counts. */
  readonly riskMs: number;
}

export const subjectKind = "subject";

/** @returns what was changed, in words; `undefined` where nothing was */
export async function applyEvent(to: AppliedTo, reported: Reported): Promise<string | undefined> {
  const { event, named, source, riskMs } = reported;
  const told = event.at ?? to.now();
  // Most tell it in whole seconds: what began within that second began before it, as far as anybody knows.
  const at = told % 1000 === 0 ? Math.max(told, Math.min(told + 999, to.now())) : told;
  const said = { source, reason: event.reason, at };
  switch (event.kind) {
    case "session-revoked":
      return change(to, named, source, ({ sessionsRevoked, ...rest }) =>
        (sessionsRevoked?.at ?? -Infinity) >= at ? undefined : { ...rest, sessionsRevoked: said },
      );
    case "credential-change":
      return change(to, named, source, ({ credentialChanged, ...rest }) =>
        (credentialChanged?.at ?? -Infinity) >= at
          ? undefined
          : { ...rest, credentialChanged: { ...said, reason: `${event.credential} ${event.change}` } },
      );
    case "risk-level-change":
      return change(to, named, source, ({ reported: before, ...rest }) =>
        (before?.at ?? -Infinity) >= at
          ? undefined
          : { ...rest, reported: { level: event.level, ...said, until: at + riskMs } },
      );
    case "device-compliance-change":
      for (const name of named.devices)
        await to.devices.comply(name, { compliant: event.compliant, source, at }, `ssf:${source}`);
      return named.devices.length === 0 ? undefined : named.devices.join(", ");
    case "verification":
    case "stream-updated":
    case "other":
      return undefined;
  }
}

/** Where a subject's standing is kept. */
export function subjectKey(subject: string): ObjectKey {
  const name = createHash("sha256").update(subject).digest("hex");
  return { kind: subjectKind, namespace: "default" as Namespace, name };
}

async function change(
  { store, now }: AppliedTo,
  { principals }: NamedSubjects,
  source: string,
  next: (before: SubjectValue) => SubjectValue | undefined,
): Promise<string | undefined> {
  if (principals.length === 0) return undefined;
  const { result } = await store.transact(`ssf:${source}`, now(), async (transaction) => {
    const changed: string[] = [];
    for (const subject of principals) {
      const object = await transaction.get(subjectKey(subject));
      const value = next(object === undefined ? { subject } : readValue(subjectValue, object));
      if (value === undefined) continue;
      await transaction.put(subjectKey(subject), value, "api");
      changed.push(subject);
    }
    return changed;
  });
  return result.length === 0 ? undefined : result.join(", ");
}
