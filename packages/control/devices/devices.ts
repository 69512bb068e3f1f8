/**
 * Enrolled devices. In: the store. Out: enrolling one with its key, taking what it or its management reports, retiring it. A
 * report is written down only where it says something new, or the one before it grows old: ten thousand devices that report
 * every quarter of an hour are no ten thousand revisions.
 */
import { createPublicKey } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { DeviceRequest, PostureFacts } from "@cordon/core/contract/device-api";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { judgePublicKey } from "@cordon/core/identity/algorithms";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import { deviceValue, readValue, type DeviceValue } from "../registry/objects.ts";
import type { ObjectKey, StateStore } from "../store/state-store.ts";

export const deviceKind = "device";

export interface EnrolledDevice extends DeviceValue {
  readonly name: string;
}

export interface DeviceKey {
  readonly publicKey: string;
  readonly keyFingerprint: string;
}

export interface Devices {
  list(): Promise<readonly EnrolledDevice[]>;
  /** @throws {CordonError} `STORE_CONFLICT` where it, or one with its key, is enrolled already */
  enrol(request: DeviceRequest, actor: string): Promise<Written>;
  /**
   * What a device reports itself, through its node's agent: the key of the first report is the device's from then on.
   *
   * @throws {CordonError} `ACCESS_DENIED` for a device that is not enrolled, is retired, or has another key
   */
  reportOwn(name: string, key: DeviceKey, facts: PostureFacts): Promise<void>;
  /** What its management says of it. */
  report(name: string, facts: PostureFacts, source: string): Promise<void>;
  /** Whether its management calls it compliant (CAEP device-compliance-change). */
  comply(name: string, compliance: NonNullable<DeviceValue["compliance"]>, actor: string): Promise<void>;
  retire(name: string, reason: string, actor: string): Promise<Written>;
}

export interface Written {
  readonly revision: number;
  readonly device: EnrolledDevice;
}

const namespace = "default" as Namespace;
const keyOf = (name: string): ObjectKey => ({ kind: deviceKind, namespace, name });

export function openDevices(
  store: Pick<StateStore, "transact" | "list">,
  now: () => Instant,
  maxAgeMs: () => number,
): Devices {
  type Change = (before: DeviceValue | undefined, others: readonly EnrolledDevice[]) => DeviceValue | undefined;

  /** `undefined` from `change`: nothing is written. */
  const write = async (name: string, actor: string, change: Change): Promise<Written> => {
    const { revision, result } = await store.transact(actor, now(), async (transaction) => {
      const objects = await transaction.list(deviceKind);
      const all = objects.map((object) => ({ name: object.name, ...readValue(deviceValue, object) }));
      const { name: _name, ...before } = all.find((device) => device.name === name) ?? { name: "" };
      const own = Object.keys(before).length === 0 ? undefined : (before as DeviceValue);
      const next = change(
        own,
        all.filter((device) => device.name !== name),
      );
      if (next !== undefined) await transaction.put(keyOf(name), next, "api");
      return (next ?? own) as DeviceValue;
    });
    return { revision, device: { name, ...result } };
  };

  const list = async (): Promise<readonly EnrolledDevice[]> => {
    const objects = await store.list(deviceKind);
    return objects.map((object) => ({ name: object.name, ...readValue(deviceValue, object) }));
  };

  return {
    list,
    enrol: ({ name, owner, managed = false, publicKey }, actor) => {
      const key = publicKey === undefined ? {} : readDeviceKey(publicKey);
      return write(name, actor, (before, others) => {
        if (before !== undefined && before.retired === undefined)
          throw new CordonError("STORE_CONFLICT", `the device \`${name}\` is enrolled already; retire it first`);
        refuseSharedKey(key, others);
        return { ...key, ...(owner === undefined ? {} : { owner }), managed, enrolledAt: now() };
      });
    },
    async reportOwn(name, key, facts) {
      await write(name, `device:${name}`, (before, others) => {
        if (before === undefined || before.retired !== undefined)
          throw new CordonError("ACCESS_DENIED", `the device \`${name}\` is not enrolled; see \`cordon device enrol\``);
        if (before.keyFingerprint !== undefined && before.keyFingerprint !== key.keyFingerprint)
          throw new CordonError("ACCESS_DENIED", `the device \`${name}\` has another key; retire it and enrol it anew`);
        const known = before.keyFingerprint === undefined ? { ...before, ...key } : before;
        if (known !== before) refuseSharedKey(key, others);
        return reported(known, facts, "agent") ?? (known === before ? undefined : known);
      });
    },
    async report(name, facts, source) {
      await write(name, `posture:${source}`, (before) => reported(living(name, before), facts, source));
    },
    async comply(name, compliance, actor) {
      await write(name, actor, (before) => {
        const device = living(name, before);
        // What is older than what is known says nothing new.
        return (device.compliance?.at ?? -Infinity) > compliance.at ? undefined : { ...device, compliance };
      });
    },
    retire: (name, reason, actor) =>
      write(name, actor, (before) => ({ ...living(name, before), retired: { at: now(), reason } })),
  };

  function reported(device: DeviceValue, facts: PostureFacts, source: string): DeviceValue | undefined {
    const posture = { ...facts, source, reportedAt: now() };
    const { reportedAt = -Infinity, ...last } = device.posture ?? {};
    const { reportedAt: _now, ...next } = posture;
    const days = (value: { patchAgeDays?: number }) => ({
      ...value,
      patchAgeDays: Math.floor(value.patchAgeDays ?? -1),
    });
    const same = device.posture !== undefined && isDeepStrictEqual(days(last), days(next));
    return same && now() - reportedAt < maxAgeMs() / 4 ? undefined : { ...device, posture };
  }
}

/** @throws {CordonError} `REQUEST_MALFORMED` for what is no public key that devices may have */
export function readDeviceKey(pem: string): DeviceKey {
  try {
    const spki = createPublicKey(pem).export({ type: "spki", format: "der" });
    const verdict = judgePublicKey(spki);
    if ("refused" in verdict) throw new Error(verdict.refused);
    return { publicKey: spki.toString("base64"), keyFingerprint: sha256Hex(spki) };
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", `the device's public key cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function refuseSharedKey({ keyFingerprint }: Partial<DeviceKey>, others: readonly EnrolledDevice[]): void {
  const other =
    keyFingerprint === undefined ? undefined : others.find((device) => device.keyFingerprint === keyFingerprint);
  if (other !== undefined)
    throw new CordonError("STORE_CONFLICT", `its key is the device \`${other.name}\`'s; each device makes its own`);
}

function living(name: string, device: DeviceValue | undefined): DeviceValue {
  if (device !== undefined && device.retired === undefined) return device;
  throw new CordonError("COMPONENT_UNKNOWN", `no device \`${name}\` is enrolled`);
}
