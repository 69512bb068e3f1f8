/**
 * The part of the local API that admits and withdraws models, as both of its ends read it. Requests are read strictly,
 * answers leniently, as in `local-api.ts`.
 */
import { z } from "zod";

const componentReference = z.string().min(1).max(2048);
const revision = z.number().int().nonnegative();

/** `POST /v1/models/admissions`: a signed admission of the model that a component states. */
export const admissionRequest = z.strictObject({ component: componentReference, document: z.string().min(1) });

export const admissionResponse = z.object({
  revision,
  /** SPIFFE ID of the component. */
  id: z.string(),
  modelDigest: z.string(),
  /** When it ends, in milliseconds since the epoch. */
  validUntil: z.number().int(),
});

/** `POST /v1/models/withdrawals`: the model that a component states serves no more, wherever it is stated. */
export const withdrawalRequest = z.strictObject({ component: componentReference, reason: z.string().min(1).max(500) });

export const withdrawalResponse = z.object({ revision, id: z.string(), modelDigest: z.string() });

/** `POST /v1/models/rescans`: the files that a component serves are scanned now. */
export const rescanRequest = z.strictObject({ component: componentReference });

export const rescanResponse = z.object({
  component: z.string(),
  modelDigest: z.string(),
  outcome: z.enum(["passed", "withdrawn", "not-here", "not-asked"]),
  words: z.string(),
});

/** Longest admission that the local API takes, in bytes of its request: a model of some thousand files and packages. */
export const maxAdmissionRequestBytes = 1024 * 1024;

export type RescanRequest = z.infer<typeof rescanRequest>;
export type RescanResponse = z.infer<typeof rescanResponse>;
export type AdmissionRequest = z.infer<typeof admissionRequest>;
export type AdmissionResponse = z.infer<typeof admissionResponse>;
export type WithdrawalRequest = z.infer<typeof withdrawalRequest>;
export type WithdrawalResponse = z.infer<typeof withdrawalResponse>;
