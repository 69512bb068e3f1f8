/**
 * Whether it is worth asking another trust domain for its bundle again. In: why a peer was refused, and who it says it
 * is. Out: a promise of news, or nothing where news would not help. A refusal of anything but an unknown key is final.
 */
import { isCordonError } from "@cordon/core/errors";
import { trustDomainOf, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import { readX509Svid } from "@cordon/core/identity/x509-svid";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { GatewayDependencies } from "../ports.ts";

export interface TrustNewsDeps {
  readonly snapshots: SnapshotSource;
  readonly refreshTrust?: GatewayDependencies["refreshTrust"];
}

/** Longer than a fetch takes among the living; a peer is not kept waiting beyond it. */
const longestWaitMs = 5_000;

/** For a certificate. `undefined`: the refusal stands. */
export function trustNews(
  error: unknown,
  chain: () => readonly Uint8Array[],
  deps: TrustNewsDeps,
): Promise<boolean> | undefined {
  if (!isCordonError(error, "SVID_UNTRUSTED")) return undefined;
  return newsOf(readX509Svid(chain()).id, deps);
}

/** For the id that a peer claims. `undefined` for our own trust domain, and for one that is not federated with. */
export function newsOf(id: SpiffeId, { snapshots, refreshTrust }: TrustNewsDeps): Promise<boolean> | undefined {
  const trustDomain: TrustDomain = trustDomainOf(id);
  const snapshot = snapshots.current();
  if (refreshTrust === undefined || trustDomain === snapshot.trustDomain) return undefined;
  // Without a first bundle there is nothing to be newer than; the follower fetches that by itself.
  if (!snapshot.bundles.has(trustDomain)) return undefined;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), longestWaitMs);
    const settle = (news: boolean): void => {
      clearTimeout(timer);
      resolve(news);
    };
    refreshTrust(trustDomain).then(settle, () => settle(false));
  });
}
