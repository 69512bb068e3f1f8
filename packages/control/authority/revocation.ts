/**
 * Revocations as objects of the store (kind `revocation`). In: what is to be withdrawn. Out: the object to put, and the
 * sets that verifiers look in. An object that cannot be read stops the whole: a revocation must never be skipped.
 */
import { createHash } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Revocations } from "@cordon/core/policy/snapshot";
import { z } from "zod";
import { systemNamespace } from "../keys/key-vault.ts";
import type { ObjectKey, StateStore, StoredObject } from "../store/state-store.ts";

export const revocationKind = "revocation";

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hex");
const common = {
  reason: z.string().min(1).max(1024),
  at: z.number().int(),
  /** When what it names has expired by itself, so that the object may go. Absent: it stays until it is lifted. */
  expiresAt: z.number().int().exactOptional(),
};

/** The value of a `revocation` object. */
export const revocationSchema = z.discriminatedUnion("type", [
  /** One SVID: SHA-256 of the leaf certificate (DER), or of a token. */
  z.strictObject({ type: z.literal("certificate"), sha256: fingerprint, ...common }),
  /** A leaf's key: SHA-256 of its SubjectPublicKeyInfo (DER). */
  z.strictObject({ type: z.literal("key"), sha256: fingerprint, ...common }),
  /** An authority's key, X.509 or token: everything below it falls. SHA-256 of its SubjectPublicKeyInfo (DER). */
  z.strictObject({ type: z.literal("authority"), sha256: fingerprint, ...common }),
  /** Every SVID of a workload, now and to come. */
  z.strictObject({ type: z.literal("workload"), id: z.string().max(2048), ...common }),
]);

export type Revocation = z.infer<typeof revocationSchema>;

/** Where a revocation is kept: revoking the same thing twice is one object. */
export function revocationKey(revocation: Revocation): ObjectKey {
  const subject =
    revocation.type === "workload" ? createHash("sha256").update(revocation.id).digest("hex") : revocation.sha256;
  return { kind: revocationKind, namespace: systemNamespace, name: `${revocation.type}-${subject}` };
}

/**
 * What verifiers look in, from all `revocation` objects.
 *
 * @throws {CordonError} `STORE_CORRUPT` when one cannot be read
 */
export function revocationsFrom(objects: readonly StoredObject[]): Revocations {
  const certificates = new Set<string>();
  const keys = new Set<string>();
  const workloads = new Set<SpiffeId>();
  for (const object of objects) {
    const revocation = readRevocation(object);
    switch (revocation.type) {
      case "certificate":
        certificates.add(revocation.sha256);
        break;
      case "key":
      case "authority":
        keys.add(revocation.sha256);
        break;
      case "workload":
        workloads.add(readWorkload(object, revocation.id));
        break;
    }
  }
  return { certificates, keys, workloads };
}

/** Public keys of authorities, ours or delegated, that were withdrawn. */
export function revokedAuthorities(objects: readonly StoredObject[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const object of objects) {
    const revocation = readRevocation(object);
    if (revocation.type === "authority") keys.add(revocation.sha256);
  }
  return keys;
}

/** How long a revocation outlives what it names: verifiers' clocks differ. */
const expiryGraceMs = 3_600_000;

/** The revocations that name nothing that could still be valid: safe to delete. */
export function expiredRevocations(objects: readonly StoredObject[], now: Instant): readonly StoredObject[] {
  const endOf = (object: StoredObject): Instant => readRevocation(object).expiresAt ?? Number.POSITIVE_INFINITY;
  return objects.filter((object) => endOf(object) + expiryGraceMs < now);
}

/** Deletes them. */
export async function dropExpiredRevocations(store: StateStore, now: Instant): Promise<void> {
  if (expiredRevocations(await store.list(revocationKind), now).length === 0) return;
  await store.transact("system:authority", now, async (transaction) => {
    for (const object of expiredRevocations(await transaction.list(revocationKind), now))
      await transaction.delete(object, object.source);
  });
}

function readRevocation(object: StoredObject): Revocation {
  const parsed = revocationSchema.safeParse(object.value);
  if (!parsed.success) throw unreadable(object, parsed.error);
  return parsed.data;
}

function readWorkload(object: StoredObject, id: string): SpiffeId {
  try {
    return parseSpiffeId(id);
  } catch (cause) {
    throw unreadable(object, cause);
  }
}

function unreadable(object: StoredObject, cause: unknown): CordonError {
  return new CordonError(
    "STORE_CORRUPT",
    `the revocation ${object.namespace}/${object.name} cannot be read; repair or delete it, for it is not known what it withdraws`,
    { cause },
  );
}
