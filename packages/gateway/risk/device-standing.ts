/**
 * Which device a caller's connection comes from. In: the caller, and the header `cordon-device` of the request. Out: the device
 * that is proven now: by the caller's own key where that is the device's, by a proof that the device signed for this
 * connection, or by the person's session where its sign-in recorded one.
 */
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Device } from "@cordon/core/risk/device";
import { readDeviceProof, type ProvenDevice } from "@cordon/core/risk/device-proof";
import type { Caller } from "../listener/caller.ts";

export interface DeviceStanding {
  readonly name: string;
  /** When the proof ends; the device's own standing is the registry's. */
  readonly until: Instant;
}

const byKey = new WeakMap<ReadonlyMap<string, Device>, ReadonlyMap<string, string>>();

/** Names of devices by their keys; each map of devices is looked through once. */
function namesByKey(devices: ReadonlyMap<string, Device>): ReadonlyMap<string, string> {
  let names = byKey.get(devices);
  if (names === undefined) {
    names = new Map(
      [...devices.values()].flatMap(({ name, keyFingerprint, retired }) =>
        keyFingerprint === undefined || retired !== undefined ? [] : [[keyFingerprint, name] as const],
      ),
    );
    byKey.set(devices, names);
  }
  return names;
}

/**
 * @param proof the header as it came; a proof that shows nothing is no device, and the request goes on without
 * @returns asked at every decision: a device that is retired meanwhile stands no more
 */
export function deviceOf(
  caller: Caller,
  session: string | undefined,
  proof: string | undefined,
  gateway: SpiffeId,
  current: () => Snapshot,
  now: () => Instant,
): () => DeviceStanding | undefined {
  let proven: ProvenDevice | undefined;
  if (proof !== undefined) {
    const devices = current().devices ?? new Map<string, Device>();
    const read = readDeviceProof(proof, { devices, certificate: caller.svid.fingerprint, gateway, now: now() });
    if (typeof read !== "string") proven = read;
  }
  return () => {
    const { devices, sessions } = current();
    if (devices === undefined || devices.size === 0) return undefined;
    const { keyFingerprint } = caller.svid;
    const own = keyFingerprint === undefined ? undefined : namesByKey(devices).get(keyFingerprint);
    if (own !== undefined) return { name: own, until: Infinity };
    if (proven !== undefined && proven.until > now()) {
      const device = devices.get(proven.device);
      if (device?.keyFingerprint === proven.keyFingerprint) return { name: proven.device, until: proven.until };
    }
    const recorded = session === undefined ? undefined : sessions?.get(session)?.device;
    return recorded === undefined ? undefined : { name: recorded, until: Infinity };
  };
}
