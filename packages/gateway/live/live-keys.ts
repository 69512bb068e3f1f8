/**
 * What a live interaction depends on. In: its decision, the credentials it hangs on, where it comes from and goes to. Out:
 * keys. What every decision depends on, such as the snapshot's age, is no key: it is told by the time.
 */
import type { VerifiedSvid } from "@cordon/core/identity/svid";
import { credentialKeys } from "@cordon/core/policy/changes";
import { dependsOnKey, type Decision } from "@cordon/core/policy/decision";
import type { Sensed } from "../risk/sensing.ts";

export function liveKeys(
  { dependsOn }: Decision,
  credentials: readonly VerifiedSvid[],
  { address, host }: Sensed,
): readonly string[] {
  const keys = new Set<string>(dependsOn);
  for (const svid of credentials) for (const key of credentialKeys(svid)) keys.add(key);
  keys.add(dependsOnKey("address", address));
  if (host !== undefined) keys.add(dependsOnKey("host", host));
  for (const key of keys) if (key.startsWith("signals:") || key.startsWith("namespace:")) keys.delete(key);
  return [...keys];
}
