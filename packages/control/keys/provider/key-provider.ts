/**
 * A private key that somebody signs with, wherever it lies. In: a reference, the path of a PEM file or a `pkcs11:` URI
 * (RFC 7512). Out: a key that signs, with its public half, until disposed. Whoever signs (models, admissions, authorities
 * under an upstream) takes this, so that a key in a security module never has to be a file.
 */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { openPkcs11Key } from "./pkcs11-key.ts";

export type SignatureHash = "sha256" | "sha384" | "sha512";

export interface SignOptions {
  readonly hash: SignatureHash;
  /** How an ECDSA signature is written: `der` (X.509, DSSE; the default) or `ieee-p1363` (WebCrypto, JOSE). */
  readonly dsaEncoding?: "der" | "ieee-p1363";
}

/** A key that signs: ECDSA on P-256, P-384 and P-521, or RSA with PKCS #1 v1.5. */
export interface SigningKey extends AsyncDisposable {
  readonly publicKey: KeyObject;
  /** Where it lies, for messages: never a secret. */
  readonly where: string;
  /** Signs a message, which is hashed here. @throws {CordonError} `KEY_SEALED` when the key cannot be used any more */
  readonly sign: (message: Uint8Array, options: SignOptions) => Promise<Buffer>;
}

export interface KeyEffects {
  /** Reads a file of at most so many bytes: a PEM key, or a PIN. @throws {CordonError} when it cannot be read */
  readonly readFile: (path: string, maxBytes: number) => Promise<Buffer>;
  /** Opens an encrypted PEM file. */
  readonly passphrase?: string;
}

/** Opens keys of one kind of place. */
export interface KeyProvider {
  /** Whether a reference is one of its own. */
  readonly takes: (reference: string) => boolean;
  readonly open: (reference: string, effects: KeyEffects) => Promise<SigningKey>;
}

const maxKeyFileBytes = 1024 * 1024;

const pemFiles: KeyProvider = {
  takes: (reference) => !/^[a-z][a-z0-9+.-]+:/i.test(reference),
  async open(reference, { readFile, passphrase }) {
    const pem = await readFile(reference, maxKeyFileBytes);
    let key: KeyObject;
    try {
      key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
    } catch (cause) {
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `${reference} holds no private key in PEM that opens this way (an encrypted one needs its passphrase)`,
        { cause },
      );
    }
    return signingKeyOf(key, reference);
  },
};

const securityModules: KeyProvider = {
  takes: (reference) => reference.startsWith("pkcs11:"),
  open: openPkcs11Key,
};

const providers: readonly KeyProvider[] = [securityModules, pemFiles];

/**
 * Opens a key for signing. It signs once before it is handed over, and the signature is checked: the public half is the
 * private one's, and the key may be used.
 *
 * @throws {CordonError} `SUPPLY_INPUT_INVALID` naming what is wrong with the reference or the key, `KEY_SEALED` when its
 *   module refuses
 */
export async function openSigningKey(reference: string, effects: KeyEffects): Promise<SigningKey> {
  const provider = providers.find(({ takes }) => takes(reference));
  if (provider === undefined)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${reference} is neither a file nor a pkcs11: URI`);
  const key = await provider.open(reference, effects);
  const challenge = randomBytes(32);
  if (verify("sha256", challenge, key.publicKey, await key.sign(challenge, { hash: "sha256" }))) return key;
  await key[Symbol.asyncDispose]();
  throw new CordonError("SUPPLY_INPUT_INVALID", `${key.where}: its public key is not the private key's`);
}

/** A key of this process as a signing key. */
export function signingKeyOf(key: KeyObject, where = "a key in memory"): SigningKey {
  return {
    publicKey: createPublicKey(key),
    where,
    sign: async (message, { hash, dsaEncoding = "der" }) => sign(hash, message, { key, dsaEncoding }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
