/**
 * The server's end of a tunnel: stands before a server that knows nothing of identities. In: our identity (the
 * component's), whom to let in (the gateway, nobody else), the server. Out: an open listener.
 *
 * Decisions are the gateway's; this end makes sure that nothing comes but through it. Bind the server to loopback, or to a
 * unix socket, so that nobody walks round.
 */
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { readTunnelMessage } from "@cordon/core/contract/read-message";
import { encodeTunnelMessage, tunnelProtocol, tunnelQuestion } from "@cordon/core/contract/tunnel";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { Clocks, WorkloadIdentity } from "../run/identity.ts";
import { splice } from "./splice.ts";
import { trustOf } from "./trust.ts";

export type ServerAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface ServerEndOptions {
  readonly identity: WorkloadIdentity;
  /** The only peer that is let in. */
  readonly gateway: SpiffeId;
  readonly listen: { readonly host: string; readonly port: number };
  readonly server: ServerAddress;
  readonly clocks: Clocks;
  readonly say: (words: string) => void;
}

export interface ServerEnd extends AsyncDisposable {
  readonly port: number;
  readonly open: () => number;
}

const openMs = 10_000;
const connectMs = 5_000;
const maxConnections = 10_000;

/** @throws {CordonError} `USAGE` when it cannot listen there */
export async function openServerEnd(options: ServerEndOptions): Promise<ServerEnd> {
  const { identity, say, clocks } = options;
  const open = new Set<Socket>();
  const server = createServer({ ...serverTlsOptions(identity.current()), ALPNProtocols: [tunnelProtocol] }, (peer) => {
    peer.on("error", () => undefined);
    serve(peer).catch((error: unknown) => {
      say(`a connection from ${peer.remoteAddress ?? "?"} was refused: ${(error as Error).message}`);
      peer.destroy();
    });
  });
  server.maxConnections = maxConnections;
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const stop = identity.onRotate((svid) => server.setSecureContext(serverTlsOptions(svid)));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.listen.port, options.listen.host, resolve);
    });
  } catch (cause) {
    const { host, port } = options.listen;
    throw new CordonError("USAGE", `cannot listen on ${host}:${port} (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    open: () => open.size,
    async [Symbol.asyncDispose]() {
      stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };

  /** Who, then what, then the server; no byte of it moves before. */
  async function serve(peer: TLSSocket): Promise<void> {
    authenticatePeer(peer, trustOf(identity.issued()), clocks.wall(), { expected: options.gateway });
    if (peer.alpnProtocol !== tunnelProtocol)
      throw new CordonError("REQUEST_MALFORMED", `the peer does not speak ${tunnelProtocol}`);
    peer.setNoDelay(true);
    peer.allowHalfOpen = true;
    open.add(peer);
    peer.once("close", () => open.delete(peer));
    const timer = setTimeout(() => peer.destroy(), openMs);
    const { id = "" } = await readTunnelMessage(peer, tunnelQuestion).finally(() => clearTimeout(timer));
    let inner: Socket;
    try {
      inner = await dial(options.server);
    } catch (error) {
      const words = `the server behind it cannot be reached (${(error as NodeJS.ErrnoException).code ?? "timed out"})`;
      peer.end(encodeTunnelMessage({ v: 1, ok: false, code: "UPSTREAM_UNREACHABLE", words, id }));
      say(words);
      return;
    }
    if (peer.destroyed) return void inner.destroy();
    peer.write(encodeTunnelMessage({ v: 1, ok: true, id }));
    splice(peer, inner);
  }
}

function dial(address: ServerAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const at = "socketPath" in address ? { path: address.socketPath } : { ...address, noDelay: true };
    const socket = connect({ ...at, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(new Error("timed out")), connectMs);
    socket.once("error", reject);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("close", () => clearTimeout(timer));
  });
}
