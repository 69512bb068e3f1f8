/**
 * Devices over the local API and the API for agents, as both ends read it. Requests are read strictly, answers leniently, as
 * in `local-api.ts`. A fact of a posture that could not be read is left out: absent means unknown.
 */
import { z } from "zod";
import { name } from "./schema-parts.ts";

const instant = z.int();
const entityId = z.string().min(1).max(2048);

/** What a device, or its management, says of it. */
export const postureFacts = z.strictObject({
  os: z.strictObject({ name: z.string().min(1).max(64), version: z.string().max(64) }).exactOptional(),
  patchAgeDays: z.number().min(0).max(36_500).exactOptional(),
  diskEncrypted: z.boolean().exactOptional(),
  screenLock: z.boolean().exactOptional(),
});

/** A posture as it is kept: with who said it, and when. */
export const postureValue = postureFacts.extend({ reportedAt: instant, source: z.string().min(1).max(128) });

/** `POST /v1/devices`: enrols a device. Its key comes with it, or with its node's first report. */
export const deviceRequest = z.strictObject({
  name: name,
  owner: entityId.exactOptional(),
  managed: z.boolean().default(false),
  /** SubjectPublicKeyInfo, PEM. */
  publicKey: z.string().min(1).max(4096).exactOptional(),
});

/** `POST /v1/devices/retirements` */
export const retirementRequest = z.strictObject({ name: name, reason: z.string().min(1).max(500) });

/** `POST /v1/node/posture`, as the agent whose node the device is. */
export const nodePostureRequest = postureFacts;

export const deviceResponse = z.object({
  name: z.string(),
  owner: z.string().optional(),
  managed: z.boolean(),
  keyFingerprint: z.string().optional(),
  enrolledAt: instant,
  /** `good`, `weak` or `unknown` now, and why it is not good. */
  state: z.string(),
  faults: z.array(z.string()),
  posture: z.looseObject({ reportedAt: instant, source: z.string() }).optional(),
  compliance: z.object({ compliant: z.boolean(), source: z.string(), at: instant }).optional(),
  retired: z.object({ at: instant, reason: z.string() }).optional(),
});
export const devicesResponse = z.object({ devices: z.array(deviceResponse) });
export const deviceChangedResponse = z.object({ revision: z.number().int().nonnegative(), device: deviceResponse });

export type PostureFacts = z.infer<typeof postureFacts>;
export type PostureValue = z.infer<typeof postureValue>;
export type DeviceRequest = z.input<typeof deviceRequest>;
export type DeviceResponse = z.infer<typeof deviceResponse>;
export type DevicesResponse = z.infer<typeof devicesResponse>;
export type DeviceChangedResponse = z.infer<typeof deviceChangedResponse>;
