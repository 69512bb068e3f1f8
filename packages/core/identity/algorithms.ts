/**
 * Which keys and signatures count. In: AlgorithmIdentifiers and SubjectPublicKeyInfo as DER. Out: what to hand to
 * node:crypto, or why not.
 *
 * Allow-lists compare the whole AlgorithmIdentifier byte for byte, parameters included: there is no room for a NULL that
 * should not be there, an unexpected salt length, or a curve written out by hand (CVE-2020-0601).
 */
import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";
import { malformed, openDer, readBitString, readIntegerBytes, tag } from "./der.ts";
import { hasRocaMark } from "./roca.ts";

export type KeyFamily = "ec" | "rsa" | "ed25519";

interface SignatureAlgorithm {
  readonly name: string;
  readonly family: KeyFamily;
  /** Digest name for node:crypto; `null` where the scheme brings its own. */
  readonly digest: string | null;
  readonly pss?: boolean;
}

const signatureAlgorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ["300a06082a8648ce3d040302", { name: "ecdsa-with-SHA256", family: "ec", digest: "sha256" }],
  ["300a06082a8648ce3d040303", { name: "ecdsa-with-SHA384", family: "ec", digest: "sha384" }],
  ["300a06082a8648ce3d040304", { name: "ecdsa-with-SHA512", family: "ec", digest: "sha512" }],
  ["300d06092a864886f70d01010b0500", { name: "sha256WithRSAEncryption", family: "rsa", digest: "sha256" }],
  ["300d06092a864886f70d01010c0500", { name: "sha384WithRSAEncryption", family: "rsa", digest: "sha384" }],
  ["300d06092a864886f70d01010d0500", { name: "sha512WithRSAEncryption", family: "rsa", digest: "sha512" }],
  [pssIdentifier("01", "20"), { name: "RSASSA-PSS with SHA-256", family: "rsa", digest: "sha256", pss: true }],
  [pssIdentifier("02", "30"), { name: "RSASSA-PSS with SHA-384", family: "rsa", digest: "sha384", pss: true }],
  [pssIdentifier("03", "40"), { name: "RSASSA-PSS with SHA-512", family: "rsa", digest: "sha512", pss: true }],
  ["300506032b6570", { name: "Ed25519", family: "ed25519", digest: null }],
]);

/** RSASSA-PSS (RFC 4055) with one hash for message and MGF1, and a salt as long as the hash. */
function pssIdentifier(hash: string, salt: string): string {
  const hashId = `300d06096086480165030402${hash}0500`;
  return `304106092a864886f70d01010a3034a00f${hashId}a11c301a06092a864886f70d010108${hashId}a2030201${salt}`;
}

interface KeyAlgorithm {
  readonly name: string;
  readonly family: KeyFamily;
  /** Exact size of the public key's bytes; 0 for RSA, which is measured. */
  readonly keyBytes: number;
}

const keyAlgorithms: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ["301306072a8648ce3d020106082a8648ce3d030107", { name: "P-256", family: "ec", keyBytes: 65 }],
  ["301006072a8648ce3d020106052b81040022", { name: "P-384", family: "ec", keyBytes: 97 }],
  ["301006072a8648ce3d020106052b81040023", { name: "P-521", family: "ec", keyBytes: 133 }],
  ["300d06092a864886f70d0101010500", { name: "RSA", family: "rsa", keyBytes: 0 }],
  ["300506032b6570", { name: "Ed25519", family: "ed25519", keyBytes: 32 }],
]);

const minRsaBits = 2048;
const maxRsaBits = 8192; // bounds what a stranger's certificate can make us compute

/**
 * Why a public key may not be used, or its family. Reads DER only; nothing reaches OpenSSL before this has passed.
 *
 * @param spki SubjectPublicKeyInfo, DER
 * @throws {CordonError} `CERTIFICATE_MALFORMED`
 */
