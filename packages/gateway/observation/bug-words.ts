/**
 * Errors that nobody expected. In: anything thrown. Out: what the log says of it, and what the caller is told.
 */
import { CordonError, isCordonError } from "@cordon/core/errors";

/**
 * An error's kind and where it came from, for the log; without its message, for the message of a foreign error may quote
 * what it failed on (`JSON.parse` does).
 */
export function bugWords(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const { code } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const where = frames.slice(0, 8).map((frame) => frame.trim());
  return [`${error.name}${code === undefined ? "" : ` ${code}`}`, ...where].join(" ");
}

/** Errors of the system and of TLS, by their codes: a connection broke, which is no bug of ours. */
const brokenConnection = /^(?:E[A-Z0-9]+|ERR_SSL_\w+|ERR_TLS_\w+|ERR_STREAM_\w+)$/;

/**
 * Why a connection came to nothing, for the client and the ledger.
 *
 * @param what failed, as a clause: "the tunnel could not be opened"
 * @param bug is told {@link bugWords} where Cordon itself failed
 * @returns the error itself where it is a {@link CordonError}; `REQUEST_MALFORMED` where the connection broke; else `INTERNAL`
 */
export function openingFailure(error: unknown, what: string, bug: (words: string) => void): CordonError {
  if (isCordonError(error)) return error;
  const { code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (code !== undefined && brokenConnection.test(code))
    return new CordonError("REQUEST_MALFORMED", what, { cause: error });
  bug(bugWords(error));
  return new CordonError("INTERNAL", `${what}: Cordon failed on it, and its log says where`, { cause: error });
}
