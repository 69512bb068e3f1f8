/**
 * How an SVID is got from the control plane. In: the local API's client, and which component to be. Out: functions that
 * issue an SVID for a fresh key, and read the bundle. The private key is made here and never leaves this process.
 *
 * What comes back is verified as a peer would verify it, so that a wrong chain is found here and not by every peer.
 */
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { makeCsr } from "@cordon/core/identity/csr";
import { parseSpiffeId, parseTrustDomain, trustDomainOf, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import { readX509Svid, verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { ControlClient } from "./control-client.ts";
import { systemClocks, type Clocks, type Issued } from "./identity.ts";

const generate = promisify(generateKeyPair);
/** Leaf and intermediates; more is refused before it is parsed. */
const maxChainCharacters = 256 * 1024;

/** A function that has a new X.509-SVID issued to `component`, each time for a new P-256 key. */
export function issueThrough(
  client: ControlClient,
  component: string,
  clocks: Clocks = systemClocks,
): () => Promise<Issued> {
  return async () => {
    const { privateKey, publicKey } = await generate("ec", { namedCurve: "P-256" });
    const answer = await client.issueX509Svid({ component, csr: await makeCsr(privateKey) });
    const chain = derOf(answer.chain);
    const bundle = readBundle(trustDomainOf(parseSpiffeId(answer.id)), answer.bundle);
    const trust = { bundles: new Map([[bundle.trustDomain, bundle]]), revocations: nothingRevoked };
    const verified = verifyX509Svid(chain, trust, clocks.wall());
    const { leaf } = readX509Svid(chain);
    if (verified.id !== answer.id || !isKeyOf(publicKey, leaf.publicKeyInfo))
      throw new CordonError("SVID_INVALID", "The control plane issued an SVID for another key or name than was asked.");
    return {
      svid: { id: verified.id, chain, key: privateKey, notBefore: leaf.notBefore, notAfter: verified.notAfter },
      bundle,
    };
  };
}

/** Reads the bundle of the control plane's own trust domain. */
export async function fetchBundle(client: ControlClient): Promise<TrustBundle> {
  const { trustDomain, bundle } = await client.bundle();
  return readBundle(parseTrustDomain(trustDomain), bundle);
}

const nothingRevoked = { certificates: new Set<never>(), keys: new Set<never>(), workloads: new Set<never>() };

function readBundle(trustDomain: TrustDomain, document: unknown): TrustBundle {
  return parseBundle(trustDomain, Buffer.from(JSON.stringify(document)));
}

function derOf(pem: string): readonly Uint8Array[] {
  if (pem.length > maxChainCharacters) throw new CordonError("CERTIFICATE_MALFORMED", "The issued chain is too long.");
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) =>
    Buffer.from(match[1] ?? "", "base64"),
  );
}

function isKeyOf(publicKey: KeyObject, publicKeyInfo: Uint8Array): boolean {
  return Buffer.compare(publicKey.export({ type: "spki", format: "der" }), publicKeyInfo) === 0;
}
