/**
 * Certificate signing requests (PKCS #10, RFC 2986). In: a private key. Out: a request that proves its possession and
 * asks for nothing else: no name, no attribute. Who the workload is, the authority knows from attestation, never from
 * the request.
 */
import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { CordonError } from "../errors.ts";
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
