/** Why an exchange failed. In: what the upstream, the ledger or the client's connection threw. Out: our code, and an HTTP status. */
import { CordonError, isCordonError } from "@cordon/core/errors";

/** What a rejection says, in our words. */
export function asCordonError(error: unknown, code: "LEDGER_UNAVAILABLE"): CordonError {
  return isCordonError(error) ? error : new CordonError(code, (error as Error).message, { cause: error });
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
