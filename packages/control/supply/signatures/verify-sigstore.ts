/**
 * Sigstore: a short-lived certificate, a transparency log, timestamps. In: a bundle, the trusted root, and the exact
 * identity and issuer that must have signed. Out: the signer, or why not. The cryptography is `@sigstore/verify`'s; the
 * identity is compared here, because the library reads a policy's identity as an unanchored regular expression, and
 * checks none at all when it is given none.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { bundleFromJSON, type Bundle } from "@sigstore/bundle";
import { toSignedEntity, Verifier, type Signer as SigstoreSigner, type TrustMaterial } from "@sigstore/verify";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import { refuse } from "./refusal.ts";
import type { Signer, Trust } from "./trust.ts";

type SigstoreTrust = Extract<Trust, { readonly method: "sigstore" }>;

/**
 * Verifies a bundle whose signer is a Sigstore identity.
 *
 * @param json the bundle's tree, read strictly
 * @param artifact the signed bytes, for a bundle that signs a message rather than a DSSE envelope
 * @throws {CordonError} `SIGNATURE_INVALID`
 */
export function verifySigstore(json: JsonValue, trust: SigstoreTrust, artifact?: Buffer): Signer {
  const bundle = readBundle(json);
  if (bundle.verificationMaterial.content.$case === "publicKey")
    throw refuse("the bundle is signed by a bare key, and a Sigstore identity is asked for");
  const signer = judge(bundle, trust.root.material, artifact);
  const identity = signer.identity?.subjectAlternativeName;
  const issuer = signer.identity?.extensions?.issuer;
  if (identity !== trust.identity) throw refuse(`signed by ${shown(identity)}, and only ${trust.identity} is trusted`);
  if (issuer !== trust.issuer)
    throw refuse(`the signer was vouched for by ${shown(issuer)}, and only ${trust.issuer} is trusted`);
  const der = certificateOf(bundle);
  return {
    method: "sigstore",
    keyDigest: createHash("sha256").update(spki(signer.key)).digest("hex"),
    ...(der === undefined ? {} : { certificateDigest: createHash("sha256").update(der).digest("hex") }),
    identity,
    issuer,
  };
}

/** Verifies a bundle signed by a key that the caller manages, with the log's evidence that it was signed. */
export function verifyManagedKey(json: JsonValue, key: KeyObject, trust: TrustMaterial, artifact?: Buffer): Signer {
  const bundle = readBundle(json);
  if (bundle.verificationMaterial.content.$case !== "publicKey")
    throw refuse("the bundle is signed by a certificate, and a key is asked for");
  const material: TrustMaterial = { ...trust, publicKey: () => ({ publicKey: key, validFor: () => true }) };
  judge(bundle, material, artifact);
  return { method: "key", keyDigest: createHash("sha256").update(spki(key)).digest("hex") };
}

/** The parsed bundle. @throws {CordonError} `SIGNATURE_INVALID` */
export function readBundle(json: JsonValue): Bundle {
  try {
    return bundleFromJSON(json);
  } catch (cause) {
    throw refuse(`the Sigstore bundle is malformed: ${(cause as Error).message}`, cause);
  }
}

function judge(bundle: Bundle, material: TrustMaterial, artifact: Buffer | undefined): SigstoreSigner {
  try {
    return new Verifier(material).verify(toSignedEntity(bundle, artifact));
  } catch (cause) {
    // Its own errors and whatever its parsers throw on hostile bytes: either way nothing was verified.
    throw refuse(`Sigstore verification failed: ${(cause as Error).message}`, cause);
  }
}

function certificateOf(bundle: Bundle): Uint8Array | undefined {
  const { content } = bundle.verificationMaterial;
  if (content.$case === "certificate") return content.certificate.rawBytes;
  return content.$case === "x509CertificateChain" ? content.x509CertificateChain.certificates[0]?.rawBytes : undefined;
}

function spki(key: KeyObject): Buffer {
  return createPublicKey(key.export({ type: "spki", format: "pem" })).export({ type: "spki", format: "der" });
}

function shown(text: string | undefined): string {
  return text === undefined ? "nobody who is named" : JSON.stringify(text.slice(0, 256));
}
