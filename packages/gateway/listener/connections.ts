/**
 * The door. In: TCP connections. Out: TLS 1.3 connections whose peer has been verified before one byte of HTTP is
 * read, each bound to its {@link Caller}; everything else is closed and counted.
 *
 * OpenSSL's own verdict (`authorized`) is not used: it pools the roots of all trust domains. The raw chain is verified
 * against the bundle of its own trust domain, again whenever bundles or revocations change.
 */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { tunnelProtocol } from "@cordon/core/contract/tunnel";
import { peerChain } from "@cordon/core/identity/peer-chain";
import { standingOfCertificate } from "@cordon/core/identity/standing";
import type { IdentitySource } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { GatewayDependencies, GatewayOptions } from "../ports.ts";
import type { Caller } from "./caller.ts";
import { trustNews } from "./trust-news.ts";

export interface ConnectionDeps {
  readonly options: GatewayOptions;
  readonly identity: IdentitySource;
  readonly snapshots: SnapshotSource;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  readonly refused: (error: CordonError, from: string) => void;
  readonly refreshTrust?: GatewayDependencies["refreshTrust"];
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes over a connection that asked for the tunnels' protocol; its peer showed a certificate. */
  readonly tunnel: (socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[]) => void;
}

interface Connection {
  readonly chain: readonly Uint8Array[];
  readonly caller: Caller | undefined;
  readonly openedAtMs: number;
}

export interface Connections {
  readonly server: Server;
  /** The verified peer of a request's connection; `undefined` for one that came without a certificate. */
  callerOf(request: IncomingMessage): Caller | undefined;
  /** True once the connection is older than `connectionMaxAgeMs` and should be drained. */
  isOld(request: IncomingMessage): boolean;
  /** Verifies every live peer again and closes those that no longer hold. */
  reverify(snapshot: Snapshot): void;
  closeAll(): void;
  count(): number;
}

export function openConnections(deps: ConnectionDeps): Connections {
  const { options } = deps;
  const live = new Map<TLSSocket, Connection>();
  const server = createServer(
    {
      ...serverTlsOptions(deps.identity.current()),
      ALPNProtocols: ["http/1.1", tunnelProtocol],
      handshakeTimeout: 10_000,
      maxHeaderSize: options.limits.headerBytes,
      insecureHTTPParser: false,
      requireHostHeader: true,
      headersTimeout: options.receiveTimeoutMs,
      requestTimeout: 0, // bodies that stream through are bounded by the route and the upstream's pace
      keepAliveTimeout: 60_000,
      noDelay: true,
    },
    deps.serve,
  );
  server.maxConnections = options.limits.connections;
  server.maxHeadersCount = 200;

  /** @throws {CordonError} why the peer may not come in */
  const admit = (socket: TLSSocket): void => {
    if (socket.isSessionReused()) throw new CordonError("SVID_INVALID", "the TLS session was resumed; connect afresh");
    const snapshot = deps.snapshots.current();
    const chain = peerChain(socket);
    const caller = chain.length === 0 ? withoutCertificate(snapshot) : verify(chain, snapshot, deps.now());
    live.set(socket, { chain, caller, openedAtMs: deps.monotonicMs() });
    socket.once("close", () => live.delete(socket));
  };
  const refuse = (socket: TLSSocket, error: unknown, from: string): void => {
    socket.destroy();
    deps.refused(
      isCordonError(error)
        ? error
        : new CordonError("SVID_INVALID", "the peer's certificate could not be read", { cause: error }),
      from,
    );
  };

  // Stand between TLS and HTTP: the HTTP parser gets a socket only once its peer is known.
  const [attachHttp] = server.listeners("secureConnection") as [(socket: TLSSocket) => void];
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    const from = socket.remoteAddress ?? "unknown";
    const enter = (): void => {
      admit(socket);
      if (socket.alpnProtocol !== tunnelProtocol) return attachHttp.call(server, socket);
      const { caller, chain } = live.get(socket) ?? {};
      live.delete(socket); // a tunnel is decided again, and its cut recorded, by its own room
      if (caller === undefined || chain === undefined) socket.destroy();
      else deps.tunnel(socket, caller, chain);
    };
    try {
      enter();
    } catch (error) {
      const news = trustNews(error, () => peerChain(socket), deps);
      if (news === undefined) return refuse(socket, error, from);
      // Nothing is read meanwhile. Its keys may be newer than the bundle: asked once, then judged again.
      socket.once("error", () => socket.destroy());
      void news.then((arrived) => {
        if (socket.destroyed) return;
        try {
          if (!arrived) throw error;
          enter();
        } catch (still) {
          refuse(socket, still, from);
        }
      });
    }
  });
  server.on("tlsClientError", (error, socket) => {
    deps.refused(
      new CordonError(
        "SVID_INVALID",
        `the TLS handshake failed: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`,
      ),
      socket.remoteAddress ?? "unknown",
    );
    socket.destroy();
  });
  let judged: Pick<Snapshot, "bundles" | "revocations" | "components" | "tokenIssuers"> | undefined;
  const stopRotation = deps.identity.onRotate((svid) => server.setSecureContext(serverTlsOptions(svid)));
  server.once("close", stopRotation);

  return {
    server,
    callerOf: (request) => live.get(request.socket as TLSSocket)?.caller,
    isOld(request) {
      const connection = live.get(request.socket as TLSSocket);
      return connection === undefined || deps.monotonicMs() - connection.openedAtMs > options.connectionMaxAgeMs;
    },
    reverify(snapshot) {
      const { bundles, revocations, components, tokenIssuers } = snapshot;
      // Nothing else bears on who a peer is: at most other changes ten thousand connections are not looked at.
      if (
        judged?.bundles === bundles &&
        judged.revocations === revocations &&
        judged.components === components &&
        judged.tokenIssuers === tokenIssuers
      )
        return;
      judged = { bundles, revocations, components, ...(tokenIssuers && { tokenIssuers }) };
      for (const [socket, { chain, caller }] of live) {
        try {
          if (caller === undefined) withoutCertificate(snapshot);
          else judgeAgain(caller, chain, snapshot);
        } catch (error) {
          socket.destroy(error as CordonError); // what is still under way on it reads there why it ended
          deps.refused(error as CordonError, socket.remoteAddress ?? "unknown");
        }
      }
    },
    closeAll() {
      for (const socket of live.keys()) socket.destroy();
    },
    count: () => live.size,
  };
}

function verify(chain: readonly Uint8Array[], snapshot: Snapshot, now: Instant): Caller {
  const svid = verifyX509Svid(chain, { bundles: snapshot.bundles, revocations: snapshot.revocations }, now);
  return { id: svid.id, assurance: "x509-svid", svid };
}

/** A live connection stands by registration and by what was withdrawn, not by its leaf's notAfter (DESIGN 6.5). */
function judgeAgain({ svid }: Caller, chain: readonly Uint8Array[], snapshot: Snapshot): void {
  const standing = standingOfCertificate(svid, snapshot);
  if (standing.stands === false) throw new CordonError(standing.code, standing.words);
  if (standing.stands === "unknown") verify(chain, snapshot, svid.notAfter - 1);
}

/** No certificate: only worth listening to where people's clients, or some component, may use a token instead. */
function withoutCertificate(snapshot: Snapshot): undefined {
  if ((snapshot.tokenIssuers?.size ?? 0) > 0) return undefined;
  for (const component of snapshot.components.values()) if (component.bearerTokens) return undefined;
  throw new CordonError("IDENTITY_REQUIRED", "the peer showed no certificate, and no component may use a bearer token");
}
