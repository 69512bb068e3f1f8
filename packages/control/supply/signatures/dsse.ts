/**
 * DSSE v1: what is signed is the payload with its type, unambiguously (Pre-Authentication Encoding). In: payload,
 * signature, key. Out: whether the signature stands. ECDSA hashes by curve, as the OMS reference does.
 */
import { verify, type KeyObject } from "node:crypto";
import type { SignatureHash, SigningKey } from "../../keys/provider/key-provider.ts";
import { payloadType } from "./bundle.ts";
import { refuse } from "./refusal.ts";

/** PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(payload: Uint8Array, type: string = payloadType): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/**
 * What release 0.2.0 of the reference signed instead: another magic, and the payload as Python prints bytes. Only JSON
 * in ASCII is printed the same way whatever the Python, so anything else is refused.
 */
export function legacyEncoding(payload: Uint8Array): Buffer {
  const quote = payload.includes(0x27) && !payload.includes(0x22) ? '"' : "'";
  let printed = "";
  for (const byte of payload) {
    if (byte === 0x5c) printed += "\\\\";
    else if (byte === 0x0a) printed += "\\n";
    else if (byte === 0x0d) printed += "\\r";
    else if (byte === 0x09) printed += "\\t";
    else if (byte === quote.charCodeAt(0)) printed += `\\${quote}`;
    else if (byte >= 0x20 && byte < 0x7f) printed += String.fromCharCode(byte);
    else printed += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return Buffer.from(`DSSEV1 ${payloadType.length} ${payloadType} ${payload.length} b${quote}${printed}${quote}`);
}

const digestOfCurve: Readonly<Record<string, SignatureHash>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
};

/** The hash that goes with a key. @throws {CordonError} `SIGNATURE_INVALID` for a key that model signing does not use */
export function digestForKey(key: KeyObject): SignatureHash {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  const digest = Object.hasOwn(digestOfCurve, curve) ? digestOfCurve[curve] : undefined;
  if (key.asymmetricKeyType !== "ec" || digest === undefined)
    throw refuse("the key is none of P-256, P-384 and P-521, the ones that model signing uses");
  return digest;
}

/** True when one of `signatures` over `payload` stands under `key`. */
export function dsseStands(payload: Uint8Array, signatures: readonly Uint8Array[], key: KeyObject): boolean {
  const digest = digestForKey(key);
  const message = preAuthenticationEncoding(payload);
  return signatures.some((signature) => stands(digest, message, key, signature));
}

/** The same for a bundle of release 0.2.0, which hashed with SHA-256 whatever the curve. */
export function legacyStands(payload: Uint8Array, signatures: readonly Uint8Array[], key: KeyObject): boolean {
  digestForKey(key);
  const message = legacyEncoding(payload);
  return signatures.some((signature) => stands("sha256", message, key, signature));
}

/** Signs `payload`. @throws {CordonError} `SIGNATURE_INVALID` for a key that model signing does not use */
export async function signDsse(payload: Uint8Array, key: SigningKey): Promise<Buffer> {
  return await key.sign(preAuthenticationEncoding(payload), { hash: digestForKey(key.publicKey) });
}

function stands(digest: string, message: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(digest, message, key, signature);
  } catch {
    return false; // OpenSSL throws for some malformed signatures
  }
}
