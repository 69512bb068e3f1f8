/**
 * Makes certificates that no honest authority would, for tests. In: what to put in, right or wrong. Out: DER and keys.
 * Every field can be bent; the defaults make a certificate that verifies.
 */
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { writeBitString, writeElement, writeInteger, writeOid, writeSequence } from "../der-writer.ts";
import { tag } from "../der.ts";
import type { Instant } from "../../instant.ts";

/** Bit numbers of the key usage extension (RFC 5280, section 4.2.1.3). */
export const keyUsageBit = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const;
export const purpose = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" } as const;

export interface Forged {
  readonly der: Uint8Array;
  /** Private. */
  readonly key: KeyObject;
  readonly subject: Uint8Array;
}

export interface Forgery {
  /** Who signs; itself when absent. */
  readonly issuer?: Pick<Forged, "key" | "subject">;
  /** Private key of the subject; a fresh P-256 one when absent. */
  readonly key?: KeyObject;
  /** Common name; absent for an empty subject. */
  readonly subject?: string | undefined;
  readonly notBefore?: Instant;
  readonly notAfter?: Instant;
  readonly serial?: Uint8Array;
  readonly version?: number;
  /** `null` leaves the extension out. */
  readonly basicConstraints?: {
    readonly ca: boolean;
    readonly pathLength?: number;
    readonly critical?: boolean;
  } | null;
  readonly keyUsage?: readonly number[] | null;
  readonly extendedKeyUsage?: readonly string[] | null;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly sanCritical?: boolean;
  /** Whole extensions, as {@link extension} makes them. */
  readonly extra?: readonly Uint8Array[];
  /** Digest of an ECDSA signature; SHA-256 when absent. */
  readonly digest?: "sha1" | "sha256";
}

const ecdsa = { sha1: "300906072a8648ce3d0401", sha256: "300a06082a8648ce3d040302" } as const;

export function forge(forgery: Forgery, now: Instant): Forged {
  const key = forgery.key ?? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const subject = name(forgery.subject);
  const signer = forgery.issuer ?? { key, subject };
  const digest = forgery.digest ?? "sha256";
  const algorithm = Buffer.from(ecdsa[digest], "hex");
  const signed = writeSequence(
    writeElement(0xa0, writeInteger(forgery.version ?? 2)),
    forgery.serial ? writeElement(tag.integer, forgery.serial) : writeInteger(0x1234567890n),
    algorithm,
    signer.subject,
    writeSequence(time(forgery.notBefore ?? now - 60_000), time(forgery.notAfter ?? now + 3_600_000)),
    subject,
    createPublicKey(key).export({ type: "spki", format: "der" }),
    writeElement(0xa3, writeSequence(...extensionsOf(forgery))),
  );
  const signature = sign(digest, signed, signer.key);
  return { der: writeSequence(signed, algorithm, writeBitString(signature)), key, subject };
}

/** A root of a trust domain. */
export function forgeRoot(trustDomain: string, now: Instant, forgery: Forgery = {}): Forged {
  return forge(authority(trustDomain, `root of ${trustDomain}`, forgery), now);
}

/** An authority under another. */
export function forgeIssuer(trustDomain: string, issuer: Forged, now: Instant, forgery: Forgery = {}): Forged {
  return forge({ issuer, ...authority(trustDomain, `issuer of ${trustDomain}`, forgery) }, now);
}

/** A workload's certificate that keeps to X.509-SVID unless told otherwise. */
export function forgeLeaf(id: string, issuer: Forged, now: Instant, forgery: Forgery = {}): Forged {
  return forge(
    {
      issuer,
      uris: [id],
      sanCritical: true,
      basicConstraints: { ca: false },
      keyUsage: [keyUsageBit.digitalSignature],
      extendedKeyUsage: [purpose.serverAuth, purpose.clientAuth],
      ...forgery,
    },
    now,
  );
}

function authority(trustDomain: string, subject: string, forgery: Forgery): Forgery {
  return {
    subject,
    uris: [`spiffe://${trustDomain}`],
    basicConstraints: { ca: true },
    keyUsage: [keyUsageBit.keyCertSign],
    ...forgery,
  };
}

/** One extension. */
export function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [writeElement(tag.boolean, Uint8Array.of(0xff))] : [];
  return writeSequence(writeOid(oid), ...flag, writeElement(tag.octetString, value));
}

/** A critical name constraints extension over URI hosts. */
export function uriConstraints(subtrees: { permitted?: readonly string[]; excluded?: readonly string[] }): Uint8Array {
  const list = (elementTag: number, hosts: readonly string[] = []) =>
    hosts.length === 0
      ? []
      : [writeElement(elementTag, ...hosts.map((host) => writeSequence(writeElement(0x86, Buffer.from(host)))))];
  return extension(
    "2.5.29.30",
    true,
    writeSequence(...list(0xa0, subtrees.permitted), ...list(0xa1, subtrees.excluded)),
  );
}

function extensionsOf(forgery: Forgery): readonly Uint8Array[] {
  const extensions: Uint8Array[] = [];
  const { basicConstraints, keyUsage, extendedKeyUsage, uris = [], dnsNames = [] } = forgery;
  if (basicConstraints) {
    const { ca, pathLength, critical = true } = basicConstraints;
    const flag = ca ? [writeElement(tag.boolean, Uint8Array.of(0xff))] : [];
    const length = pathLength === undefined ? [] : [writeInteger(pathLength)];
    extensions.push(extension("2.5.29.19", critical, writeSequence(...flag, ...length)));
  }
  if (keyUsage) extensions.push(extension("2.5.29.15", true, bits(keyUsage)));
  if (extendedKeyUsage)
    extensions.push(extension("2.5.29.37", false, writeSequence(...extendedKeyUsage.map(writeOid))));
  if (uris.length + dnsNames.length > 0) {
    const names = [
      ...uris.map((uri) => writeElement(0x86, Buffer.from(uri))),
      ...dnsNames.map((dns) => writeElement(0x82, Buffer.from(dns))),
    ];
    extensions.push(extension("2.5.29.17", forgery.sanCritical ?? false, writeSequence(...names)));
  }
  return [...extensions, ...(forgery.extra ?? [])];
}

function bits(numbers: readonly number[]): Uint8Array {
  const byte = numbers.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unused = 7 - Math.max(...numbers);
  return writeElement(tag.bitString, Uint8Array.of(unused, byte));
}

function name(commonName: string | undefined): Uint8Array {
  if (commonName === undefined) return writeSequence();
  const attribute = writeSequence(writeOid("2.5.4.3"), writeElement(tag.utf8String, Buffer.from(commonName)));
  return writeSequence(writeElement(tag.set, attribute));
}

function time(instant: Instant): Uint8Array {
  const digits = new Date(instant).toISOString().replace(/[-:T]|\.\d+/g, "");
  const year = new Date(instant).getUTCFullYear();
  return year < 2050
    ? writeElement(tag.utcTime, Buffer.from(digits.slice(2)))
    : writeElement(tag.generalizedTime, Buffer.from(digits));
}
