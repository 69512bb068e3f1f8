/**
 * Stands in front of an MCP server of standard input and output. In: our identity (the component that the server is), whom to
 * answer (the gateway, nobody else), the server's command. Out: an open HTTPS listener. The server itself listens nowhere:
 * it hears its pipes alone, and those are held here, so there is no way round.
 */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { Clocks, WorkloadIdentity } from "../run/identity.ts";
import { trustOf } from "../tunnel/trust.ts";
import { openHttpSessions } from "./http-sessions.ts";
import type { StdioCommand } from "./stdio-session.ts";

export interface WrapOptions {
  readonly identity: WorkloadIdentity;
  /** The only peer that is answered. */
  readonly gateway: SpiffeId;
  readonly listen: { readonly host: string; readonly port: number };
  readonly command: StdioCommand;
  readonly clocks: Clocks;
  readonly say: (words: string) => void;
}

export interface Wrapped extends AsyncDisposable {
  readonly port: number;
  /** Runs of the server that are under way. */
  readonly sessions: () => number;
}

const maxConnections = 1_000;

/** @throws {CordonError} `USAGE` when it cannot listen there */
export async function wrapStdioServer(options: WrapOptions): Promise<Wrapped> {
  const { identity, gateway, listen, command, clocks, say } = options;
  const sessions = openHttpSessions(command, say);
  const http = createHttpServer((request, response) => sessions.handle(request, response));
  const open = new Set<Socket>();
  const server = createServer({ ...serverTlsOptions(identity.current()), ALPNProtocols: ["http/1.1"] }, (peer) => {
    peer.on("error", () => undefined);
    try {
      authenticatePeer(peer, trustOf(identity.issued()), clocks.wall(), { expected: gateway });
    } catch (error) {
      say(`a connection from ${peer.remoteAddress ?? "?"} was refused: ${(error as Error).message}`);
      return void peer.destroy();
    }
    open.add(peer);
    peer.once("close", () => open.delete(peer));
    http.emit("connection", peer); // only now does anything read from it
  });
  server.maxConnections = maxConnections;
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const stop = identity.onRotate((svid) => server.setSecureContext(serverTlsOptions(svid)));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listen.port, listen.host, resolve);
    });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    throw new CordonError("USAGE", `cannot listen on ${listen.host}:${listen.port} (${code})`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    sessions: sessions.size,
    async [Symbol.asyncDispose]() {
      stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await sessions[Symbol.asyncDispose]();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
