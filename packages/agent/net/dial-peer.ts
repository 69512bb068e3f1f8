/**
 * A TLS connection to a peer that has been judged. In: where to dial, whom to expect, our own SVID where we have one. Out:
 * a socket on which the peer was verified, on the raw chain, before a byte was written.
 */
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";

export interface Dial {
  readonly host: string;
  readonly port: number;
  /** Application protocol; the connection is refused when the peer agrees on none. */
  readonly protocol: string;
  /** What we show; nothing when absent. */
  readonly svid?: X509Svid | undefined;
  /** Judges the peer in `secureConnect`; throws to refuse it. */
  readonly judge: (socket: TLSSocket) => void;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 10_000;

/** Judges a peer by trust and expected id. */
export function expectPeer(trust: IdentityTrust, expected: SpiffeId, now: () => Instant): Dial["judge"] {
  return (socket) => void authenticatePeer(socket, trust, now(), { expected });
}

/** Rejects with what `judge` threw, or the network's error. The socket is destroyed then. */
export function dialPeer(dial: Dial): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(dial.svid === undefined ? anonymous : clientTlsOptions(dial.svid)),
      host: dial.host,
      port: dial.port,
      ALPNProtocols: [dial.protocol],
    });
    socket.setNoDelay(true);
    const timer = setTimeout(
      () => fail(new Error(`no connection within ${dial.timeoutMs ?? defaultTimeoutMs} ms`)),
      dial.timeoutMs ?? defaultTimeoutMs,
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.off("error", fail).on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      try {
        dial.judge(socket);
        if (socket.alpnProtocol !== dial.protocol)
          throw new CordonError("UPSTREAM_UNTRUSTED", `the peer does not speak ${dial.protocol}`);
      } catch (error) {
        return fail(error instanceof Error ? error : new Error(String(error)));
      }
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

/** As `clientTlsOptions`, with nothing to show. */
const anonymous: ConnectionOptions = {
  ca: [],
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
  maxVersion: "TLSv1.3",
  checkServerIdentity: () => undefined,
};
