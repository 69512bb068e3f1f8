/**
 * Certificate signing requests (PKCS #10, RFC 2986), made and read. A request proves the possession of a key and asks
 * for nothing else: ours hold no name and no attribute, and what others put there is not looked at. Who the workload is,
 * the authority knows from elsewhere, never from the request.
 */
import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { CordonError } from "../errors.ts";
import { importPublicKey, judgePublicKey, signatureAlgorithmOf, signatureStands } from "./algorithms.ts";
import { DerReader, openDer, readBitString, readSmallInteger, tag } from "./der.ts";
import { writeBitString, writeElement, writeInteger, writeSequence } from "./der-writer.ts";

const algorithmIdentifiers: ReadonlyMap<string, { readonly digest: string | null; readonly der: string }> = new Map([
  ["ec", { digest: "sha256", der: "300a06082a8648ce3d040302" }],
  ["rsa", { digest: "sha256", der: "300d06092a864886f70d01010b0500" }],
  ["ed25519", { digest: null, der: "300506032b6570" }],
]);

/**
 * Makes a signing request for a key.
 *
 * @param key private: EC, RSA or Ed25519
 * @returns PEM
 * @throws {CordonError} `SVID_INVALID` for a key of another kind
 */
export async function makeCsr(key: KeyObject): Promise<string> {
  const algorithm = key.type === "private" ? algorithmIdentifiers.get(key.asymmetricKeyType ?? "") : undefined;
  if (algorithm === undefined)
    throw new CordonError("SVID_INVALID", "a signing request needs a private key that is EC, RSA or Ed25519");
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const request = writeSequence(writeInteger(0), writeSequence(), publicKey, writeElement(0xa0));
  const signature = sign(algorithm.digest, request, key);
  const der = writeSequence(request, Buffer.from(algorithm.der, "hex"), writeBitString(signature));
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}

const maxCsrBytes = 16 * 1024;
const pemPattern = /^\s*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/;

/**
 * Reads a request and verifies that whoever made it holds its key.
 *
 * @param csr PEM text or DER bytes, at most 16 KiB
 * @returns the key, as SubjectPublicKeyInfo (DER); nothing else of a request is used
 * @throws {CordonError} `CERTIFICATE_MALFORMED`, `SVID_INVALID` (key or algorithm not allowed, signature does not stand)
 * @see RFC 2986, section 4
 */
export function readCsr(csr: string | Uint8Array): { readonly publicKeyInfo: Uint8Array } {
  if (csr.length > maxCsrBytes) throw refuse(`it is longer than ${maxCsrBytes} bytes`);
  const outer = openDer(typeof csr === "string" ? decodePem(csr) : csr, tag.sequence, "signing request");
  const request = outer.expect(tag.sequence, "request");
  const algorithm = signatureAlgorithmOf(outer.expect(tag.sequence, "signature algorithm").encoded);
  const signature = readBitString(outer.expect(tag.bitString, "signature"), "signing request");
  outer.end();

  const body = new DerReader(request.content, "signing request");
  const version = readSmallInteger(body.expect(tag.integer, "version"), "signing request");
  if (version !== 0) throw refuse("it is not version 1");
  body.expect(tag.sequence, "subject");
  const publicKeyInfo = body.expect(tag.sequence, "public key").encoded;
  body.expect(0xa0, "attributes");
  body.end();

  const verdict = judgePublicKey(publicKeyInfo);
  if ("refused" in verdict) throw refuse(verdict.refused);
  if (algorithm === undefined) throw refuse("it is signed with an algorithm that is not allowed");
  if (
    signature.unusedBits !== 0 ||
    !signatureStands(algorithm, request.encoded, importPublicKey(publicKeyInfo), signature.bytes)
  )
    throw refuse("its signature does not verify, so whoever sent it need not hold the key");
  return { publicKeyInfo };
}

function decodePem(text: string): Uint8Array {
  const body = pemPattern.exec(text)?.[1];
  if (body === undefined) throw refuse("it is not one PEM block");
  return Buffer.from(body, "base64");
}

function refuse(why: string): CordonError {
  return new CordonError("SVID_INVALID", `the signing request is refused: ${why}`);
}
