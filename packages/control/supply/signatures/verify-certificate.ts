/**
 * The `certificate` method: a private authority's chain. In: the chain of a bundle and the roots the caller trusts. Out:
 * the leaf, valid now, entitled to sign code, or why not. The reference judges validity at the leaf's own notBefore, so
 * that a stolen, long expired certificate still signs; here it is judged now.
 */
import { parseCertificate, publicKeyOf, type Certificate } from "@cordon/core/identity/certificate";
import { isCordonError } from "@cordon/core/errors";
import { extendedKeyUsages, keyUsageBits } from "@cordon/core/identity/extensions";
import { buildPath, checkUnderstood, validityProblem } from "@cordon/core/identity/path";
import type { Instant } from "@cordon/core/instant";
import { decodeBase64 } from "./bundle.ts";
import { refuse } from "./refusal.ts";
import type { Trust } from "./trust.ts";

const clockSkewMs = 60_000;

/** The leaf's certificate with its path. */
export interface VerifiedChain {
  readonly leaf: Certificate;
  /** Leaf first, trusted root last. */
  readonly path: readonly Certificate[];
}

/**
 * Verifies a chain for signing code.
 *
 * @param chain base64 of DER, leaf first
 * @throws {CordonError} `SIGNATURE_INVALID`
 */
export function verifyChain(
  chain: readonly string[],
  trust: Extract<Trust, { readonly method: "certificate" }>,
  now: Instant,
): VerifiedChain {
  try {
    const [leaf, ...rest] = chain.map((entry) => parseCertificate(decodeBase64(entry, "certificate")));
    if (leaf === undefined) throw refuse("the bundle holds no certificate");
    checkLeaf(leaf, now);
    const path = buildPath(leaf, rest, trust.roots, { now, clockSkewMs, allowsPurposes: allowsSigning });
    if (trust.signerKeys.length > 0 && !trust.signerKeys.includes(leaf.keyFingerprint))
      throw refuse(`the signer's key ${leaf.keyFingerprint} is none of those that are pinned`);
    return { leaf, path };
  } catch (cause) {
    if (!isCordonError(cause) || cause.code === "SIGNATURE_INVALID") throw cause;
    throw refuse(cause.message, cause);
  }
}

/** The key that a leaf's signatures are checked with. */
export function signingKeyOf(leaf: Certificate): ReturnType<typeof publicKeyOf> {
  if (leaf.keyRefused !== undefined) throw refuse(`the signer's key is refused: ${leaf.keyRefused}`);
  return publicKeyOf(leaf);
}

function checkLeaf(leaf: Certificate, now: Instant): void {
  const { keyUsage, extendedKeyUsage } = leaf.extensions;
  checkUnderstood(leaf, "the signer's certificate");
  const problem = validityProblem(leaf, { now, clockSkewMs });
  if (problem !== undefined) throw refuse(`the signer's certificate ${problem}`);
  if (keyUsage === undefined || (keyUsage.bits & keyUsageBits.digitalSignature) === 0)
    throw refuse("the signer's certificate may not sign (key usage without digitalSignature)");
  if (extendedKeyUsage === undefined || !allowsSigning(extendedKeyUsage))
    throw refuse("the signer's certificate is not for signing code (extended key usage without codeSigning)");
}

function allowsSigning(purposes: readonly string[]): boolean {
  return purposes.includes(extendedKeyUsages.codeSigning) || purposes.includes(extendedKeyUsages.any);
}
