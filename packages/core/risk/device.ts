/**
 * Devices as the registry keeps them, and what their posture comes to. In: a device, the time. Out: `good`, `weak` with
 * what is wrong, or `unknown`. A posture that was not reported, or not lately, is unknown: silence is no good news.
 */
import type { Namespace } from "../contract/vocabulary.ts";
import type { Instant } from "../instant.ts";

/** What a device says of itself, or its management does. A fact that could not be read is absent. */
export interface Posture {
  readonly reportedAt: Instant;
  /** Who said so: `agent`, or the name of what manages it. */
  readonly source: string;
  readonly os?: { readonly name: string; readonly version: string };
  /** Days since it last took updates. */
  readonly patchAgeDays?: number;
  readonly diskEncrypted?: boolean;
  readonly screenLock?: boolean;
}

export interface Device {
  readonly name: string;
  readonly namespace: Namespace;
  /** Lower-case hex SHA-256 of its key's SubjectPublicKeyInfo; absent until it has enrolled one. */
  readonly keyFingerprint?: string;
  /** Base64 of its key's SubjectPublicKeyInfo. */
  readonly publicKey?: string;
  /** Whose it is: an entity id; absent: shared. */
  readonly owner?: string;
  /** Whether the organisation manages it. */
  readonly managed: boolean;
  readonly enrolledAt: Instant;
  readonly posture?: Posture;
  /** What another system says of it (CAEP device-compliance-change). */
  readonly compliance?: { readonly compliant: boolean; readonly source: string; readonly at: Instant };
  /** Its key counts no more. */
  readonly retired?: { readonly at: Instant; readonly reason: string };
}

export const postureStates = ["good", "weak", "unknown"] as const;
export type PostureState = (typeof postureStates)[number];

export interface PostureLimits {
  /** Older reports say nothing. */
  readonly maxAgeMs: number;
  /** Updates older than this are weak. */
  readonly patchAgeDays: number;
}

export interface JudgedPosture {
  readonly state: PostureState;
  /** What is weak, or why nothing is known. */
  readonly faults: readonly PostureFault[];
  /** When the report grows stale. */
  readonly until: Instant;
}

export interface PostureFault {
  readonly fact: "report" | "disk" | "lock" | "patches";
  readonly words: string;
}

/** Judges what a device last reported. */
export function judgePosture({ posture }: Pick<Device, "posture">, limits: PostureLimits, now: Instant): JudgedPosture {
  if (posture === undefined)
    return { state: "unknown", faults: [{ fact: "report", words: "it never reported its posture" }], until: Infinity };
  const until = posture.reportedAt + limits.maxAgeMs;
  if (now >= until) {
    const hours = Math.floor((now - posture.reportedAt) / 3_600_000);
    return {
      state: "unknown",
      faults: [{ fact: "report", words: `its last report is ${hours} hours old, and counts no more` }],
      until: Infinity,
    };
  }
  // A report from the future tells of a clock, not of a device.
  if (posture.reportedAt > now + 300_000)
    return {
      state: "unknown",
      faults: [{ fact: "report", words: "its report is dated in the future" }],
      until: posture.reportedAt,
    };
  const faults: PostureFault[] = [];
  if (posture.diskEncrypted === false) faults.push({ fact: "disk", words: "its disk is not encrypted" });
  if (posture.screenLock === false) faults.push({ fact: "lock", words: "its screen does not lock" });
  if (posture.patchAgeDays !== undefined && posture.patchAgeDays > limits.patchAgeDays)
    faults.push({ fact: "patches", words: `it took no updates for ${Math.floor(posture.patchAgeDays)} days` });
  if (faults.length > 0) return { state: "weak", faults, until };
  const missing = [
    posture.diskEncrypted === undefined ? "disk encryption" : "",
    posture.screenLock === undefined ? "screen lock" : "",
    posture.patchAgeDays === undefined ? "updates" : "",
  ].filter((name) => name !== "");
  if (missing.length > 0)
    return { state: "unknown", faults: [{ fact: "report", words: `it could not tell: ${missing.join(", ")}` }], until };
  return { state: "good", faults, until };
}
