/** Why an exchange failed. In: what the upstream, the ledger or the client's connection threw. Out: our code, and an HTTP status. */
import { CordonError, isCordonError } from "@cordon/core/errors";

/** What a rejection says, in our words. */
export function asCordonError(error: unknown, code: "LEDGER_UNAVAILABLE"): CordonError {
  return isCordonError(error) ? error : new CordonError(code, (error as Error).message, { cause: error });
}

/** SQLite's result codes for what the disk refuses, and not for what we asked wrongly. */
const diskCodes: ReadonlyMap<number, string> = new Map([
  [13, "the disk that holds it is full: free some space"],
  [10, "reading or writing failed: check the disk and the system log"],
  [8, "it cannot be written: check the permissions"],
  [14, "it cannot be opened: check the folder"],
]);

/** What one of the gateway's own SQLite files says, in our words; anything else as it is. */
export function stateFailure(error: unknown): unknown {
  const { errcode } = error instanceof Error ? (error as { readonly errcode?: unknown }) : {};
  const why = typeof errcode === "number" ? diskCodes.get(errcode & 0xff) : undefined;
  if (why === undefined) return error;
  return new CordonError(
    "STORE_UNAVAILABLE",
    `nothing can be kept in the state folder, so nothing is allowed: ${why}`,
    {
      cause: error,
    },
  );
}

/** What undici says, in our words. */
export function upstreamFailure(error: Error): CordonError {
  if (isCordonError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  const timeout =
    code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT";
  return new CordonError(
    timeout ? "UPSTREAM_TIMEOUT" : "UPSTREAM_UNREACHABLE",
    timeout ? "the upstream took too long to answer" : `the upstream failed while answering (${code})`,
    { cause: error },
  );
}

/** The HTTP status by which an exchange that failed is answered. */
export function statusFor(error: CordonError): number {
  switch (error.code) {
    case "UPSTREAM_TIMEOUT":
      return 504;
    case "LEDGER_UNAVAILABLE":
    case "DRAINING":
    case "STORE_UNAVAILABLE":
      return 503;
    case "REQUEST_TOO_LARGE":
      return 413;
    case "REQUEST_TIMEOUT":
      return 408;
    case "REQUEST_MALFORMED":
      return 400;
    default:
      return 502;
  }
}

/** Statuses by which an upstream says that another should answer. */
const tryAnother = new Set([502, 503, 504, 529]);

export function asksForAnother(status: number): boolean {
  return tryAnother.has(status);
}
