/**
 * What a client is told that came without a token, or with one that is not good: how to come back. In: why it was refused.
 * Out: the challenge's header, where tokens are taken at all.
 *
 * @see RFC 9449, section 7.1; RFC 6750, section 3, for the errors and the characters of a description
 */
import type { ErrorCode } from "@cordon/core/errors";
import type { Snapshot } from "@cordon/core/policy/snapshot";

/** What proofs may be signed with, as `core/identity/jws.ts` takes them. */
export const proofAlgorithms = "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512";

const errors: Partial<Record<ErrorCode, string>> = {
  TOKEN_INVALID: "invalid_token",
  TOKEN_EXPIRED: "invalid_token",
  TOKEN_AUDIENCE: "invalid_token",
  TOKEN_NOT_PERMITTED: "invalid_token",
  SVID_UNTRUSTED: "invalid_token",
  SVID_REVOKED: "invalid_token",
  SVID_NOT_YET_VALID: "invalid_token",
  SPIFFE_ID_INVALID: "invalid_token",
  DPOP_PROOF_INVALID: "invalid_dpop_proof",
  DPOP_NONCE_NEEDED: "use_dpop_nonce",
};

/** Parameters of a challenge, in the order in which they are written. */
export type ChallengeParameters = Readonly<Record<string, string | undefined>>;

/** What a challenge says of the resource that was asked for. */
export interface ResourceChallenge {
  readonly parameters?: ChallengeParameters;
  /** Its clients read a challenge by Bearer, and no other. */
  readonly bearer?: boolean;
}

/** @returns names and values of headers; empty where this refusal is no challenge */
export function tokenChallenge(
  { code, message }: { readonly code: ErrorCode; readonly message: string },
  { tokenIssuers }: Pick<Snapshot, "tokenIssuers">,
  more: ResourceChallenge = {},
): string[] {
  const error = errors[code];
  if ((tokenIssuers?.size ?? 0) === 0 || (error === undefined && code !== "IDENTITY_REQUIRED")) return [];
  const told = error === undefined ? {} : { error, error_description: message };
  return challenges({ ...told, ...more.parameters }, more);
}

/** A call that the token's scopes do not cover (RFC 6750, section 3.1). */
export function scopeChallenge(scope: string, words: string, more: ResourceChallenge = {}): string[] {
  return challenges({ error: "insufficient_scope", error_description: words, ...more.parameters, scope }, more);
}

/**
 * One challenge by DPoP; on a route to an MCP server the same by Bearer before it, for that is what its clients look for (MCP
 * 2026-07-28, "Protected Resource Metadata Discovery Requirements"). Whether a token may come without a proof is in the
 * metadata.
 */
function challenges(parameters: ChallengeParameters, { bearer = false }: ResourceChallenge): string[] {
  const dpop = ["www-authenticate", dpopChallenge(parameters)];
  if (!bearer) return dpop;
  const { error, ...rest } = parameters;
  // Of DPoP's own errors Bearer knows none (RFC 6750, section 3.1).
  const known = error === undefined || !error.includes("dpop") ? parameters : { error: "invalid_token", ...rest };
  return ["www-authenticate", `Bearer ${written(known)}`, ...dpop];
}

function dpopChallenge(parameters: ChallengeParameters): string {
  return `DPoP ${written({ ...parameters, algs: proofAlgorithms })}`;
}

function written(parameters: ChallengeParameters): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${quotable(value)}"`]))
    .join(", ");
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'").slice(0, 500);
}
