/**
 * The authority's state as version 1 wrote it, read as version 2. In: a stored value of any version. Out: the same, or
 * its present form. What version 1 did not keep is taken at its most careful: keys are needed until they end.
 */
import { createHash, createPublicKey } from "node:crypto";
import { parseCertificate, type Certificate } from "@cordon/core/identity/certificate";
import { z } from "zod";

const generation = z.object({
  purpose: z.string(),
  notBefore: z.number(),
  notAfter: z.number(),
  activeFrom: z.number(),
});
const certified = generation.extend({ certificate: z.string() });
const version1 = z.object({
  version: z.literal(1),
  trustDomain: z.string(),
  sequence: z.number(),
  roots: z.array(certified),
  issuers: z.array(certified),
  tokenKeys: z.array(generation.extend({ kid: z.string(), jwk: z.record(z.string(), z.string()) })),
});

/** A value of version 1 in the form of version 2; anything else as it is. */
export function upgradeState(value: unknown): unknown {
  const old = version1.safeParse(value);
  if (!old.success) return value;
  const { trustDomain, sequence } = old.data;
  const roots = old.data.roots.map((root) => ({ ...root, ...namesOf(root.purpose, parsed(root.certificate)) }));
  const rootOf = (issuer: Certificate): string =>
    roots.find((root) => Buffer.compare(parsed(root.certificate).subject, issuer.issuer) === 0)?.keyFingerprint ?? "";
  return {
    version: 2,
    trustDomain,
    sequence,
    roots,
    issuers: old.data.issuers.map((issuer) => {
      const certificate = parsed(issuer.certificate);
      const root = rootOf(certificate);
      return { ...issuer, ...namesOf(issuer.purpose, certificate), above: [], root, signedUntil: issuer.notAfter };
    }),
    tokenKeys: old.data.tokenKeys.map((key) => ({
      ...key,
      id: key.kid,
      keyFingerprint: fingerprintOf(key.jwk),
      signedUntil: key.notAfter,
    })),
    delegated: [],
  };
}

function namesOf(purpose: string, { keyFingerprint }: Certificate) {
  return { id: purpose.slice(purpose.lastIndexOf("-") + 1), keyFingerprint };
}

function parsed(certificate: string): Certificate {
  return parseCertificate(new Uint8Array(Buffer.from(certificate, "base64")));
}

function fingerprintOf(jwk: Readonly<Record<string, string>>): string {
  const spki = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}
