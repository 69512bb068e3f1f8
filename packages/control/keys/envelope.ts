/**
 * Envelope encryption under the root key. In: a purpose and plaintext. Out: a JSON value that is safe to store, and back.
 *
 * Each value has its own data key, itself sealed under a key derived for its purpose; the purpose is authenticated in
 * both layers, so a sealed value moved to another name does not open. Changing the root key re-seals data keys only.
 * AES-256-GCM with random 96-bit nonces: a data key seals once, a purpose's key far fewer times than 2^32.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";

const base64 = z.base64().max(256 * 1024);

export const sealedSchema = z.strictObject({
  version: z.literal(1),
  algorithm: z.literal("A256GCM"),
  /** Which root key sealed it: tells a wrong key from a damaged value. Says nothing about the key. */
  rootKeyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** Nonce, ciphertext and tag. */
  dataKey: base64,
  content: base64,
});

/** A sealed value, as it is stored. */
export type Sealed = z.infer<typeof sealedSchema>;

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Names a root key without revealing it. */
export function rootKeyIdOf(rootKey: KeyObject): string {
  return createHmac("sha256", rootKey).update("cordon root key id v1").digest("hex").slice(0, 16);
}

/** Seals `plaintext` for `purpose`. */
export function seal(rootKey: KeyObject, purpose: string, plaintext: Uint8Array): Sealed {
  const dataKey = randomBytes(keyBytes);
  const sealed: Sealed = {
    version: 1,
    algorithm: "A256GCM",
    rootKeyId: rootKeyIdOf(rootKey),
    dataKey: encrypt(purposeKey(rootKey, purpose), `key ${purpose}`, dataKey),
    content: encrypt(dataKey, `content ${purpose}`, plaintext),
  };
  dataKey.fill(0);
  return sealed;
}

/**
 * Opens what {@link seal} made for the same purpose.
 *
 * @throws {CordonError} `KEY_SEALED` under another root key; `STORE_CORRUPT` when the value was changed or moved
 */
export function unseal(rootKey: KeyObject, purpose: string, value: unknown): Buffer {
  const parsed = sealedSchema.safeParse(value);
  if (!parsed.success) throw corrupt(purpose, "it is not a sealed value of version 1");
  const sealed = parsed.data;
  if (sealed.rootKeyId !== rootKeyIdOf(rootKey))
    throw new CordonError(
      "KEY_SEALED",
      `the key \`${purpose}\` is sealed under another root key (${sealed.rootKeyId}) than the one given ` +
        `(${rootKeyIdOf(rootKey)}); start with the root key, passphrase or credential that this state was made with`,
    );
  const dataKey = decrypt(purposeKey(rootKey, purpose), `key ${purpose}`, sealed.dataKey);
  if (dataKey === undefined) throw corrupt(purpose, "its data key does not open");
  const plaintext = decrypt(dataKey, `content ${purpose}`, sealed.content);
  dataKey.fill(0);
  if (plaintext === undefined) throw corrupt(purpose, "its content does not open");
  return plaintext;
}

/**
 * Seals the data key of a sealed value under another root key; its content stays as it is.
 *
 * @throws {CordonError} as {@link unseal}
 */
export function reseal(from: KeyObject, to: KeyObject, purpose: string, sealed: Sealed): Sealed {
  unseal(from, purpose, sealed).fill(0); // whole, and for this purpose: what is damaged is not passed on
  const dataKey = decrypt(purposeKey(from, purpose), `key ${purpose}`, sealed.dataKey);
  if (dataKey === undefined) throw corrupt(purpose, "its data key does not open");
  const moved = encrypt(purposeKey(to, purpose), `key ${purpose}`, dataKey);
  dataKey.fill(0);
  return { ...sealed, rootKeyId: rootKeyIdOf(to), dataKey: moved };
}

function purposeKey(rootKey: KeyObject, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", rootKey, Buffer.alloc(0), `cordon sealing key v1 ${purpose}`, keyBytes));
}

function encrypt(key: Uint8Array, associated: string, plaintext: Uint8Array): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(`cordon sealed v1 ${associated}`));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

function decrypt(key: Uint8Array, associated: string, text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(`cordon sealed v1 ${associated}`));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined; // the tag does not match: the callers say so, with the purpose
  }
}

function corrupt(purpose: string, why: string): CordonError {
  return new CordonError(
    "STORE_CORRUPT",
    `the sealed key \`${purpose}\` was changed or moved: ${why}; restore the state from a backup`,
  );
}
