/** A certificate authority for tests: issues X.509-SVIDs of a trust domain, right ones and wrong ones, from memory. */
import "reflect-metadata";
import { createPublicKey, KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { parseTrustDomain, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { TrustBundle } from "@cordon/core/policy/snapshot";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
x509.cryptoProvider.set(webcrypto);

export interface TestAuthority {
  readonly bundle: TrustBundle;
  /** Issues for a key of its own. */
  svid(id: string, options?: { readonly lifeMs?: number }): Promise<X509Svid>;
  /** Issues for a signing request's key. */
  sign(csr: string, id: string, options?: { readonly lifeMs?: number }): Promise<{ chain: string; notAfter: number }>;
}

/** @param through issues by an authority below the root, as Cordon does, instead of by the root itself */
export async function testAuthority(domain: string, through: "root" | "issuer" = "root"): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${domain} root`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${domain}` }]),
    ],
  });

  const issuerKeys =
    through === "root" ? keys : await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const issuer =
    through === "root"
      ? undefined
      : await x509.X509CertificateGenerator.create({
          serialNumber: "02",
          subject: `CN=${domain} issuer`,
          issuer: root.subject,
          notBefore: new Date(Date.now() - 60_000),
          notAfter: new Date(Date.now() + 86_400_000),
          signingKey: keys.privateKey,
          publicKey: issuerKeys.publicKey,
          signingAlgorithm: algorithm,
          extensions: [
            new x509.BasicConstraintsExtension(true, 0, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
            new x509.SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${domain}` }]),
          ],
        });
  const above = issuer === undefined ? [] : [issuer];

  const issue = async (publicKey: x509.PublicKeyType, id: string, lifeMs = 3_600_000) => {
    const notAfter = new Date(Math.floor((Date.now() + lifeMs) / 1000) * 1000);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
        .toString("hex")
        .replace(/^./, "4"),
      subject: "CN=workload",
      issuer: (issuer ?? root).subject,
      notBefore: new Date(Date.now() - 10_000),
      notAfter,
      signingKey: issuerKeys.privateKey,
      publicKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: "url", value: id }]),
      ],
    });
    return { certificate, notAfter: notAfter.getTime() };
  };

  return {
    bundle: {
      trustDomain: parseTrustDomain(domain),
      x509Authorities: [new Uint8Array(root.rawData)],
      jwtAuthorities: [],
      sequence: 1,
      refreshHintSeconds: 300,
    },
    async svid(id, options) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const { certificate, notAfter } = await issue(own.publicKey, id, options?.lifeMs);
      return {
        id: id as SpiffeId,
        chain: [certificate, ...above].map(({ rawData }) => new Uint8Array(rawData)),
        key: KeyObject.from(own.privateKey),
        notBefore: certificate.notBefore.getTime(),
        notAfter,
      };
    },
    async sign(csr, id, options) {
      const request = new x509.Pkcs10CertificateRequest(csr);
      const spki = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: "der", type: "spki" });
      const publicKey = await webcrypto.subtle.importKey(
        "spki",
        spki.export({ type: "spki", format: "der" }),
        algorithm,
        true,
        ["verify"],
      );
      const { certificate, notAfter } = await issue(publicKey, id, options?.lifeMs);
      return { chain: [certificate, ...above].map((one) => `${one.toString("pem")}\n`).join(""), notAfter };
    },
  };
}
