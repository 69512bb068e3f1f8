/** Devices, subjects and weights of a snapshot. In: the store's objects. Out: what `core/risk` reads. */
import { CordonError } from "@cordon/core/errors";
import type { Device } from "@cordon/core/risk/device";
import { defaultRiskSettings, type RiskSettings } from "@cordon/core/risk/settings";
import type { SubjectStanding } from "@cordon/core/risk/subject";
import type { StoredObject } from "../store/state-store.ts";
import type { ObjectsByName, Projection } from "./build-snapshot.ts";
import { deviceValue, qualifiedNameOf, readValue, riskKey, riskValue, subjectValue } from "./objects.ts";

/** By name; a device that did not change stays the same object. Two devices never share a key. */
export function buildDevices(
  last: Projection | undefined,
  objects: readonly StoredObject[],
): ReadonlyMap<string, Device> {
  const before = last?.objects.get("device");
  const devices = new Map<string, Device>();
  const keys = new Map<string, string>();
  for (const object of objects) {
    const { namespace, name } = object;
    const kept = before?.get(qualifiedNameOf(object)) === object ? last?.snapshot.devices?.get(name) : undefined;
    const device = kept ?? Object.freeze({ namespace, name, ...readValue(deviceValue, object) });
    const { keyFingerprint: key } = device;
    const other = key === undefined ? undefined : keys.get(key);
    if (key !== undefined && other !== undefined)
      throw new CordonError("STORE_CORRUPT", `the devices ${other} and ${name} have one key`);
    if (key !== undefined) keys.set(key, name);
    devices.set(name, device);
  }
  return devices;
}

/** By entity id. */
export function buildSubjects(objects: readonly StoredObject[]): ReadonlyMap<string, SubjectStanding> {
  return new Map(
    objects.map((object) => {
      const standing = Object.freeze(readValue(subjectValue, object));
      return [standing.subject, standing] as const;
    }),
  );
}

export function riskSettings(objects: ReadonlyMap<string, ObjectsByName>): RiskSettings {
  const object = objects.get("setting")?.get(qualifiedNameOf(riskKey));
  return object === undefined ? defaultRiskSettings : readValue(riskValue, object);
}
