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
import { upgradeState } from "./upgrade-state.ts";

const instant = z.number().int();
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const certificate = z.base64().max(24_576);
const generation = {
  /** What people call it by: `cordon identity authority taint ID`. */
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  /** SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hex. */
  keyFingerprint: fingerprint,
  notBefore: instant,
  notAfter: instant,
  /** From when it signs. It is published before, so that verifiers know it by then. */
  activeFrom: instant,
  /** Not to be relied on any more: it signs nothing, and what it signed is to be replaced at once. */
  taintedAt: instant.exactOptional(),
};
/** Its private key's name in the vault. */
const purpose = z.string().min(1).max(128);

export const rootSchema = z.strictObject({
  ...generation,
  /** Absent for the root of an upstream authority, whose key is not ours. */
  purpose: purpose.exactOptional(),
  certificate,
});

export const issuerSchema = z.strictObject({
  ...generation,
  purpose,
  certificate,
  /** The authorities between it and its root, where the root is an upstream's; nearest first. */
  above: z.array(certificate).max(6),
  /** Key fingerprint of the root that it stands under. */
  root: fingerprint,
  /** Nothing that it has signed is valid after this. */
  signedUntil: instant,
});

export const tokenKeySchema = z.strictObject({
  ...generation,
  purpose,
  kid: z.string(),
  jwk: z.record(z.string(), z.string()),
  /** No token that it has signed is valid after this. */
  signedUntil: instant,
});

/** An intermediate that somebody else holds the key of: a mesh's own authority. */
export const delegatedSchema = z.strictObject({
  id: generation.id,
  name: z.string().min(1).max(63),
  keyFingerprint: fingerprint,
  notBefore: instant,
  notAfter: instant,
  certificate,
  root: fingerprint,
});

/** The value of the one `authority` object. */
export const authorityStateSchema = z.strictObject({
  version: z.literal(2),
  trustDomain: z.string(),
  /** Counts changes of the published bundle. */
  sequence: z.number().int().nonnegative(),
  /** Oldest first, in each list. */
  roots: z.array(rootSchema),
  issuers: z.array(issuerSchema),
  tokenKeys: z.array(tokenKeySchema),
  delegated: z.array(delegatedSchema),
});

export type AuthorityState = z.infer<typeof authorityStateSchema>;
export type RootGeneration = z.infer<typeof rootSchema>;
export type IssuerGeneration = z.infer<typeof issuerSchema>;
export type TokenKeyGeneration = z.infer<typeof tokenKeySchema>;
export type DelegatedAuthority = z.infer<typeof delegatedSchema>;

export const authorityKey: ObjectKey = { kind: "authority", namespace: systemNamespace, name: "authority" };

/** The object in which the registry finds our own bundle. */
export function bundleKey(trustDomain: TrustDomain): ObjectKey {
  return { kind: "bundle", namespace: systemNamespace, name: trustDomain };
}

export function emptyState(trustDomain: TrustDomain): AuthorityState {
  return { version: 2, trustDomain, sequence: 0, roots: [], issuers: [], tokenKeys: [], delegated: [] };
}

/**
 * @throws {CordonError} `STORE_CORRUPT`; `CONFIG_INVALID` when this state is another trust domain's
 */
export function readState(object: StoredObject, trustDomain: TrustDomain): AuthorityState {
  const parsed = authorityStateSchema.safeParse(upgradeState(object.value));
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

/** The published bundle: every root and token key of the state, signing or about to, or still needed. */
export function bundleOf(state: AuthorityState, trustDomain: TrustDomain, refreshHintSeconds: number): TrustBundle {
  return {
    trustDomain,
    x509Authorities: state.roots.map((root) => fromBase64(root.certificate)),
    jwtAuthorities: state.tokenKeys.map(({ kid, jwk }) => ({ kid, jwk })),
    sequence: state.sequence,
    refreshHintSeconds,
    ...(state.delegated.length > 0 && { delegated: state.delegated.map(({ keyFingerprint }) => keyFingerprint) }),
  };
}

/** The bundle as the value of its store object (`registry/objects.ts`). */
export function bundleValueOf(bundle: TrustBundle) {
  return {
    x509Authorities: bundle.x509Authorities.map((der) => Buffer.from(der).toString("base64")),
    jwtAuthorities: bundle.jwtAuthorities.map(({ kid, jwk }) => ({ kid, jwk: { ...jwk } })),
    sequence: bundle.sequence,
    refreshHintSeconds: bundle.refreshHintSeconds,
    ...(bundle.delegated !== undefined && { delegated: [...bundle.delegated] }),
  };
}

interface Generation {
  readonly activeFrom: Instant;
  readonly notAfter: Instant;
  readonly keyFingerprint: string;
  readonly taintedAt?: Instant;
}

/** Whether a generation may be relied on: neither tainted nor revoked. */
export function isSound({ taintedAt, keyFingerprint }: Generation, revokedKeys: ReadonlySet<string>): boolean {
  return taintedAt === undefined && !revokedKeys.has(keyFingerprint);
}

/** The generation that signs now: the newest that is active, sound, and has not ended. */
export function activeOf<G extends Generation>(
  generations: readonly G[],
  now: Instant,
  revokedKeys: ReadonlySet<string>,
): G | undefined {
  return generations.findLast((one) => one.activeFrom <= now && now < one.notAfter && isSound(one, revokedKeys));
}

/** The issuer that signs now: the newest under the root that signs now. */
export function activeIssuer(
  state: AuthorityState,
  now: Instant,
  revokedKeys: ReadonlySet<string>,
): IssuerGeneration | undefined {
  const root = activeOf(state.roots, now, revokedKeys);
  const under = state.issuers.filter((issuer) => issuer.root === root?.keyFingerprint);
  return activeOf(under, now, revokedKeys);
}

/**
 * Keys whose SVIDs have to be replaced now: tainted roots with the issuers under them, and tainted issuers and token
 * keys. Lower-case hex SHA-256 of SubjectPublicKeyInfo.
 */
export function taintedKeys(state: AuthorityState): ReadonlySet<string> {
  const tainted = (one: Generation): boolean => one.taintedAt !== undefined;
  const roots = new Set(state.roots.filter(tainted).map(({ keyFingerprint }) => keyFingerprint));
  const issuers = state.issuers.filter((issuer) => tainted(issuer) || roots.has(issuer.root));
  const others = [...issuers, ...state.tokenKeys.filter(tainted)].map(({ keyFingerprint }) => keyFingerprint);
  return new Set([...roots, ...others]);
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
