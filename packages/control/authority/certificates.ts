/**
 * Builds certificates. In: names, keys and times that were decided elsewhere. Out: DER. Profiles are X.509-SVID's:
 * authorities carry the trust domain's id and may sign only; leaves carry one workload's id and may authenticate only.
 */
import "reflect-metadata"; // before @peculiar/x509, which injects by it
import { createHash, randomBytes, sign, type KeyObject, type webcrypto } from "node:crypto";
import type { Instant } from "@cordon/core/instant";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import * as x509 from "@peculiar/x509";
import type { SigningKey } from "../keys/provider/key-provider.ts";

const bothSides = [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth];

export interface Signer {
  /** DER of the authority's certificate; absent for a root that signs itself. */
  readonly certificate?: Uint8Array;
  /** P-256, P-384 or RSA; ours are P-256. One that lies elsewhere signs by its holder. */
  readonly key: KeyObject | SigningKey;
}

interface Times {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

export interface AuthorityRequest extends Times {
  readonly trustDomain: TrustDomain;
  /** Common name. Unique per generation, so that no two authorities share a name. */
  readonly name: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** How many authorities may stand below. */
  readonly pathLength: number;
}

export function buildAuthority(request: AuthorityRequest, signer: Signer): Promise<Uint8Array> {
  return build(request, signer, `CN=${request.name}`, [
    new x509.BasicConstraintsExtension(true, request.pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    new x509.SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${request.trustDomain}` }], false),
  ]);
}

export interface LeafRequest extends Times {
  readonly id: SpiffeId;
  readonly publicKeyInfo: Uint8Array;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** A leaf has no subject: its id is its only name that means anything, so the alternative name is critical. */
export function buildLeaf(request: LeafRequest, signer: Signer): Promise<Uint8Array> {
  return build(request, signer, "", [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(bothSides, false),
    new x509.SubjectAlternativeNameExtension(
      [
        { type: "url", value: request.id },
        ...request.dnsNames.map((value) => ({ type: "dns", value }) as const),
        ...request.ipAddresses.map((value) => ({ type: "ip", value }) as const),
      ],
      true,
    ),
  ]);
}

export interface InterceptionAuthorityRequest extends Times {
  readonly name: string;
  readonly publicKeyInfo: Uint8Array;
}

/** Who certifies intercepted hosts. It names no trust domain, is in no bundle, and may certify servers only. */
export function buildInterceptionAuthority(request: InterceptionAuthorityRequest, key: KeyObject): Promise<Uint8Array> {
  return build(request, { key }, `CN=${request.name}`, [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
  ]);
}

/** A certificate for one host, for Cordon to show in its place. */
export function buildInterceptionLeaf(
  request: Times & { readonly host: string; readonly address: boolean; readonly publicKeyInfo: Uint8Array },
  signer: Signer,
): Promise<Uint8Array> {
  return build(request, signer, "", [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
    new x509.SubjectAlternativeNameExtension([{ type: request.address ? "ip" : "dns", value: request.host }], true),
  ]);
}

async function build(
  request: Times & { readonly publicKeyInfo: Uint8Array },
  signer: Signer,
  subject: string,
  extensions: readonly x509.Extension[],
): Promise<Uint8Array> {
  const issuer =
    signer.certificate === undefined ? undefined : new x509.X509Certificate(Buffer.from(signer.certificate));
  const issuerKeyId =
    issuer?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ??
    keyIdOf(issuer === undefined ? request.publicKeyInfo : new Uint8Array(issuer.publicKey.rawData));
  const { crypto, ...signing } = signingOf(signer.key);
  const parameters = {
    serialNumber: randomSerial(),
    subject,
    // The name as it is encoded there: written anew it might differ in its bytes, by which names are compared.
    issuer: issuer?.subjectName ?? subject,
    notBefore: new Date(request.notBefore),
    notAfter: new Date(request.notAfter),
    publicKey: new x509.PublicKey(Buffer.from(request.publicKeyInfo)),
    ...signing,
    extensions: [
      ...extensions,
      new x509.SubjectKeyIdentifierExtension(keyIdOf(request.publicKeyInfo), false),
      new x509.AuthorityKeyIdentifierExtension(issuerKeyId, false),
    ],
  };
  const certificate = await x509.X509CertificateGenerator.create(parameters, crypto);
  return new Uint8Array(certificate.rawData);
}

/** How a key signs certificates: at once, by node:crypto, without WebCrypto's trip through the thread pool. */
function signingOf(key: KeyObject | SigningKey) {
  const known = "publicKey" in key ? key.publicKey : key;
  const rsa = known.asymmetricKeyType === "rsa";
  const p384 = known.asymmetricKeyDetails?.namedCurve === "secp384r1";
  const [name, hash] = p384 ? (["SHA-384", "sha384"] as const) : (["SHA-256", "sha256"] as const);
  const family = rsa
    ? ({ name: "RSASSA-PKCS1-v1_5", hash: name } as const)
    : ({ name: "ECDSA", namedCurve: p384 ? "P-384" : "P-256" } as const);
  const dsaEncoding = "ieee-p1363";
  const signNow = async (_algorithm: unknown, _key: unknown, signed: ArrayBuffer): Promise<ArrayBuffer> => {
    const message = new Uint8Array(signed);
    const { buffer, byteOffset, length } =
      "publicKey" in key
        ? await key.sign(message, { hash, dsaEncoding })
        : sign(hash, message, rsa ? key : { key, dsaEncoding });
    return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
  };
  return {
    // The generator only looks at its algorithm, and hands it to `signNow`.
    signingKey: known.toCryptoKey(family, "publicKey" in key, ["publicKey" in key ? "verify" : "sign"]),
    signingAlgorithm: { name: family.name, hash: name },
    // The generator asks it for nothing else.
    crypto: { subtle: { sign: signNow } } as unknown as webcrypto.Crypto,
  };
}

/** 128 random bits, under a first octet that keeps the number positive and its encoding minimal (RFC 5280, 4.1.2.2). */
function randomSerial(): string {
  return `01${randomBytes(16).toString("hex")}`;
}

/** A key identifier: 160 bits of SHA-256 over the SubjectPublicKeyInfo (RFC 7093, section 2, method 4). */
function keyIdOf(publicKeyInfo: Uint8Array): string {
  return createHash("sha256").update(publicKeyInfo).digest("hex").slice(0, 40);
}
