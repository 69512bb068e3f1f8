/**
 * Why a Cedar expression has no value. The words are those of the official engine (cedar-policy 4), so that a refusal
 * reads the same whichever engine answered.
 */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** Errors are part of ordinary answers and made on the hot path: a stack would cost more than the evaluation. */
export function fail(words: string): never {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    throw new EvaluationError(words);
  } finally {
    Error.stackTraceLimit = limit;
  }
}
