/**
 * What a TLS peer really sent. In: a connected `TLSSocket`. Out: its certificates as DER, leaf first, in the order sent.
 *
 * `getPeerX509Certificate()` is read, not `getPeerCertificate(true)`: Node 24 links the former from the wire
 * (`SSL_get_peer_cert_chain`), verified or not, while the latter follows issuers that OpenSSL could link and drops the
 * rest, so that an unverified chain loses its intermediates, and completes a verified one from the local store.
 */
import type { TLSSocket } from "node:tls";
import { CordonError } from "../errors.ts";
import { maxPresentedCertificates } from "./x509-svid.ts";

/**
 * The raw chain of a peer, after the handshake; empty when it presented none.
 *
 * @throws {CordonError} `SVID_INVALID` when it sent more than {@link maxPresentedCertificates}
 */
export function peerChain(socket: Pick<TLSSocket, "getPeerX509Certificate">): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<object>();
  for (let next = socket.getPeerX509Certificate(); next !== undefined; next = next.issuerCertificate) {
    if (seen.has(next)) break; // a certificate that is its own issuer ends the list
    seen.add(next);
    if (chain.length >= maxPresentedCertificates)
      throw new CordonError("SVID_INVALID", `the peer sent more than ${maxPresentedCertificates} certificates`);
    chain.push(next.raw);
  }
  return chain;
}
