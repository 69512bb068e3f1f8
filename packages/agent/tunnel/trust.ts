/** What a program judges its peers by: the bundle that came with its own SVID. */
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import type { Issued } from "../run/identity.ts";

const nothingRevoked = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<SpiffeId>() };

export function trustOf({ bundle }: Issued): IdentityTrust {
  return { bundles: new Map([[bundle.trustDomain, bundle]]), revocations: nothingRevoked };
}
