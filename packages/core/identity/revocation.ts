/**
 * Whether an identity that was once verified still stands. In: a verified SVID and today's revocations. Out: the reason
 * it no longer does, or nothing. Used at verification, and again for every live connection when revocations change.
 *
 * ECDSA signatures have a twin: with (r, s) also (r, n - s) verifies. Anyone can so turn a certificate or a token into
 * another that differs in bytes, hence in fingerprint, and verifies all the same. A revocation by fingerprint that did
 * not cover the twin would be undone by its holder in one subtraction.
 */
import type { Revocations } from "../policy/snapshot.ts";
import { readEcdsaSignature, signatureAlgorithmOf } from "./algorithms.ts";
import { sha256Hex, type Certificate } from "./certificate.ts";
import { writeBitString, writeInteger, writeSequence } from "./der-writer.ts";
import type { VerifiedSvid } from "./svid.ts";

/** Why this SVID is revoked, in words; `undefined` when it stands. */
export function revocationOf(svid: VerifiedSvid, revocations: Revocations): string | undefined {
  if (revocations.workloads.has(svid.id)) return "every SVID of this workload was withdrawn";
  if (revocations.certificates.has(svid.fingerprint))
    return `the SVID with fingerprint ${svid.fingerprint} was withdrawn`;
  if (svid.twinFingerprint !== undefined && revocations.certificates.has(svid.twinFingerprint))
    return `the SVID with fingerprint ${svid.twinFingerprint}, of which this is the signature's twin, was withdrawn`;
  if (svid.keyFingerprint !== undefined && revocations.keys.has(svid.keyFingerprint))
    return `its key ${svid.keyFingerprint} was withdrawn`;
  const above = svid.authorities.find((one) => revocations.keys.has(one) || revocations.certificates.has(one));
  return above === undefined ? undefined : `the authority ${above} above it was withdrawn`;
}

/** Group orders by curve (SEC 2, version 2), under the bytes of one coordinate. */
const orders: ReadonlyMap<number, bigint> = new Map([
  [32, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  [48, 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n],
  [
    66,
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ],
]);

/** Bytes of a coordinate by the length of an EC SubjectPublicKeyInfo (the three curves that `algorithms.ts` allows). */
const coordinateBytes: ReadonlyMap<number, number> = new Map([
  [91, 32],
  [120, 48],
  [158, 66],
]);

/** The fingerprint of the certificate that differs only by its signature's twin; nothing for other algorithms. */
export function twinFingerprint(leaf: Certificate, issuer: Certificate): { readonly twinFingerprint?: string } {
  if (signatureAlgorithmOf(leaf.signatureAlgorithm)?.family !== "ec") return {};
  const order = orders.get(coordinateBytes.get(issuer.publicKeyInfo.length) ?? 0);
  if (order === undefined) return {};
  const { r, s } = readEcdsaSignature(leaf.signature);
  const twin = writeSequence(writeInteger(toBigInt(r)), writeInteger(order - toBigInt(s)));
  return {
    twinFingerprint: sha256Hex(writeSequence(leaf.signed, leaf.signatureAlgorithm, writeBitString(twin))),
  };
}

/** The twin of a JOSE signature (r and s side by side, RFC 7518, 3.4), or `undefined` where it is not ECDSA's size. */
export function twinOfJoseSignature(signature: Uint8Array): Uint8Array | undefined {
  const size = signature.length / 2;
  const order = orders.get(size);
  if (order === undefined) return undefined;
  const s = (order - toBigInt(signature.subarray(size))).toString(16).padStart(size * 2, "0");
  return Buffer.concat([signature.subarray(0, size), Buffer.from(s, "hex")]);
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}
