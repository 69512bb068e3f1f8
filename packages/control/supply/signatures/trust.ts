/**
 * Whom the caller trusts to sign, and who did. In: keys, certificates and names that the caller chose. Out: types that
 * the verifiers share, and readers for the files they come in. There is no "anyone": each method names its signer.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { parseCertificate, type Certificate } from "@cordon/core/identity/certificate";
import { CordonError } from "@cordon/core/errors";
import { digestForKey } from "./dsse.ts";
import type { SigstoreRoot } from "./trusted-root.ts";

export type Trust =
  | { readonly method: "key"; readonly key: KeyObject }
  | {
      readonly method: "certificate";
      readonly roots: readonly Certificate[];
      /** SHA-256 of the signer's SubjectPublicKeyInfo, lower-case hex; when given, only these may sign. */
      readonly signerKeys: readonly string[];
    }
  | {
      readonly method: "sigstore";
      readonly root: SigstoreRoot;
      /** The certificate's subject alternative name, exactly. */
      readonly identity: string;
      /** The OpenID Connect issuer that vouched for it, exactly. */
      readonly issuer: string;
    };

/** Who signed, as it was verified. */
export interface Signer {
  readonly method: Trust["method"];
  /** SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex. */
  readonly keyDigest: string;
  /** SHA-256 of the certificate, lower-case hex, where there is one. */
  readonly certificateDigest?: string;
  /** The authorities above it, up to the root that was trusted: SHA-256 of key and certificate each. */
  readonly authorities?: readonly { readonly key: string; readonly certificate: string }[];
  readonly identity?: string;
  readonly issuer?: string;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,32768})-----END CERTIFICATE-----/g;
const maxPemBytes = 1024 * 1024;

/** A public key in PEM; prose around it is allowed. @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function readPublicKey(pem: Uint8Array, file: string): KeyObject {
  const text = boundedText(pem, file);
  const block = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{1,32768}-----END PUBLIC KEY-----/.exec(text)?.[0];
  if (block === undefined) throw invalid(file, "it holds no public key in PEM (BEGIN PUBLIC KEY)");
  try {
    const key = createPublicKey(block);
    digestForKey(key);
    return key;
  } catch (cause) {
    throw invalid(file, (cause as Error).message, cause);
  }
}

/** Every certificate in a PEM file. @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function readCertificates(pem: Uint8Array, file: string): readonly Certificate[] {
  const found = [...boundedText(pem, file).matchAll(pemCertificate)];
  if (found.length === 0) throw invalid(file, "it holds no certificate in PEM (BEGIN CERTIFICATE)");
  try {
    return found.map(([, body = ""]) => parseCertificate(Buffer.from(body, "base64")));
  } catch (cause) {
    throw invalid(file, (cause as Error).message, cause);
  }
}

/** SHA-256 of a key's SubjectPublicKeyInfo, lower-case hex. */
export function keyDigest(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** The hint that the reference writes: SHA-256 of the PEM text as OpenSSL prints it, not of the DER. */
export function keyHint(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "pem" }))
    .digest("hex");
}

function boundedText(bytes: Uint8Array, file: string): string {
  if (bytes.length > maxPemBytes) throw invalid(file, `it is longer than ${maxPemBytes} bytes`);
  return Buffer.from(bytes).toString("latin1");
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file}: ${why}`, { cause });
}
