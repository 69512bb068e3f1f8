/**
 * Attempts to come in that failed. In: the error that refuses one, and in whose name it was made. Out: whoever answers the request
 * reads it off the error, and tells the risk signal where it came from. The answer itself says nothing of it.
 */
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";

export interface FailedAttempt {
  /** In whose name, if that can be told. */
  readonly who: SpiffeId | undefined;
  /** Whether it was proven that it was they. */
  readonly proven: boolean;
}

const attempts = new WeakMap<object, FailedAttempt>();

/** Marks the error of a failed attempt. A mark that is there stays: whoever knew more came first. */
export function blame<E>(error: E, who?: SpiffeId, proven = false): E {
  if (typeof error === "object" && error !== null && !attempts.has(error)) attempts.set(error, { who, proven });
  return error;
}

export function attemptOf(error: unknown): FailedAttempt | undefined {
  return typeof error === "object" && error !== null ? attempts.get(error) : undefined;
}
