/**
 * The keys that access tokens are signed with. In: the vault, which keeps them sealed, and the store. Out: the issuer as the
 * snapshot carries it, with every key that counts, and the private key to sign with. A key signs for thirty days; its successor
 * is published before it signs, and it stays published until nothing that it signed is good any more.
 */
import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import type { Revocations } from "@cordon/core/policy/snapshot";
import type { KeyVault } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { StateStore } from "../store/state-store.ts";
import { ownIssuerKey, tokenIssuerValue, type TokenIssuerValue } from "./objects.ts";

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

export interface SigningKeys {
  /** Private keys that count, the one that signs first. */
  readonly keys: readonly SigningKey[];
}

export interface SigningRooms {
  readonly store: Pick<StateStore, "transact" | "get">;
  readonly vault: Pick<KeyVault, "signingKey" | "forgetSigningKey">;
  readonly now: () => Instant;
  readonly revocations: () => Revocations;
}

export const signsForMs = 30 * 24 * 3_600_000;
/** Longer than a gateway takes to learn of a new key, or is let go on without the control plane, as a rule. */
const publishedBeforeMs = 60_000;
/** Longer than anything that it signed lives. */
const publishedAfterMs = 3_600_000;
const actor = "system:oauth";

/**
 * Sees to it that there is a key to sign with, and that the issuer is published as it should be.
 *
 * @param maxLifetimeSeconds the longest that a token may live
 */
export async function maintainSigningKeys(
  rooms: SigningRooms,
  issuer: string,
  maxLifetimeSeconds: number,
): Promise<SigningKeys> {
  const { store, vault, now } = rooms;
  const object = await store.get(ownIssuerKey);
  const held = object === undefined ? undefined : readValue(tokenIssuerValue, object);
  const kept = (held?.keys ?? []).filter((key, at, all) => counts(key, all[at + 1], now()));
  const trusted = kept.filter(({ jwk }) => !rooms.revocations().keys.has(fingerprintOf(jwk)));
  const newest = trusted.at(-1);
  const due = newest === undefined || now() >= (newest.createdAt ?? 0) + signsForMs;
  const wanted = due ? [...trusted, await makeKey(vault, now())] : trusted;
  const { keys } = await publish(store, object?.value, { issuer, keys: wanted, maxLifetimeSeconds }, now());
  for (const { kid } of (held?.keys ?? []).filter((old) => !keys.some(({ kid: stays }) => stays === old.kid)))
    await vault.forgetSigningKey(purposeOf(kid));
  const opened = await Promise.all(
    keys.map(async ({ kid }) => ({ kid, key: await vault.signingKey(purposeOf(kid), gone) })),
  );
  const ready = keys.filter(({ createdAt = 0 }, at) => at === 0 || now() >= createdAt + publishedBeforeMs).at(-1);
  return { keys: opened.toSorted((a, b) => Number(b.kid === ready?.kid) - Number(a.kid === ready?.kid)) };
}

/** Publishes, unless another process has published meanwhile: then what that one did is what counts. */
async function publish(
  store: SigningRooms["store"],
  seen: unknown,
  value: TokenIssuerValue,
  at: Instant,
): Promise<TokenIssuerValue> {
  if (JSON.stringify(seen) === JSON.stringify(value)) return value;
  const { result } = await store.transact(actor, at, async (transaction) => {
    const object = await transaction.get(ownIssuerKey);
    if (object !== undefined && JSON.stringify(object.value) !== JSON.stringify(seen))
      return readValue(tokenIssuerValue, object);
    await transaction.put(ownIssuerKey, value, "system");
    return value;
  });
  return result;
}

/** Takes the issuer back: no access token of Cordon's own counts from here on. */
export async function withdrawOwnIssuer(store: Pick<StateStore, "transact" | "get">, now: Instant): Promise<void> {
  if ((await store.get(ownIssuerKey)) === undefined) return;
  await store.transact(actor, now, (transaction) => transaction.delete(ownIssuerKey, "system"));
}

type PublishedKey = TokenIssuerValue["keys"][number];

/** A key counts until well after its successor has taken over. */
function counts(_key: PublishedKey, successor: PublishedKey | undefined, now: Instant): boolean {
  return successor?.createdAt === undefined || now < successor.createdAt + publishedBeforeMs + publishedAfterMs;
}

async function makeKey(vault: SigningRooms["vault"], createdAt: Instant): Promise<PublishedKey> {
  const kid = `oauth-${randomBytes(9)
    .toString("base64url")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "x")}`;
  const key = await vault.signingKey(
    purposeOf(kid),
    () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  );
  const { kty = "", crv = "", x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  return { kid, jwk: { kty, crv, x, y, alg: "ES256" }, createdAt };
}

function fingerprintOf(jwk: PublishedKey["jwk"]): string {
  return sha256Hex(createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "der" }));
}

function purposeOf(kid: string): string {
  return kid;
}

function gone(): never {
  throw new Error("a published signing key is not in the vault");
}
