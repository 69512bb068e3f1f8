/**
 * An upstream that proves itself with an SVID and, unless told otherwise, ends the connection of whoever shows none. Its
 * port is there before Cordon is, so that a configuration can name it; it serves once it has an identity.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { X509Svid } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";

export interface SpiffeUpstream extends AsyncDisposable {
  readonly url: string;
  admitAnyone: boolean;
  serve(svid: X509Svid): void;
}

export async function openSpiffeUpstream(): Promise<SpiffeUpstream> {
  const http = createHttpServer((_request, response) => response.end("{}"));
  const sockets = new Set<Socket>();
  let tls = createTlsServer();
  const door = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    tls.emit("connection", socket);
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const upstream: SpiffeUpstream = {
    url: `https://127.0.0.1:${(door.address() as AddressInfo).port}/v1`,
    admitAnyone: false,
    serve(svid) {
      tls = createTlsServer(serverTlsOptions(svid));
      tls.on("tlsClientError", () => undefined);
      tls.on("secureConnection", (socket) => {
        socket.on("error", () => undefined);
        const stranger = socket.getPeerX509Certificate() === undefined;
        if (stranger && !upstream.admitAnyone) socket.destroy();
        else http.emit("connection", socket);
      });
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => door.close(resolve));
    },
  };
  return upstream;
}
