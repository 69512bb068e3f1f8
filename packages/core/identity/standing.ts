/**
 * Whether an identity that was verified once would be verified again now, time aside. In: the verified SVID, today's
 * bundles and revocations. Out: that it stands, why it does not, or that only its chain can tell. A few look-ups, so
 * that ten thousand live connections are judged again in the time of a few handshakes.
 *
 * Time is left out on purpose: a live connection stands by its registration and by what was withdrawn, not by its
 * leaf's end.
 */
import type { ErrorCode } from "../errors.ts";
import type { TrustBundle } from "../policy/snapshot.ts";
import { importJwtAuthority } from "./jws.ts";
import { revocationOf } from "./revocation.ts";
import { trustDomainOf } from "./spiffe-id.ts";
import type { VerifiedSvid } from "./svid.ts";
import { anchorFingerprints, type IdentityTrust } from "./x509-svid.ts";

export type Standing =
  | { readonly stands: true }
  | { readonly stands: false; readonly code: ErrorCode; readonly words: string }
  /** The anchor it was verified under is gone. Another may hold its chain: verify that. */
  | { readonly stands: "unknown" };

const stands: Standing = { stands: true };
const unknown: Standing = { stands: "unknown" };

/** Judges an X.509-SVID again. */
export function standingOfCertificate(svid: VerifiedSvid, trust: IdentityTrust): Standing {
  const revoked = revocationOf(svid, trust.revocations);
  if (revoked !== undefined) return { stands: false, code: "SVID_REVOKED", words: `${svid.id}: ${revoked}` };
  const bundle = bundleOf(svid, trust);
  if (bundle === undefined) return foreign(svid);
  const anchors = anchorFingerprints(bundle);
  // An authority that a mesh holds may have been one of ours when this was verified.
  if (bundle.delegated?.some((key) => svid.authorities.includes(key)) === true) return unknown;
  return svid.authorities.some((one) => anchors.has(one)) ? stands : unknown;
}

/** Judges a JWT-SVID again: the key that signed it must still be published. */
export function standingOfToken(svid: VerifiedSvid, trust: IdentityTrust): Standing {
  const revoked = revocationOf(svid, trust.revocations);
  if (revoked !== undefined) return { stands: false, code: "SVID_REVOKED", words: `${svid.id}: ${revoked}` };
  const bundle = bundleOf(svid, trust);
  if (bundle === undefined) return foreign(svid);
  if (bundle.jwtAuthorities.some((one) => svid.authorities.includes(importJwtAuthority(one).keyFingerprint)))
    return stands;
  const words = `the key that signed the token of ${svid.id} is no longer published by ${bundle.trustDomain}`;
  return { stands: false, code: "SVID_UNTRUSTED", words };
}

function bundleOf({ id }: VerifiedSvid, { bundles }: IdentityTrust): TrustBundle | undefined {
  const trustDomain = trustDomainOf(id);
  const bundle = bundles.get(trustDomain);
  return bundle?.trustDomain === trustDomain ? bundle : undefined;
}

function foreign({ id }: VerifiedSvid): Standing {
  return {
    stands: false,
    code: "SVID_UNTRUSTED",
    words: `${id} is of a trust domain that is not known here any more`,
  };
}
