/** Certificate chains for tests of model signing: root, authority, signer; bent where a test asks for it. */
import "reflect-metadata"; // before @peculiar/x509, which injects by it
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { parseCertificate, type Certificate } from "@cordon/core/identity/certificate";

export interface TestChain {
  /** The signer's private key. */
  readonly key: KeyObject;
  readonly leaf: Certificate;
  /** Leaf and authority. */
  readonly chain: readonly Certificate[];
  readonly root: Certificate;
}

interface Bent {
  /** The leaf is for TLS servers, not for signing code. */
  readonly serverOnly?: boolean;
  /** The leaf may encipher keys, and not sign. */
  readonly noSigning?: boolean;
}

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const dayMs = 86_400_000;

export async function makeChain(now: number, bent: Bent): Promise<TestChain> {
  const root = await issue(now, "CN=models root", undefined, authority());
  const middle = await issue(now, "CN=models authority", root, authority());
  const leaf = await issue(now, "CN=signer", middle, [
    new x509.KeyUsagesExtension(
      bent.noSigning === true ? x509.KeyUsageFlags.keyEncipherment : x509.KeyUsageFlags.digitalSignature,
      true,
    ),
    new x509.ExtendedKeyUsageExtension([
      bent.serverOnly === true ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.codeSigning,
    ]),
  ]);
  const certificate = parseCertificate(leaf.der);
  return {
    key: leaf.key,
    leaf: certificate,
    chain: [certificate, parseCertificate(middle.der)],
    root: parseCertificate(root.der),
  };
}

interface Issued {
  readonly key: KeyObject;
  readonly der: Uint8Array;
}

function authority(): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ];
}

async function issue(
  now: number,
  subject: string,
  issuer: Issued | undefined,
  extensions: x509.Extension[],
): Promise<Issued> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "01",
    subject,
    issuer: issuer === undefined ? subject : new x509.X509Certificate(Buffer.from(issuer.der)).subject,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 365 * dayMs),
    publicKey: new x509.PublicKey(publicKey.export({ type: "spki", format: "der" })),
    signingKey: (issuer?.key ?? privateKey).toCryptoKey(curve, false, ["sign"]),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions,
  });
  return { key: privateKey, der: new Uint8Array(certificate.rawData) };
}
