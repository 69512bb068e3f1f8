/**
 * Proofs that a run lives on a device. In: the device's name and key, the run's identity, the gateway. Out: the newest proof,
 * made again when the identity is, and every half an hour.
 */
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import { makeDeviceProof, proofLifeMs } from "@cordon/core/risk/device-proof";

export interface DeviceKeyFile {
  readonly name: string;
  /** PEM of its private key: P-256 or Ed25519. */
  readonly keyFile: string;
}

/** @throws {CordonError} `USAGE` for a key that cannot be read */
export async function openDeviceProofs(
  { name, keyFile }: DeviceKeyFile,
  current: () => X509Svid,
  gateway: SpiffeId,
  now: () => Instant,
): Promise<() => string> {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(await readFile(keyFile));
  } catch (cause) {
    throw new CordonError("USAGE", `the device's key cannot be read from ${keyFile}`, { cause });
  }
  let made: { readonly leaf: Uint8Array; readonly at: Instant; readonly proof: string } | undefined;
  return () => {
    const [leaf = new Uint8Array()] = current().chain;
    const at = now();
    if (made === undefined || made.leaf !== leaf || at - made.at > proofLifeMs / 2) {
      const proof = makeDeviceProof({ device: name, certificate: sha256Hex(leaf), gateway, issuedAt: at }, key);
      made = { leaf, at, proof };
    }
    return made.proof;
  };
}
