/**
 * The door for other enforcement points: AuthZEN over HTTP/1.1 and HTTP/2, ext_authz over gRPC, on one port of TLS 1.3. In:
 * where to listen, our own identity, who may ask. Out: an open listener.
 *
 * As at every door of ours the peer is judged by our own verifier before a byte of HTTP is read. Whoever shows no SVID, or
 * one that does not hold, is not let in; whoever is no enforcement point of the configuration is answered 403.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { parseStrictJson } from "@cordon/core/contract/strict-json";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import type { IdentitySource, VerifiedSvid } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { answerAuthzen, authzenPaths, metadata, metadataPath } from "./authzen.ts";
import type { Asker, DecisionPointDeps } from "./decision-point.ts";
import { admissions, type DoorLimits } from "./door-limits.ts";
import { checkPath, extAuthzRoutes } from "./ext-authz.ts";
import { enforcementPointOf, type PointSettings } from "./foreign-names.ts";

export interface DoorListenerOptions extends DecisionPointDeps {
  readonly listen: { readonly host: string; readonly port: number };
  /** The base URL of AuthZEN's metadata; made of the address where it is absent. */
  readonly url?: string | undefined;
  readonly identity: IdentitySource;
  readonly points: readonly PointSettings[];
  readonly limits: DoorLimits;
  /** Told of callers that were turned away at the door. */
  readonly refused: (error: CordonError, from: string) => void;
}

export interface DoorListener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

const maxBodyBytes = 262_144;
/** How often connections are looked over. */
const lookEveryMs = 1_000;
/** gRPC's RESOURCE_EXHAUSTED and PERMISSION_DENIED. */
const grpcCodes = { exhausted: 8, denied: 7, unauthenticated: 16 } as const;

const askerKey = createContextKey<() => Asker>(() => {
  throw new ConnectError("nobody is known to ask", Code.Unauthenticated);
});

