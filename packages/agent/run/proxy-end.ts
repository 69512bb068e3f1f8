/**
 * A proxy of its own on loopback, for programs that `cordon run` did not start or that speak to it by a unix socket. In: where
 * to listen, the way to the outside. Out: an open listener. It serves CONNECT and absolute `http:`, to whoever has the secret.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import type { EgressProxy } from "./egress-proxy.ts";
import { answer } from "./forward.ts";
import { isAbsolute } from "./plain-proxy.ts";

export interface ProxyEnd extends AsyncDisposable {
  readonly port: number;
}

/** @throws {CordonError} `USAGE` when it cannot listen there */
export async function openProxyEnd(
  egress: EgressProxy,
  listen: { readonly host: string; readonly port: number } = { host: "127.0.0.1", port: 0 },
): Promise<ProxyEnd> {
  const server = createServer((request, response: ServerResponse) => {
    if (isAbsolute(request.url ?? "")) return egress.plain(request, response);
    answer(response, "/", 404, "not_a_proxy_request", "This is a proxy: set HTTPS_PROXY and HTTP_PROXY to it.");
  });
  const taken = new Set<Duplex>();
  server.on("connect", (request, socket, head) => {
    taken.add(socket);
    socket.once("close", () => taken.delete(socket));
    egress.connect(request, socket, head);
  });
  server.requestTimeout = 0;
  server.maxHeadersCount = 200;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "another program has the port" : cause.message;
      reject(new CordonError("USAGE", `Cannot listen on ${listen.host}:${listen.port}: ${why}.`, { cause }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of taken) socket.destroy();
      await closed;
    },
  };
}
