/** Why a peer that was accepted would be refused now, its time aside (DESIGN 6.5). In: its SVID and chain. Out: words. */
import { standingOfCertificate } from "@cordon/core/identity/standing";
import type { VerifiedSvid } from "@cordon/core/identity/svid";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Snapshot } from "@cordon/core/policy/snapshot";

export function withdrawn(svid: VerifiedSvid, chain: readonly Uint8Array[], snapshot: Snapshot): string | undefined {
  const standing = standingOfCertificate(svid, snapshot);
  if (standing.stands === false) return standing.words;
  if (standing.stands === true) return undefined;
  try {
    verifyX509Svid(chain, snapshot, svid.notAfter - 1);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
