/**
 * What a TLS peer really sent. In: a connected `TLSSocket`. Out: its certificates as DER, leaf first, in the order sent.
 *
 * Two traps of Node 24.21 (crypto_x509.cc, tls/wrap.js; both have tests here):
 * - `getPeerX509Certificate()` links the chain from the wire, verified or not, but takes it out of OpenSSL as it reads:
 *   the second call sees only the leaf (server) or nothing (client). So it is called once per socket and remembered.
 * - A server whose `ca` satisfies OpenSSL makes that call itself, and the chain is gone before anyone else can look. So
 *   `tls.ts` gives OpenSSL no authorities: it is never satisfied, and the chain stays whole.
 * `getPeerCertificate(true)` would not eat the chain, but drops what it cannot link and adds from the local store.
 */
import type { TLSSocket } from "node:tls";
import { CordonError } from "../errors.ts";
import { maxPresentedCertificates } from "./x509-svid.ts";

const chains = new WeakMap<object, readonly Uint8Array[]>();

/**
 * The raw chain of a peer, after the handshake; empty when it presented none. The same answer however often it is asked.
 * Whatever reads the peer's certificate by Node's own calls must do so after this, and sees less.
 *
 * @throws {CordonError} `SVID_INVALID` when it sent more than {@link maxPresentedCertificates}
 */
export function peerChain(socket: Pick<TLSSocket, "getPeerX509Certificate">): readonly Uint8Array[] {
  let chain = chains.get(socket);
  if (chain === undefined) {
    chain = readChain(socket);
    if (chain.length > 0) chains.set(socket, chain); // before the handshake there is nothing to remember
  }
  if (chain.length > maxPresentedCertificates)
    throw new CordonError("SVID_INVALID", `the peer sent more than ${maxPresentedCertificates} certificates`);
  return chain;
}

/** At most one certificate more than is allowed, which tells that there were too many. */
function readChain(socket: Pick<TLSSocket, "getPeerX509Certificate">): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<object>();
  for (let next = socket.getPeerX509Certificate(); next !== undefined; next = next.issuerCertificate) {
    if (seen.has(next) || chain.length > maxPresentedCertificates) break; // its own issuer, or far too long
    seen.add(next);
    chain.push(next.raw);
  }
  return chain;
}
