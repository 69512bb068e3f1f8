/**
 * Dials upstreams. In: an upstream's description. Out: sockets on which the peer has been verified before a byte of
 * the request is written: by SPIFFE (its SVID, and the very component that the configuration names), by the web's
 * certificate authorities, or plainly on loopback.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import { standingOfCertificate } from "@cordon/core/identity/standing";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { IdentitySource, VerifiedSvid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot, Upstream } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";

export interface ConnectorDeps {
  readonly identity: IdentitySource;
  readonly snapshots: SnapshotSource;
  readonly now: () => Instant;
}

type Done = (error: Error | null, socket: Socket | null) => void;

export interface Connector {
  /** In the shape that undici's `connect` option takes. */
  readonly connect: (options: unknown, done: Done) => void;
  /** Verifies the peers of live connections again and closes those that no longer hold. */
  reverify(snapshot: Snapshot): void;
}

export function connectorTo(upstream: Upstream, deps: ConnectorDeps): Connector {
  const url = new URL(upstream.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const live = new Map<TLSSocket, { readonly chain: readonly Uint8Array[]; readonly svid: VerifiedSvid }>();
  const { authentication } = upstream;

  const dial = (): Socket => {
    if (authentication.kind === "loopback") return connectTcp({ host: loopbackHost(host), port, noDelay: true });
    const options: ConnectionOptions = {
      host,
      port,
      ALPNProtocols: ["http/1.1"],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    };
    if (authentication.kind === "webpki") {
      const ca = authentication.caFile === undefined ? {} : { ca: readFileSync(authentication.caFile) };
      return connectTls({ ...options, ...ca, minVersion: "TLSv1.2", rejectUnauthorized: true });
    }
    return connectTls({ ...clientTlsOptions(deps.identity.current()), ...options });
  };

  return {
    connect(_options, done) {
      let socket: Socket;
      try {
        socket = dial();
      } catch (error) {
        done(error as Error, null);
        return;
      }
      const timer = setTimeout(
        () =>
          fail(
            new CordonError(
              "UPSTREAM_TIMEOUT",
              `${upstream.name} did not accept a connection within ${upstream.timeouts.connectMs} ms`,
            ),
          ),
        upstream.timeouts.connectMs,
      );
      const settle = (error: Error | null, result: Socket | null): void => {
        clearTimeout(timer);
        socket.off("error", fail);
        done(error, result);
      };
      const fail = (error: Error): void => {
        settle(isCordonError(error) ? error : unreachable(upstream, error), null);
        socket.on("error", () => undefined); // the failure has been told; nobody listens for its echo
        socket.destroy();
      };
      socket.once("error", fail);
      socket.once(authentication.kind === "loopback" ? "connect" : "secureConnect", () => {
        try {
          if (authentication.kind === "spiffe") {
            const chain = peerChain(socket as TLSSocket);
            const svid = verifyPeer(upstream, authentication.peer, chain, deps.snapshots.current(), deps.now());
            live.set(socket as TLSSocket, { chain, svid });
            socket.once("close", () => live.delete(socket as TLSSocket));
          }
          settle(null, socket);
        } catch (error) {
          fail(error as Error);
        }
      });
    },
    reverify(snapshot) {
      if (authentication.kind !== "spiffe") return;
      for (const [socket, { chain, svid }] of live) {
        try {
          if (standingOfCertificate(svid, snapshot).stands === true) continue;
          // A live connection stands by registration and revocation, not by its leaf's notAfter (DESIGN 6.5).
          verifyPeer(upstream, authentication.peer, chain, snapshot, svid.notAfter - 1);
        } catch (error) {
          socket.destroy(error as Error);
        }
      }
    },
  };
}

function verifyPeer(
  upstream: Upstream,
  expected: SpiffeId,
  chain: readonly Uint8Array[],
  snapshot: Snapshot,
  now: Instant,
): VerifiedSvid {
  let peer: VerifiedSvid;
  try {
    peer = verifyX509Svid(chain, { bundles: snapshot.bundles, revocations: snapshot.revocations }, now);
  } catch (cause) {
    throw new CordonError(
      "UPSTREAM_UNTRUSTED",
      `${upstream.name} could not prove its identity: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (peer.id !== expected)
    throw new CordonError(
      "UPSTREAM_UNTRUSTED",
      `${upstream.name} answered as ${peer.id}, but must be ${expected}; nothing was sent`,
    );
  return peer;
}

/** `http:` upstreams are dialled on loopback only, whatever the name resolves to. */
function loopbackHost(host: string): string {
  return host === "localhost" ? "127.0.0.1" : host;
}

function unreachable(upstream: Upstream, cause: Error): CordonError {
  const code = (cause as NodeJS.ErrnoException).code ?? cause.message;
  return new CordonError("UPSTREAM_UNREACHABLE", `${upstream.name} cannot be reached: ${code}`, {
    cause,
  });
}
