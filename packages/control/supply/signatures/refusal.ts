/** Why a signature does not count: thrown inside this room, and turned into a finding at its door (`verify-model.ts`). */
import { CordonError } from "@cordon/core/errors";

/** A signature, or what it covers, that must not be trusted. */
export function refuse(why: string, cause?: unknown): CordonError {
  return new CordonError("SIGNATURE_INVALID", why, cause === undefined ? undefined : { cause });
}
