/**
 * TLS between workloads. In: our own SVID, and what peers are judged by. Out: options for `node:tls` / `node:https`, and
 * the check that must follow each handshake.
 *
 * `rejectUnauthorized` is off on purpose, on both sides: OpenSSL would judge the peer against pooled authorities and the
 * machine's clock, and that verdict is worth nothing here (identity research, trap 1). {@link authenticatePeer} is the
 * judge, before the first byte is read or written. A connection on which it was not called is not authenticated.
 *
 * No resumption and no 0-RTT: a resumed session skips certificates, so a revoked peer would walk in on an old ticket.
 */
import { constants } from "node:crypto";
import type { ConnectionOptions, TLSSocket, TlsOptions } from "node:tls";
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import { peerChain } from "./peer-chain.ts";
import type { SpiffeId } from "./spiffe-id.ts";
import type { VerifiedSvid, X509Svid } from "./svid.ts";
import { verifyX509Svid, type IdentityTrust, type X509SvidOptions } from "./x509-svid.ts";

/** Options for a server that asks its clients for an SVID. */
export function serverTlsOptions(svid: X509Svid): TlsOptions {
  return { ...commonOptions(svid), requestCert: true };
}

/** Options for a client that presents its SVID. Set `servername` yourself where the peer needs one. */
export function clientTlsOptions(svid: X509Svid): ConnectionOptions {
  return { ...commonOptions(svid), checkServerIdentity: () => undefined };
}

function commonOptions(svid: X509Svid) {
  return {
    key: svid.key.export({ type: "pkcs8", format: "pem" }),
    cert: svid.chain.map(toPem).join(""),
    // None, not absent: absent means the public web's. And a peer that OpenSSL could verify would lose its chain before
    // we can read it (peer-chain.ts).
    ca: [],
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    // With tickets off, TLS 1.3 sessions would be looked up in a server-side cache, of which Node keeps none.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const satisfies TlsOptions & ConnectionOptions;
}

/**
 * Judges the peer of a finished handshake, on either side. Call it in `secureConnection` / `secureConnect`, before any
 * byte is read or written; destroy the socket when it throws.
 *
 * @param expected the only id that will do, where the caller knows whom it dials
 * @throws {CordonError} `IDENTITY_REQUIRED` when the peer presented nothing, `SVID_UNTRUSTED` when it is someone else,
 *   and all of {@link verifyX509Svid}
 * @example
 *   server.on("secureConnection", (socket) => {
 *     const peer = authenticatePeer(socket, snapshot, Date.now());
 *   });
 */
export function authenticatePeer(
  socket: TLSSocket,
  trust: IdentityTrust,
  now: Instant,
  options: X509SvidOptions & { readonly expected?: SpiffeId } = {},
): VerifiedSvid {
  if (socket.isSessionReused())
    throw new CordonError("SVID_UNTRUSTED", "the peer resumed an old session, which proves no identity now; reconnect");
  const chain = peerChain(socket);
  if (chain.length === 0)
    throw new CordonError("IDENTITY_REQUIRED", "the peer presented no certificate; connect with an X.509-SVID");
  const peer = verifyX509Svid(chain, trust, now, options);
  if (options.expected !== undefined && peer.id !== options.expected)
    throw new CordonError("SVID_UNTRUSTED", `the peer is ${peer.id}, where ${options.expected} was expected`);
  return peer;
}

/** A DER certificate as PEM. */
export function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
