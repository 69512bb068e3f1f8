/** An honest mTLS server in the gateway's place, for tests: shows an SVID, asks for one, remembers what it was sent. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { TrustBundle } from "@cordon/core/policy/snapshot";

export interface Seen {
  readonly peer: string;
  readonly fingerprint: string;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
}

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly seen: Seen[];
  /** Application bytes received, whoever sent them. */
  bytes(): number;
}

export async function testGateway(
  svid: X509Svid,
  bundle: TrustBundle,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestGateway> {
  const seen: Seen[] = [];
  let bytes = 0;
  const peers = new WeakMap<object, { id: string; fingerprint: string }>();
  const http = createHttpServer((request, response) => {
    const peer = peers.get(request.socket);
    seen.push({
      peer: peer?.id ?? "",
      fingerprint: peer?.fingerprint ?? "",
      method: request.method ?? "",
      url: request.url ?? "",
      rawHeaders: request.rawHeaders,
    });
    handler(request, response);
  });
  const connections = new Set<TLSSocket>();
  const none = new Set<never>();
  const tls = createTlsServer(serverTlsOptions(svid), (socket) => {
    connections.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => connections.delete(socket));
    const trust = {
      bundles: new Map([[bundle.trustDomain, bundle]]),
      revocations: { certificates: none, keys: none, workloads: none },
    };
    try {
      peers.set(socket, authenticatePeer(socket, trust, Date.now()));
      http.emit("connection", socket);
    } catch {
      // An impostor in these tests judges nobody: it takes whatever it is given, and counts it.
      socket.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      });
    }
  });
  tls.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(tls.address() as AddressInfo).port}`,
    seen,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}
