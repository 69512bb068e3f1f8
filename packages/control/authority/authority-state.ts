/**
 * What the authority remembers, as one object of the store: its certificates and token keys, generation by generation.
 * In: the stored value. Out: its typed form, and the bundle that follows from it. Private keys are not here but in the
 * vault, under each generation's `purpose`.
 */
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { z } from "zod";
import { systemNamespace } from "../keys/key-vault.ts";
import type { ObjectKey, StoredObject } from "../store/state-store.ts";

const instant = z.number().int();
const generation = {
  /** Its private key's name in the vault. */
  purpose: z.string().min(1).max(128),
  notBefore: instant,
  notAfter: instant,
  /** From when it signs. It is published before, so that verifiers know it by then. */
  activeFrom: instant,
};
const certified = z.strictObject({ ...generation, certificate: z.base64().max(16_384) });

/** The value of the one `authority` object. */
export const authorityStateSchema = z.strictObject({
  version: z.literal(1),
  trustDomain: z.string(),
  /** Counts changes of the published bundle. */
  sequence: z.number().int().nonnegative(),
  /** Oldest first, in each list. */
  roots: z.array(certified),
  issuers: z.array(certified),
  tokenKeys: z.array(z.strictObject({ ...generation, kid: z.string(), jwk: z.record(z.string(), z.string()) })),
});

export type AuthorityState = z.infer<typeof authorityStateSchema>;
export type CertifiedGeneration = AuthorityState["roots"][number];
export type TokenKeyGeneration = AuthorityState["tokenKeys"][number];

export const authorityKey: ObjectKey = { kind: "authority", namespace: systemNamespace, name: "authority" };

/** The object in which the registry finds our own bundle. */
export function bundleKey(trustDomain: TrustDomain): ObjectKey {
  return { kind: "bundle", namespace: systemNamespace, name: trustDomain };
}

export function emptyState(trustDomain: TrustDomain): AuthorityState {
  return { version: 1, trustDomain, sequence: 0, roots: [], issuers: [], tokenKeys: [] };
}

/**
 * @throws {CordonError} `STORE_CORRUPT`; `CONFIG_INVALID` when this state is another trust domain's
 */
export function readState(object: StoredObject, trustDomain: TrustDomain): AuthorityState {
  const parsed = authorityStateSchema.safeParse(object.value);
  if (!parsed.success)
    throw new CordonError("STORE_CORRUPT", "the authority's state cannot be read; restore the state from a backup", {
      cause: parsed.error,
    });
  if (parsed.data.trustDomain !== trustDomain)
    throw new CordonError(
      "CONFIG_INVALID",
      `this state is the authority of ${parsed.data.trustDomain}, and the configuration says ${trustDomain}; ` +
        "restore `trustDomain`, or start with an empty state folder",
    );
  return parsed.data;
}

/** The published bundle: every root and token key that has not ended, signing or about to. */
export function bundleOf(state: AuthorityState, trustDomain: TrustDomain, refreshHintSeconds: number): TrustBundle {
  return {
    trustDomain,
    x509Authorities: state.roots.map((root) => new Uint8Array(Buffer.from(root.certificate, "base64"))),
    jwtAuthorities: state.tokenKeys.map(({ kid, jwk }) => ({ kid, jwk })),
    sequence: state.sequence,
    refreshHintSeconds,
  };
}

/** The bundle as the value of its store object (`registry/objects.ts`). */
export function bundleValueOf(bundle: TrustBundle) {
  return {
    x509Authorities: bundle.x509Authorities.map((der) => Buffer.from(der).toString("base64")),
    jwtAuthorities: bundle.jwtAuthorities.map(({ kid, jwk }) => ({ kid, jwk: { ...jwk } })),
    sequence: bundle.sequence,
    refreshHintSeconds: bundle.refreshHintSeconds,
  };
}

/** The generation that signs now: the newest that is active and has not ended. */
export function activeOf<G extends { readonly activeFrom: Instant; readonly notAfter: Instant }>(
  generations: readonly G[],
  now: Instant,
): G | undefined {
  return generations.findLast((one) => one.activeFrom <= now && now < one.notAfter);
}
