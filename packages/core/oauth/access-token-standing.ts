/**
 * Whether an access token that was once verified still stands. In: what is left of it, and today's snapshot. Out: yes, or why
 * not. That its person, session, grant and client stand is `decide`'s to say.
 */
import { importJwtAuthority } from "../identity/jws.ts";
import { revocationOf } from "../identity/revocation.ts";
import type { Standing } from "../identity/standing.ts";
import type { VerifiedSvid } from "../identity/svid.ts";
import type { Snapshot } from "../policy/snapshot.ts";

/** Judges it again: neither it nor the key that signed it was withdrawn, and its issuer still publishes that key. */
export function standingOfAccessToken(
  token: VerifiedSvid,
  { tokenIssuers, revocations }: Pick<Snapshot, "tokenIssuers" | "revocations">,
): Standing {
  const revoked = revocationOf(token, revocations);
  if (revoked !== undefined) return { stands: false, code: "SVID_REVOKED", words: `${token.id}: ${revoked}` };
  for (const { keys } of tokenIssuers?.values() ?? [])
    if (keys.some((key) => token.authorities.includes(importJwtAuthority(key).keyFingerprint))) return { stands: true };
  const words = `the key that signed the access token of ${token.id} is no longer published by an issuer that counts`;
  return { stands: false, code: "SVID_UNTRUSTED", words };
}
