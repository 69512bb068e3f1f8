/**
 * The vault: Cordon's own keys, sealed at rest as objects of the store. In: the store and the root key. Out: keys to use,
 * always as `KeyObject`s, made on first demand and the same ever after.
 *
 * Two processes that start at once both make a key; the store's transaction lets one win, and both use that one.
 */
import { createPrivateKey, createSecretKey, generateKeyPair, randomBytes, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { z } from "zod";
import type { ObjectKey, StateStore } from "../store/state-store.ts";
import { sealedSchema } from "./envelope.ts";
import type { RootKey } from "./root-key.ts";

export const sealedKeyKind = "sealed-key";

/** What a `sealed-key` object holds. A forgotten key leaves its name behind, so that it is never made anew. */
export const sealedKeySchema = z.union([
  z.strictObject({ version: z.literal(1), type: z.enum(["private", "secret"]), sealed: sealedSchema }),
  z.strictObject({ version: z.literal(1), type: z.literal("forgotten"), at: z.number().int() }),
]);

export interface KeyVault {
  readonly sealedBy: RootKey["sealedBy"];
  /** A private key by purpose, made by `generate` on first demand. */
  signingKey(purpose: string, generate: () => KeyObject | Promise<KeyObject>): Promise<KeyObject>;
  /**
   * The HMAC key for content digests of one namespace and period, such as `2026-11`. Names are the same ever after.
   *
   * @throws {CordonError} `KEY_SEALED` once it was forgotten
   */
  digestKey(namespace: Namespace, period: string): Promise<KeyObject>;
  /** Destroys a digest key: what it digested can never be tested against a guess again. Only for periods that are over. */
  forgetDigestKey(namespace: Namespace, period: string): Promise<void>;
  /** The ledger's Ed25519 signing key. Never a TLS key. */
  logKey(): Promise<KeyObject>;
  /** The AES-256 key for content that policy says to keep, per namespace. */
  contentKey(namespace: Namespace): Promise<KeyObject>;
  /** The key that tokens for values are made with, per namespace. */
  tokenKey(namespace: Namespace): Promise<KeyObject>;
  /** Destroys it: no token of the namespace can be undone ever again, and none is made any more. */
  forgetTokenKey(namespace: Namespace): Promise<void>;
  /** A secret of 32 bytes by purpose, made on first demand. */
  secretKey(purpose: string): Promise<KeyObject>;
  /** Destroys a private key that is no longer needed, by purpose. */
  forgetSigningKey(purpose: string): Promise<void>;
}

export interface KeyVaultOptions {
  readonly store: StateStore;
  readonly rootKey: RootKey;
  readonly now: () => Instant;
}

/** Keys of Cordon itself belong to no team. */
export const systemNamespace = "default" as Namespace;

const actor = "system:keys";
const generatePair = promisify(generateKeyPair);

/** Opens the vault. Nothing is made or read until it is asked for. */
export function openKeyVault({ store, rootKey, now }: KeyVaultOptions): KeyVault {
  const opened = new Map<string, Promise<KeyObject>>();

  const demand = (key: ObjectKey, generate: () => KeyObject | Promise<KeyObject>): Promise<KeyObject> => {
    const name = purposeOf(key);
    let pending = opened.get(name);
    if (pending === undefined) {
      pending = findOrMake(store, rootKey, now, key, generate);
      // A failure is not remembered: the store may be back, or the root key right, the next time.
      pending.catch(() => opened.delete(name));
      opened.set(name, pending);
    }
    return pending;
  };

  const forget = async (key: ObjectKey): Promise<void> => {
    opened.delete(purposeOf(key));
    const value: z.infer<typeof sealedKeySchema> = { version: 1, type: "forgotten", at: now() };
    await store.transact(actor, now(), async (transaction) => {
      await transaction.put(key, value, "system");
      await transaction.eraseHistory(key);
    });
  };

  const secret = (namespace: Namespace, name: string) =>
    demand(keyOf(namespace, name), () => createSecretKey(randomBytes(32)));

  return {
    sealedBy: rootKey.sealedBy,
    signingKey: (purpose, generate) => demand(keyOf(systemNamespace, `signing-${purpose}`), generate),
    forgetSigningKey: (purpose) => forget(keyOf(systemNamespace, `signing-${purpose}`)),
    secretKey: (purpose) => secret(systemNamespace, `secret-${purpose}`),
    digestKey: (namespace, period) => secret(namespace, `digest-${period}`),
    forgetDigestKey: (namespace, period) => forget(keyOf(namespace, `digest-${period}`)),
    logKey: () => demand(keyOf(systemNamespace, "signing-log"), async () => (await generatePair("ed25519")).privateKey),
    contentKey: (namespace) => secret(namespace, "content"),
    tokenKey: (namespace) => secret(namespace, "tokens"),
    forgetTokenKey: (namespace) => forget(keyOf(namespace, "tokens")),
  };
}

/**
 * Seals every key under the root key in use that one of `keys.also` sealed, and erases what the old one sealed from the
 * store's history. All or nothing; keys in use are not touched, so nothing has to stop for it.
 *
 * @returns how many were sealed anew
 * @throws {CordonError} `KEY_SEALED` where one is sealed under a root key that is not given, `STORE_CORRUPT`
 */
export async function rewrapKeys({ store, rootKey, now }: KeyVaultOptions): Promise<number> {
  const movable = (value: unknown, key: ObjectKey): z.infer<typeof sealedKeySchema> | undefined => {
    const parsed = sealedKeySchema.safeParse(value);
    if (!parsed.success || parsed.data.type === "forgotten") return undefined;
    const sealed = rootKey.rewrap(purposeOf(key), parsed.data.sealed);
    return sealed === undefined ? undefined : { ...parsed.data, sealed };
  };
  const old = (await store.list(sealedKeyKind)).filter((stored) => movable(stored.value, stored) !== undefined);
  if (old.length === 0) return 0;
  const { result } = await store.transact(actor, now(), async (transaction) => {
    let moved = 0;
    for (const { kind, namespace, name } of old) {
      const key = { kind, namespace, name };
      const value = movable((await transaction.get(key))?.value, key); // another process may have been first
      if (value === undefined) continue;
      await transaction.put(key, value, "system");
      await transaction.eraseHistory(key);
      moved += 1;
    }
    return moved;
  });
  return result;
}

function keyOf(namespace: Namespace, name: string): ObjectKey {
  return { kind: sealedKeyKind, namespace, name };
}

/** What a value is sealed for: its place in the store, so that it opens nowhere else. */
function purposeOf(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

async function findOrMake(
  store: StateStore,
  rootKey: RootKey,
  now: () => Instant,
  key: ObjectKey,
  generate: () => KeyObject | Promise<KeyObject>,
): Promise<KeyObject> {
  const found = await store.get(key);
  if (found !== undefined) return openKey(rootKey, key, found.value);
  const value = sealKey(rootKey, key, await generate());
  const { result } = await store.transact(actor, now(), async (transaction) => {
    const first = await transaction.get(key);
    if (first !== undefined) return first.value;
    await transaction.put(key, value, "system");
    return value;
  });
  return openKey(rootKey, key, result);
}

function sealKey(rootKey: RootKey, key: ObjectKey, made: KeyObject): z.infer<typeof sealedKeySchema> {
  const type = made.type;
  if (type === "public") throw new TypeError("a public key needs no vault");
  const bytes = type === "private" ? made.export({ type: "pkcs8", format: "der" }) : made.export();
  const sealed = rootKey.wrap(purposeOf(key), bytes);
  bytes.fill(0);
  return { version: 1, type, sealed };
}

function openKey(rootKey: RootKey, key: ObjectKey, value: unknown): KeyObject {
  const parsed = sealedKeySchema.safeParse(value);
  if (!parsed.success)
    throw new CordonError(
      "STORE_CORRUPT",
      `the sealed key ${purposeOf(key)} is not readable; restore the state from a backup`,
    );
  if (parsed.data.type === "forgotten")
    throw new CordonError(
      "KEY_SEALED",
      `the key ${purposeOf(key)} was destroyed at ${new Date(parsed.data.at).toISOString()}; what it protected is gone for good`,
    );
  const bytes = rootKey.unwrap(purposeOf(key), parsed.data.sealed);
  try {
    return parsed.data.type === "private"
      ? createPrivateKey({ key: bytes, format: "der", type: "pkcs8" })
      : createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}
