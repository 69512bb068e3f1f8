/**
 * The door inside an intercepted connection. In: the bytes of a client whose ClientHello named the host, and a certificate
 * for it. Out: TLS that ends here, and HTTP/1.1 requests handed to whoever serves them. Only `http/1.1` is offered (ALPN): a
 * client that insists on HTTP/2 is told so by its handshake.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { createSecureContext, TLSSocket, type SecureContext } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import { toPem } from "@cordon/core/identity/tls";
import type { GatewayOptions, InterceptionLeaves } from "../ports.ts";
import type { InnerConnection } from "./inner-requests.ts";
import { openPair } from "./pair.ts";

export interface InnerDoorDeps {
  readonly options: Pick<GatewayOptions, "limits" | "receiveTimeoutMs">;
  readonly serve: (request: IncomingMessage, response: ServerResponse, within: InnerConnection) => void;
  /** Hears of what never became a request. */
  readonly refused: (error: CordonError, from: string) => void;
}

export interface InnerEnd {
  /** The raw side: what the client sends goes in here, what it is sent comes out. */
  readonly socket: Duplex;
  /** Ends what is under way inside, and says why. */
  close(why: CordonError): void;
}

type Leaf = Awaited<ReturnType<InterceptionLeaves["leafFor"]>>;

export interface InnerDoor extends Disposable {
  /**
   * @param leaf whom to be; absent where the connection is in the clear
   * @param from the client's address, as the outer connection has it
   */
  open(leaf: Leaf | undefined, within: InnerConnection, from: string): InnerEnd;
}

export function openInnerDoor({ options, serve, refused }: InnerDoorDeps): InnerDoor {
  const open = new WeakMap<object, InnerConnection>();
  const contexts = new WeakMap<object, SecureContext>();
  const server = createServer(
    {
      maxHeaderSize: options.limits.headerBytes,
      insecureHTTPParser: false,
      requireHostHeader: true,
      headersTimeout: options.receiveTimeoutMs,
      requestTimeout: 0, // bodies that stream through are bounded by the destination and its pace
      keepAliveTimeout: 0, // the connection itself is cut when it idles
    },
    (request, response) => {
      const within = open.get(request.socket);
      if (within === undefined) request.socket.destroy();
      else serve(request, response, within);
    },
  );
  server.maxHeadersCount = 200;
  // It listens nowhere: connections are handed to it. Without this Node does not hold heads to their time.
  server.emit("listening");
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    refuse(socket, 405, "a CONNECT inside a connection that is looked into is refused", request.socket);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") return void socket.destroy();
    const [status, words]: [number, string] =
      error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "the head of the request is too long"]
        : [400, `the request is not HTTP/1.1 (${error.code ?? "unknown"})`];
    refuse(socket, status, words, socket);
  });

  function refuse(socket: Duplex, status: number, words: string, at: Socket): void {
    const error = new CordonError("REQUEST_MALFORMED", words);
    refused(error, open.get(at)?.caller().id ?? "unknown");
    const body = `${JSON.stringify({ error: { code: error.code, message: words } })}\n`;
    socket.on("error", () => undefined);
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `Connection: close\r\n\r\n${body}`,
    );
  }

  function tlsOn(inner: Duplex, leaf: Leaf): TLSSocket {
    let context = contexts.get(leaf);
    if (context === undefined) {
      const cert = leaf.chain.map(toPem).join("");
      const key = leaf.key.export({ type: "pkcs8", format: "pem" });
      contexts.set(leaf, (context = createSecureContext({ key, cert, minVersion: "TLSv1.2" })));
    }
    const tls = new TLSSocket(inner, {
      ...{ isServer: true, secureContext: context, ALPNProtocols: ["http/1.1"], requestCert: false },
    });
    const timer = setTimeout(() => tls.destroy(), options.receiveTimeoutMs);
    tls.once("close", () => clearTimeout(timer));
    tls.once("secure", () => {
      clearTimeout(timer);
      server.emit("connection", tls);
    });
    return tls;
  }

  return {
    open(leaf, within, from) {
      // A pair, and not the client's own socket: TLS on TLS shares handles, and must not outlive what it stands on.
      const [outer, inner] = openPair();
      const door = leaf === undefined ? inner : tlsOn(inner, leaf);
      Object.defineProperty(door, "remoteAddress", { value: from });
      open.set(door, within);
      door.on("error", () => undefined); // it is seen as its close
      door.once("close", () => inner.destroy());
      outer.once("close", () => door.destroy());
      if (leaf === undefined) server.emit("connection", door);
      return { socket: outer, close: (why) => void door.destroy(why) };
    },
    [Symbol.dispose]() {
      server.close();
    },
  };
}
