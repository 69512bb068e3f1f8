/**
 * The extensions of a certificate that bear on trust (RFC 5280, section 4.2). In: the DER inside the extensions field.
 * Out: each that we understand as a value, and the OIDs of critical ones that we do not (a verifier must refuse those).
 */
import { malformed, openDer, readBitString, readBoolean, readOid, readSmallInteger, readWhole, tag } from "./der.ts";
import { readGeneralNames, readNameConstraints, type GeneralName, type NameConstraints } from "./general-name.ts";

/** Bits of the key usage extension, as `1 << bit number` of RFC 5280, section 4.2.1.3. */
export const keyUsageBits = { digitalSignature: 1 << 0, keyCertSign: 1 << 5, cRLSign: 1 << 6 } as const;

export const extendedKeyUsages = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  any: "2.5.29.37.0",
} as const;

export interface CertificateExtensions {
  readonly basicConstraints?: { readonly critical: boolean; readonly ca: boolean; readonly pathLength?: number };
  /** Bits of {@link keyUsageBits}. */
  readonly keyUsage?: { readonly critical: boolean; readonly bits: number };
  /** Purposes as dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltName?: { readonly critical: boolean; readonly names: readonly GeneralName[] };
  readonly nameConstraints?: { readonly critical: boolean } & NameConstraints;
  /** Lower-case hex. */
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: string;
  /** OIDs of critical extensions that nothing here understands. */
  readonly unknownCritical: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** More than any certificate carries. */
const maxExtensions = 32;

/**
 * Reads `Extensions`. A repeated OID is refused (RFC 5280, section 4.2: at most one instance).
 *
 * @throws {CordonError} `CERTIFICATE_MALFORMED`
 */
export function readExtensions(bytes: Uint8Array): CertificateExtensions {
  const list = openDer(bytes, tag.sequence, "extensions field");
  const unknownCritical: string[] = [];
  const found: Mutable<CertificateExtensions> = { unknownCritical };
  const seen = new Set<string>();
  while (!list.done) {
    if (seen.size >= maxExtensions) throw malformed("certificate", `it has more than ${maxExtensions} extensions`);
    const extension = openDer(list.next().encoded, tag.sequence, "extension");
    const oid = readOid(extension.expect(tag.oid, "extension's OID"), "extension");
    if (seen.has(oid)) throw malformed("certificate", `the extension ${oid} appears twice`);
    seen.add(oid);
    const flag = extension.optional(tag.boolean);
    const critical = flag !== undefined && readBoolean(flag, "extension");
    if (flag !== undefined && !critical)
      throw malformed("extension", "its default value (not critical) is written out");
    const value = extension.expect(tag.octetString, "extension's value").content;
    extension.end();
    if (!readKnown(found, oid, critical, value) && critical) unknownCritical.push(oid);
  }
  if (seen.size === 0) throw malformed("certificate", "its extensions field is empty");
  return found;
}

/** Reads one extension into `found`; false when it is not one that we know. */
function readKnown(found: Mutable<CertificateExtensions>, oid: string, critical: boolean, value: Uint8Array): boolean {
  switch (oid) {
    case "2.5.29.19":
      found.basicConstraints = { critical, ...readBasicConstraints(value) };
      return true;
    case "2.5.29.15":
      found.keyUsage = { critical, bits: readKeyUsage(value) };
      return true;
    case "2.5.29.37":
      found.extendedKeyUsage = readPurposes(value);
      return true;
    case "2.5.29.17":
      found.subjectAltName = { critical, names: readGeneralNames(value, "subject alternative name") };
      return true;
    case "2.5.29.30":
      found.nameConstraints = { critical, ...readNameConstraints(value) };
      return true;
    case "2.5.29.14":
      found.subjectKeyId = readSubjectKeyId(value);
      return !critical; // RFC 5280, 4.2.1.2: must not be critical
    case "2.5.29.35": {
      const keyId = readAuthorityKeyId(value);
      if (keyId !== undefined) found.authorityKeyId = keyId;
      return !critical; // RFC 5280, 4.2.1.1: must not be critical
    }
    default:
      return false;
  }
}

/** RFC 5280, section 4.2.1.9. */
function readBasicConstraints(value: Uint8Array): { ca: boolean; pathLength?: number } {
  const what = "basic constraints extension";
  const reader = openDer(value, tag.sequence, what);
  const flag = reader.optional(tag.boolean);
  // DER leaves a default out, yet `CA:FALSE` written out is common and unambiguous: read, not refused.
  const ca = flag !== undefined && readBoolean(flag, what);
  const length = reader.optional(tag.integer);
  reader.end();
  if (length === undefined) return { ca };
  if (!ca) throw malformed(what, "it limits the path of a certificate that is no authority");
  return { ca, pathLength: readSmallInteger(length, what) };
}

/** RFC 5280, section 4.2.1.3: nine bits at most, at least one set. Bit n of the standard becomes `1 << n`. */
function readKeyUsage(value: Uint8Array): number {
  const what = "key usage extension";
  const { bytes } = readBitString(readWhole(value, tag.bitString, what), what);
  if (bytes.length === 0 || bytes.length > 2) throw malformed(what, "it has no bits, or more than there are");
  let bits = 0;
  for (const [index, byte] of bytes.entries())
    for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >> bit)) !== 0) bits |= 1 << (index * 8 + bit);
  if (bits === 0 || bits >= 1 << 9) throw malformed(what, "it has no bit set, or one that does not exist");
  return bits;
}

/** RFC 5280, section 4.2.1.12: at least one purpose. */
function readPurposes(value: Uint8Array): readonly string[] {
  const what = "extended key usage extension";
  const reader = openDer(value, tag.sequence, what);
  const purposes: string[] = [];
  while (!reader.done) {
    if (purposes.length >= 32) throw malformed(what, "it lists more than 32 purposes");
    purposes.push(readOid(reader.expect(tag.oid, "purpose"), what));
  }
  if (purposes.length === 0) throw malformed(what, "it is empty");
  return purposes;
}

function readSubjectKeyId(value: Uint8Array): string {
  const what = "subject key identifier";
  const { content } = readWhole(value, tag.octetString, what);
  if (content.length === 0 || content.length > 64) throw malformed(what, "it has a bad length");
  return Buffer.from(content).toString("hex");
}

/** The key identifier of an authority key identifier, if it has one (RFC 5280, section 4.2.1.1). */
function readAuthorityKeyId(value: Uint8Array): string | undefined {
  const what = "authority key identifier";
  const reader = openDer(value, tag.sequence, what);
  const keyId = reader.optional(0x80);
  reader.optional(0xa1);
  reader.optional(0x82);
  reader.end();
  if (keyId === undefined) return undefined;
  if (keyId.content.length === 0 || keyId.content.length > 64) throw malformed(what, "it has a bad length");
  return Buffer.from(keyId.content).toString("hex");
}
