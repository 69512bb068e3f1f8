/**
 * A certificate (RFC 5280) as values. In: DER from anyone. Out: everything that path validation looks at, read once and
 * strictly, or `CERTIFICATE_MALFORMED`. Whether any of it may be trusted is decided in `path.ts` and `x509-svid.ts`.
 */
import { createHash, type KeyObject } from "node:crypto";
import type { Instant } from "../instant.ts";
import { importPublicKey, judgePublicKey } from "./algorithms.ts";
import { DerReader, malformed, openDer, readBitString, readIntegerBytes, readTime, tag } from "./der.ts";
import { readExtensions, type CertificateExtensions } from "./extensions.ts";

/** No SVID needs more; a peer's bytes are cut off here before any work. */
export const maxCertificateBytes = 16 * 1024;

export interface Certificate {
  readonly der: Uint8Array;
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
  /** What the issuer signed. */
  readonly signed: Uint8Array;
  /** AlgorithmIdentifier, DER; the same inside and outside the signature. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** Names as DER, compared byte for byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** Lower-case hex SHA-256 of {@link publicKeyInfo}. */
  readonly keyFingerprint: string;
  /** Why this key may not be used at all, where that is so. */
  readonly keyRefused: string | undefined;
  readonly extensions: CertificateExtensions;
}

/**
 * Parses one certificate, strictly: version 3, serial of 1 to 20 positive octets, one signature algorithm, no repeated
 * extension, nothing after the end.
 *
 * @param der one certificate, at most 16 KiB
 * @throws {CordonError} `CERTIFICATE_MALFORMED`
 * @see RFC 5280, section 4.1
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateBytes)
    throw malformed("certificate", `it is longer than ${maxCertificateBytes} bytes`);
  const outer = openDer(der, tag.sequence, "certificate");
  const signed = outer.expect(tag.sequence, "signed part");
  const signatureAlgorithm = outer.expect(tag.sequence, "signature algorithm").encoded;
  const signature = readBitString(outer.expect(tag.bitString, "signature"), "certificate");
  outer.end();
  if (signature.unusedBits !== 0) throw malformed("certificate", "its signature is not whole bytes");

  const body = new DerReader(signed.content, "certificate");
  readVersion(body);
  readSerial(body);
  const innerAlgorithm = body.expect(tag.sequence, "signature algorithm").encoded;
  if (Buffer.compare(innerAlgorithm, signatureAlgorithm) !== 0)
    throw malformed("certificate", "its signed part names another signature algorithm than its signature");
  const issuer = body.expect(tag.sequence, "issuer").encoded;
  if (isEmptyName(issuer)) throw malformed("certificate", "its issuer is empty");
  const validity = new DerReader(body.expect(tag.sequence, "validity").content, "validity");
  const notBefore = readTime(validity.next(), "validity");
  const notAfter = readTime(validity.next(), "validity");
  validity.end();
  const subject = body.expect(tag.sequence, "subject").encoded;
  const publicKeyInfo = body.expect(tag.sequence, "public key").encoded;
  const extensions = body.expect(0xa3, "extensions field");
  body.end();
  const verdict = judgePublicKey(publicKeyInfo);
  return {
    der,
    fingerprint: sha256Hex(der),
    signed: signed.encoded,
    signatureAlgorithm,
    signature: signature.bytes,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKeyInfo,
    keyFingerprint: sha256Hex(publicKeyInfo),
    keyRefused: "refused" in verdict ? verdict.refused : undefined,
    extensions: readExtensions(extensions.content),
  };
}

const importedKeys = new WeakMap<Certificate, KeyObject>();

/** The certificate's public key, imported on first use. Callers check {@link Certificate.keyRefused} first. */
export function publicKeyOf(certificate: Certificate): KeyObject {
  let key = importedKeys.get(certificate);
  if (key === undefined) importedKeys.set(certificate, (key = importPublicKey(certificate.publicKeyInfo)));
  return key;
}

/** Issuer and subject are the same name (RFC 5280, section 3.2), which says nothing about who signed. */
export function isSelfIssued(certificate: Certificate): boolean {
  return Buffer.compare(certificate.issuer, certificate.subject) === 0;
}

export function isEmptyName(name: Uint8Array): boolean {
  return name.length === 2;
}

/** Lower-case hex SHA-256. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function readVersion(body: DerReader): void {
  const wrapped = body.optional(0xa0);
  const version = wrapped === undefined ? undefined : new DerReader(wrapped.content, "version").next();
  if (version?.tag !== tag.integer || version.encoded.length !== wrapped?.content.length || version.content[0] !== 2)
    throw malformed("certificate", "it is not version 3");
}

/** RFC 5280, section 4.1.2.2: positive, at most 20 octets. */
function readSerial(body: DerReader): void {
  const serial = readIntegerBytes(body.expect(tag.integer, "serial number"), "serial number");
  if (serial.length > 20) throw malformed("serial number", "it is longer than 20 octets");
  const first = serial[0] ?? 0;
  if (first >= 0x80 || (first === 0 && serial.length === 1)) throw malformed("serial number", "it is not positive");
}
