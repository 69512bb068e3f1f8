/**
 * Whether a bundle's signature stands, and what it covers. In: a bundle's bytes, whom the caller trusts, now. Out: the
 * signer and the signed manifest; or `SIGNATURE_INVALID` with the reason. The bundle chooses nothing: the method is the
 * caller's, and a key inside the bundle is never used.
 */
import type { Instant } from "@cordon/core/instant";
import { decodeBase64, parseBundle, type OmsBundle } from "./bundle.ts";
import { dsseStands, legacyStands } from "./dsse.ts";
import { refuse } from "./refusal.ts";
import { legacyPredicateType, parseStatement, type SignedManifest } from "./statement.ts";
import { keyDigest, type Signer, type Trust } from "./trust.ts";
import { signingKeyOf, verifyChain } from "./verify-certificate.ts";
import { verifySigstore } from "./verify-sigstore.ts";

export interface SignatureOptions {
  readonly trust: Trust;
  readonly now: Instant;
  /** Accept the deprecated layout and encoding of release 0.2.0. */
  readonly legacy?: boolean;
}

export interface VerifiedSignature {
  readonly signer: Signer;
  readonly manifest: SignedManifest;
}

/**
 * Verifies an OMS bundle (OMS v1.0, sections 8.1 to 8.3).
 *
 * @throws {CordonError} `SIGNATURE_INVALID`
 */
export function verifySignature(bytes: Uint8Array, options: SignatureOptions): VerifiedSignature {
  const bundle = parseBundle(bytes); // 8.1
  const signer = verifyEnvelope(bundle, options); // 8.2
  const manifest = parseStatement(bundle.payload, { legacy: options.legacy === true }); // 8.3
  return { signer, manifest };
}

function verifyEnvelope(bundle: OmsBundle, { trust, now, legacy = false }: SignatureOptions): Signer {
  const { material } = bundle;
  if (material.method !== trust.method)
    throw refuse(`the bundle is signed by the ${material.method} method, and ${words(trust.method)} is trusted`);
  if (trust.method === "sigstore") return verifySigstore(bundle.json, trust);
  if (trust.method === "key") {
    checkStands(bundle, trust.key, legacy);
    return { method: "key", keyDigest: keyDigest(trust.key) };
  }
  if (material.method !== "certificate") throw refuse("the bundle holds no certificate chain");
  const { leaf, path } = verifyChain(material.chain, trust, now);
  checkStands(bundle, signingKeyOf(leaf), legacy);
  const name = leaf.extensions.subjectAltName?.names.find(({ kind }) => kind === "uri" || kind === "email");
  return {
    method: "certificate",
    keyDigest: leaf.keyFingerprint,
    certificateDigest: leaf.fingerprint,
    authorities: path.slice(1).map(({ keyFingerprint: key, fingerprint: certificate }) => ({ key, certificate })),
    ...(name !== undefined && "value" in name && typeof name.value === "string" ? { identity: name.value } : {}),
  };
}

function checkStands(bundle: OmsBundle, key: Parameters<typeof dsseStands>[2], legacy: boolean): void {
  const signatures = bundle.signatures.map((signature) => decodeBase64(signature, "signature"));
  if (dsseStands(bundle.payload, signatures, key)) return;
  // The old encoding counts for the old layout only, so that it cannot carry anything newer.
  const old = legacy && Buffer.from(bundle.payload).includes(legacyPredicateType);
  if (old && legacyStands(bundle.payload, signatures, key)) {
    parseLegacyOnly(bundle.payload);
    return;
  }
  throw refuse("the signature does not stand under the trusted key: another key, or the statement was changed");
}

function parseLegacyOnly(payload: Uint8Array): void {
  if (parseStatement(payload, { legacy: true }).format !== "0.2.0")
    throw refuse("the encoding of release 0.2.0 is used for a statement of another");
}

function words(method: Trust["method"]): string {
  return method === "key" ? "a key" : method === "certificate" ? "a certificate authority" : "a Sigstore identity";
}
