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

/** @returns names and values of headers; empty where this refusal is no challenge */
export function tokenChallenge(
  { code, message }: { readonly code: ErrorCode; readonly message: string },
  { tokenIssuers }: Pick<Snapshot, "tokenIssuers">,
  more: ChallengeParameters = {},
): string[] {
  const error = errors[code];
  if ((tokenIssuers?.size ?? 0) === 0 || (error === undefined && code !== "IDENTITY_REQUIRED")) return [];
  const told = error === undefined ? {} : { error, error_description: message };
  return ["www-authenticate", dpopChallenge({ ...told, ...more })];
}

/** A call that the token's scopes do not cover (RFC 6750, section 3.1). */
export function scopeChallenge(scope: string, words: string): string[] {
  return ["www-authenticate", dpopChallenge({ error: "insufficient_scope", error_description: words, scope })];
}

function dpopChallenge(parameters: ChallengeParameters): string {
  const given = Object.entries({ ...parameters, algs: proofAlgorithms });
  const written = given.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${quotable(value)}"`]));
  return `DPoP ${written.join(", ")}`;
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'").slice(0, 500);
}