export function judgePublicKey(spki: Uint8Array): { readonly family: KeyFamily } | { readonly refused: string } {
  const what = "public key";
  const reader = openDer(spki, tag.sequence, what);
  const algorithm = keyAlgorithms.get(hex(reader.expect(tag.sequence, "algorithm").encoded));
  const { bytes, unusedBits } = readBitString(reader.expect(tag.bitString, "key"), what);
  reader.end();
  if (algorithm === undefined)
    return { refused: "its key is none of P-256, P-384, P-521, RSA of 2048 to 8192 bits, Ed25519" };
  if (unusedBits !== 0) throw malformed(what, "its key is not whole bytes");
  if (algorithm.family === "rsa") return judgeRsaKey(bytes);
  if (bytes.length !== algorithm.keyBytes || (algorithm.family === "ec" && bytes[0] !== 0x04))
    return { refused: `its ${algorithm.name} key is not an uncompressed point of ${algorithm.keyBytes} bytes` };
  return { family: algorithm.family };
}

function judgeRsaKey(bytes: Uint8Array): { readonly family: KeyFamily } | { readonly refused: string } {
  const reader = openDer(bytes, tag.sequence, "RSA key");
  const modulus = readIntegerBytes(reader.expect(tag.integer, "modulus"), "RSA key");
  const exponent = readIntegerBytes(reader.expect(tag.integer, "exponent"), "RSA key");
  reader.end();
  const first = modulus[0] ?? 0x80;
  if (first >= 0x80) throw malformed("RSA key", "its modulus is negative");
  const leading = first === 0 ? (modulus[1] ?? 0) : first;
  const bits = (modulus.length - (first === 0 ? 1 : 0)) * 8 - (Math.clz32(leading) - 24);
  if (bits < minRsaBits || bits > maxRsaBits)
    return { refused: `its RSA key has ${bits} bits, where ${minRsaBits} to ${maxRsaBits} are allowed` };
  // FIPS 186-5, A.1.1: odd, above 2^16. Bounded above as well, since the exponent is the verifier's work.
  const value = exponent.length <= 4 ? exponent.reduce((sum, byte) => sum * 256 + byte, 0) : 0;
  if ((exponent[0] ?? 0x80) >= 0x80 || value <= 65536 || value % 2 === 0)
    return { refused: "its RSA key has an exponent that is even, below 65537 or absurdly long" };
  if (hasRocaMark(modulus)) return { refused: "its RSA key was made by a library whose keys can be broken (ROCA)" };
  return { family: "rsa" };
}

/** Makes a `KeyObject` of an SPKI that {@link judgePublicKey} let pass. */
export function importPublicKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw malformed("public key", `OpenSSL refuses it${cause instanceof Error ? ` (${cause.message})` : ""}`);
  }
}

/** The signature algorithm behind an AlgorithmIdentifier (DER), or `undefined` when it is not one that counts. */
export function signatureAlgorithmOf(identifier: Uint8Array): SignatureAlgorithm | undefined {
  return signatureAlgorithms.get(hex(identifier));
}

/** Whether `signature` over `message` stands under `key`. False for every failure; never throws. */
export function signatureStands(
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType !== algorithm.family) return false;
  if (algorithm.family === "ec" && !isStrictEcdsaSignature(signature)) return false;
  try {
    return verify(
      algorithm.digest,
      message,
      algorithm.pss === true
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : key,
      signature,
    );
  } catch {
    return false; // OpenSSL throws for some malformed inputs: not a signature, so it does not stand
  }
}

/** True when the bytes are exactly SEQUENCE { INTEGER r, INTEGER s }, both minimal: one signature, one encoding. */
function isStrictEcdsaSignature(signature: Uint8Array): boolean {
  try {
    readEcdsaSignature(signature);
    return true;
  } catch {
    return false;
  }
}

/** The two integers of an ECDSA signature, as the DER content of each. @throws {CordonError} `CERTIFICATE_MALFORMED` */
export function readEcdsaSignature(signature: Uint8Array): { readonly r: Uint8Array; readonly s: Uint8Array } {
  const reader = openDer(signature, tag.sequence, "signature");
  const r = readIntegerBytes(reader.expect(tag.integer, "r"), "signature");
  const s = readIntegerBytes(reader.expect(tag.integer, "s"), "signature");
  reader.end();
  return { r, s };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
