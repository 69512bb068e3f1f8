/**
 * The closed set of error codes. A code is part of the interface: it is never renamed, only added.
 * `docs/errors.md` lists each with its remedy; `test/e2e` holds that the two agree.
 */
export const errorCodes = [
  // configuration
  "CONFIG_INVALID",
  "CONFIG_UNREADABLE",
  "SECRET_UNAVAILABLE",
  // identity
  "SPIFFE_ID_INVALID",
  "IDENTITY_REQUIRED",
  "CERTIFICATE_MALFORMED",
  "SVID_INVALID",
  "SVID_UNTRUSTED",
  "SVID_EXPIRED",
  "SVID_NOT_YET_VALID",
  "SVID_REVOKED",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "TOKEN_AUDIENCE",
  "TOKEN_NOT_PERMITTED",
  "DPOP_PROOF_INVALID",
  "DPOP_NONCE_NEEDED",
  "COMPONENT_UNKNOWN",
  "AUTHORITY_UNKNOWN",
  "AUTHORITY_IN_USE",
  "FEDERATION_FAILED",
  "KEY_SEALED",
  // policy
  "POLICY_INVALID",
  "ACCESS_DENIED",
  "OBLIGATION_UNMET",
  // gateway
  "ROUTE_UNKNOWN",
  "ROUTE_UNGOVERNED",
  "METHOD_NOT_ALLOWED",
  "MCP_HEADER_MISMATCH",
  "REQUEST_MALFORMED",
  "REQUEST_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "BODY_AMBIGUOUS",
  "ENCODING_UNSUPPORTED",
  "OBJECT_NOT_OWNED",
  "UPSTREAM_UNREACHABLE",
  "UPSTREAM_UNTRUSTED",
  "UPSTREAM_TIMEOUT",
  "DRAINING",
  "SNAPSHOT_STALE",
  // state
  "STORE_UNAVAILABLE",
  "STORE_CONFLICT",
  "STORE_CORRUPT",
  "STORE_REQUEST_INVALID",
  "STORE_OBJECT_TOO_LARGE",
  // ledger
  "LEDGER_UNAVAILABLE",
  "LEDGER_CORRUPT",
  "LEDGER_FORKED",
  "LEDGER_ENTRY_TOO_LARGE",
  "CHECKPOINT_INVALID",
  "PROOF_INVALID",
  // supply chain
  "SUPPLY_INPUT_UNREADABLE",
  "SUPPLY_INPUT_INVALID",
  "SIGNATURE_INVALID",
  // inspection
  "INSPECTION_UNAVAILABLE",
  // command line
  "USAGE",
  "CONTROL_UNREACHABLE",
  // ours, whoever asked
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * The one error that Cordon throws. `message` is a sentence for the person at 3 a.m.: what failed, where, and what to
 * do; it may be shown, so it never holds a token, prompt or key. `cause` keeps the rest for the log.
 *
 * A refusal is not an error: it is a `Decision`.
 */
export class CordonError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "CordonError";
    this.code = code;
  }
}

/** True for a `CordonError`, optionally one with the given code. */
export function isCordonError(value: unknown, code?: ErrorCode): value is CordonError {
  return value instanceof CordonError && (code === undefined || value.code === code);
}