/** @throws {CordonError} `CONFIG_INVALID` when the address cannot be had */
export async function openDoorListener(options: DoorListenerOptions): Promise<DoorListener> {
  const { identity, snapshots, now, points, limits } = options;
  const room = admissions<TLSSocket>(limits, options.monotonicMs);
  const peers = new Map<TLSSocket, { readonly chain: readonly Uint8Array[]; readonly svid: VerifiedSvid }>();
  const sessions = new WeakMap<object, TLSSocket>();
  const sessionOf = new WeakMap<TLSSocket, ServerHttp2Session>();
  let entering: TLSSocket | undefined;
  let base = "";

  const grpc = connectNodeAdapter({
    routes: extAuthzRoutes(options, ({ values }) => values.get(askerKey)()),
    grpc: true,
    grpcWeb: false,
    connect: false,
    readMaxBytes: maxBodyBytes,
    contextValues: (request) =>
      createContextValues().set(askerKey, () => {
        try {
          return askerOf(request, "ext_authz");
        } catch (error) {
          const code = isCordonError(error, "ACCESS_DENIED") ? Code.PermissionDenied : Code.Unauthenticated;
          throw new ConnectError(error instanceof Error ? error.message : String(error), code);
        }
      }),
  });
  const server: Http2SecureServer = createSecureServer(
    {
      ...serverTlsOptions(identity.current()),
      allowHTTP1: true,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: 10_000,
      maxSessionMemory: 8,
      settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16_384 },
    },
    (request: Http2ServerRequest, response: Http2ServerResponse) => {
      if (request.url.startsWith(checkPath)) check(request, response);
      else void answer(request, response);
    },
  );
  server.on("session", (session: ServerHttp2Session) => {
    if (entering !== undefined) {
      sessions.set(session, entering);
      sessionOf.set(entering, session);
    }
    session.on("error", () => undefined);
  });
  server.on("sessionError", () => undefined);
  const [attachHttp] = server.listeners("secureConnection") as [(socket: TLSSocket) => void];
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    try {
      if (socket.isSessionReused())
        throw new CordonError("SVID_INVALID", "the TLS session was resumed; connect afresh");
      const chain = peerChain(socket);
      if (chain.length === 0)
        throw new CordonError("IDENTITY_REQUIRED", "this is for enforcement points; show an X.509-SVID");
      const svid = verifyX509Svid(chain, snapshots.current(), now());
      const isPoint = enforcementPointOf(points, snapshots.current(), svid.id) !== undefined;
      if (!room.enter(socket, svid.id, isPoint))
        throw new CordonError("DRAINING", `too many connections are open, of ${svid.id} or of all together`);
      peers.set(socket, { chain, svid });
      socket.once("close", () => {
        peers.delete(socket);
        room.leave(socket);
      });
      entering = socket;
      attachHttp.call(server, socket);
    } catch (error) {
      socket.destroy();
      const known = isCordonError(error) ? error : new CordonError("SVID_INVALID", "the certificate could not be read");
      options.refused(known, socket.remoteAddress ?? "unknown");
    } finally {
      entering = undefined;
    }
  });
  server.maxConnections = 2 * limits.connections; // those that have not proved themselves yet are among them
  const looking = setInterval(() => {
    for (const socket of room.overdue()) close(socket);
  }, lookEveryMs);
  looking.unref();
  server.on("tlsClientError", (_error: Error, socket: TLSSocket) => socket.destroy());
  const stops = [
    identity.onRotate((svid) => server.setSecureContext(serverTlsOptions(svid))),
    snapshots.subscribe((snapshot) => {
      for (const [socket, { chain, svid }] of peers)
        try {
          verifyX509Svid(chain, snapshot, Math.min(now(), svid.notAfter - 1));
        } catch {
          socket.destroy();
        }
    }),
  ];
  await listen(server, options.listen);
  const { address, port } = server.address() as AddressInfo;
  base = options.url?.replace(/\/$/, "") ?? `https://${address.includes(":") ? `[${address}]` : address}:${port}`;
  return {
    host: address,
    port,
    url: base,
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      for (const stop of stops) stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of peers.keys()) socket.destroy();
      await closed;
    },
  };

  /** Says goodbye where the protocol has a word for it, and leaves it at that for a second. */
  function close(socket: TLSSocket): void {
    const session = sessionOf.get(socket);
    if (session === undefined || session.closed) return void socket.destroy();
    session.close();
    setTimeout(() => socket.destroy(), lookEveryMs).unref();
  }

  /** ext_authz: within the same bounds as any other question, and nothing of it is read for who may not ask. */
  function check(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const socket = socketOf(request);
    try {
      askerOf(request, "ext_authz");
    } catch (error) {
      const code = isCordonError(error, "ACCESS_DENIED") ? grpcCodes.denied : grpcCodes.unauthenticated;
      return refuseGrpc(response, code, error instanceof Error ? error.message : "refused");
    }
    const ended = socket && room.begin(socket);
    if (ended === undefined)
      return refuseGrpc(response, grpcCodes.exhausted, "too much is asked at once; ask again shortly");
    response.once("close", ended);
    grpc(request, response);
  }

  /** @throws {CordonError} where the peer is no enforcement point that may speak this */
  function askerOf(request: Request, protocol: "authzen" | "ext_authz"): Asker {
    const socket = socketOf(request);
    const svid = socket === undefined ? undefined : peers.get(socket)?.svid;
    if (svid === undefined) throw new CordonError("IDENTITY_REQUIRED", "nobody is known on this connection");
    const point = enforcementPointOf(points, snapshots.current(), svid.id);
    if (point === undefined || !point.settings.protocols.includes(protocol))
      throw new CordonError(
        "ACCESS_DENIED",
        `${svid.id} is no enforcement point that may ask by ${protocol}; list it under \`doors.enforcementPoints\` in cordon.yaml`,
      );
    return { point, fingerprint: svid.fingerprint };
  }

  function socketOf(request: Request): TLSSocket | undefined {
    if (!("stream" in request)) return request.socket as TLSSocket;
    const { session } = request.stream;
    return session === undefined ? undefined : sessions.get(session);
  }

  /** Answers one request; never rejects. */
  async function answer(request: Request, response: Response): Promise<void> {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const socket = socketOf(request);
    const ended = socket && room.begin(socket);
    const { status, value } = await respond(request, ended !== undefined).finally(() => ended?.());
    const id = request.headers["x-request-id"];
    const echoed = typeof id === "string" && /^[\x21-\x7e]{1,200}$/.test(id) ? { "x-request-id": id } : {};
    if (response.destroyed || response.headersSent) return;
    const body = JSON.stringify(value);
    (response as ServerResponse).writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      ...echoed,
    });
    (response as ServerResponse).end(body);
  }

  async function respond(
    request: Request,
    hasRoom: boolean,
  ): Promise<{ readonly status: number; readonly value: unknown }> {
    try {
      if (!hasRoom) throw new CordonError("DRAINING", "too much is asked at once; ask again shortly");
      const asker = askerOf(request, "authzen");
      const path = (request.url ?? "/").split("?")[0] ?? "/";
      if (path === metadataPath) {
        if (request.method !== "GET") throw new CordonError("METHOD_NOT_ALLOWED", "metadata is read with GET");
        return { status: 200, value: metadata(base) };
      }
      if (!(Object.values(authzenPaths) as string[]).includes(path))
        throw new CordonError("ROUTE_UNKNOWN", `nothing is asked at ${path.slice(0, 100)}; see ${metadataPath}`);
      if (request.method !== "POST") throw new CordonError("METHOD_NOT_ALLOWED", "questions are asked with POST");
      const body = await readBody(request);
      return { status: 200, value: await answerAuthzen(options, asker, path, body) };
    } catch (error) {
      if (!isCordonError(error)) options.onFailure(error);
      const known = isCordonError(error)
        ? error
        : new CordonError("INTERNAL", "the control plane failed on this request; its log says why");
      const status = isCordonError(error) ? (statusOf[known.code] ?? 500) : 500;
      return { status, value: { error: { code: known.code, message: known.message } } };
    }
  }
}

/** Trailers alone (gRPC over HTTP/2): the answer without a message. */
function refuseGrpc(response: Http2ServerResponse, code: number, words: string): void {
  response.on("error", () => undefined);
  response.writeHead(200, {
    "content-type": "application/grpc",
    "grpc-status": String(code),
    "grpc-message": encodeURIComponent(words),
  });
  response.end();
}

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  BODY_AMBIGUOUS: 400,
  REQUEST_TOO_LARGE: 413,
  IDENTITY_REQUIRED: 401,
  ACCESS_DENIED: 403,
  ROUTE_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  DRAINING: 429,
  LEDGER_UNAVAILABLE: 503,
  LEDGER_ENTRY_TOO_LARGE: 413,
};

async function readBody(request: Request) {
  if (request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() !== "application/json")
    throw new CordonError("REQUEST_MALFORMED", "send the body as `content-type: application/json`");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes)
      throw new CordonError("REQUEST_TOO_LARGE", `the body is longer than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return parseStrictJson(Buffer.concat(chunks), { depth: 12, names: 8_192 });
}

function listen(server: Http2SecureServer, at: DoorListenerOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(
        new CordonError(
          "CONFIG_INVALID",
          `cannot listen on ${at.host}:${at.port} for enforcement points (${cause.code}); set \`doors.listen\` to a free address`,
          { cause },
        ),
      );
    server.once("error", failed);
    server.listen(at.port, at.host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}
