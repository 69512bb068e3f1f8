/**
 * Where agents reach the control plane: HTTP/1.1 with JSON over TLS 1.3. In: where to listen, the control plane's own
 * identity, and what the API does. Out: an open listener.
 *
 * The peer is judged by our own verifier before a byte of HTTP is read (`core/identity/tls.ts` says why). Without a
 * certificate a caller may read the bundle and enrol a node, nothing else. With one it must be the agent of a node that
 * is enrolled, with the key that it enrolled with. An SVID that has expired is good for renewing alone.
 */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { maxNodeRequestBytes } from "@cordon/core/contract/node-api";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import { nodeOfAgent } from "@cordon/core/identity/node-id";
import type { IdentitySource, VerifiedSvid } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import { readX509Svid, verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import { nodePostureRequest } from "@cordon/core/contract/device-api";
import { checked, refusal, type Answer } from "../api/local-exchange.ts";
import type { Devices } from "../devices/devices.ts";
import type { NodeModels } from "./node-models.ts";
import type { NodeCaller, NodeOperations } from "./node-operations.ts";
import type { Nodes } from "./nodes.ts";

export interface NodeListenerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly identity: IdentitySource;
  readonly snapshots: SnapshotSource;
  readonly operations: NodeOperations;
  readonly models: Pick<NodeModels, "report">;
  /** Where a node is an enrolled device: what it says of itself. */
  readonly devices: Pick<Devices, "reportOwn">;
  readonly nodes: Pick<Nodes, "find">;
  readonly now: () => Instant;
  /** Told of callers that were turned away at the door. */
  readonly refused: (error: CordonError, from: string) => void;
  /** Told of failures that are ours: a bug, a full disk. */
  readonly onFailure: (error: unknown) => void;
}

export interface NodeListener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** The peer of a connection, as the handshake left it. */
type Peer = { readonly svid: VerifiedSvid; readonly expired: boolean } | undefined;

const maxConnections = 4096;

/** @throws {CordonError} `CONFIG_INVALID` when the address cannot be had */
export async function openNodeListener(options: NodeListenerOptions): Promise<NodeListener> {
  const { identity, snapshots, now } = options;
  const peers = new Map<TLSSocket, { readonly chain: readonly Uint8Array[]; readonly peer: Peer }>();
  const server = createServer(
    {
      ...serverTlsOptions(identity.current()),
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: 10_000,
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 60_000,
      noDelay: true,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = maxConnections;
  const [attachHttp] = server.listeners("secureConnection") as [(socket: TLSSocket) => void];
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    try {
      if (socket.isSessionReused())
        throw new CordonError("SVID_INVALID", "the TLS session was resumed; connect afresh");
      const chain = peerChain(socket);
      peers.set(socket, { chain, peer: chain.length === 0 ? undefined : judge(chain) });
      socket.once("close", () => peers.delete(socket));
      attachHttp.call(server, socket);
    } catch (error) {
      socket.destroy();
      options.refused(asRefusal(error), socket.remoteAddress ?? "unknown");
    }
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const stops = [
    identity.onRotate((svid) => server.setSecureContext(serverTlsOptions(svid))),
    // Whoever was revoked is put out at once, a question that is held open included.
    snapshots.subscribe(() => {
      for (const [socket, { chain, peer }] of peers)
        if (peer !== undefined && !stands(chain)) socket.destroy(new CordonError("SVID_REVOKED", "withdrawn"));
    }),
  ];
  await listen(server, options.listen);
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    async [Symbol.asyncDispose]() {
      for (const stop of stops) stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };

  /** @throws {CordonError} unless the chain is an agent's, in force or only expired */
  function judge(chain: readonly Uint8Array[]): Peer {
    const trust = snapshots.current();
    try {
      return { svid: verifyX509Svid(chain, trust, now()), expired: false };
    } catch (error) {
      if (!isCordonError(error, "SVID_EXPIRED")) throw error;
      // As it was at its last moment: everything but its time must hold, revocation included.
      return { svid: verifyX509Svid(chain, trust, readX509Svid(chain).leaf.notAfter - 1), expired: true };
    }
  }

  function stands(chain: readonly Uint8Array[]): boolean {
    try {
      judge(chain);
      return true;
    } catch {
      return false;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    send(response, await respond(request, response));
  }

  /** The answer to one request; never rejects. */
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const left = new AbortController();
    response.once("close", () => left.abort());
    try {
      const peer = peers.get(request.socket as TLSSocket)?.peer;
      const url = new URL(request.url ?? "/", "https://control");
      const body = request.method === "POST" ? await readBody(request) : undefined;
      const { operations } = options;
      switch (`${request.method} ${url.pathname}`) {
        case "GET /v1/bundle":
          return ok(operations.bundle());
        case "POST /v1/nodes/attest":
          return ok(await operations.attest(body));
        case "POST /v1/nodes/renew":
          return ok(await operations.renew(await callerOf(peer, true), body));
        case "GET /v1/node/state": {
          const state = await operations.state(await callerOf(peer), readAfter(url), left.signal);
          return state === undefined ? { status: 204, value: undefined } : ok(state);
        }
        case "POST /v1/svids/x509":
          return ok(await operations.issueX509(await callerOf(peer), body));
        case "POST /v1/node/models":
          return ok(await options.models.report(await callerOf(peer), body));
        case "POST /v1/node/posture": {
          const { node } = await callerOf(peer);
          const { publicKeyInfo, keyFingerprint } = readX509Svid(peerChain(request.socket as TLSSocket)).leaf;
          const key = { publicKey: Buffer.from(publicKeyInfo).toString("base64"), keyFingerprint };
          await options.devices.reportOwn(node, key, checked(nodePostureRequest, body));
          return ok({});
        }
        case "POST /v1/svids/jwt":
          return ok(await operations.issueJwt(await callerOf(peer), body));
        default:
          return refusal(
            404,
            "ROUTE_UNKNOWN",
            `the API for agents has no ${request.method} ${url.pathname.slice(0, 100)}`,
          );
      }
    } catch (error) {
      if (!isCordonError(error)) {
        options.onFailure(error);
        return refusal(500, "INTERNAL", "The control plane failed on this request; its log says why.");
      }
      const status = statusOf[error.code] ?? 500;
      if (status >= 500) options.onFailure(error);
      return refusal(status, error.code, error.message);
    }
  }

  async function callerOf(peer: Peer, evenExpired = false): Promise<NodeCaller> {
    if (peer === undefined)
      throw new CordonError("IDENTITY_REQUIRED", "this is for agents of enrolled nodes; show the agent's SVID");
    const node = nodeOfAgent(peer.svid.id, snapshots.current().trustDomain);
    if (node === undefined)
      throw new CordonError("ACCESS_DENIED", `${peer.svid.id} is a workload; this is for agents of nodes`);
    const enrolled = await options.nodes.find(node);
    if (enrolled === undefined || enrolled.keyFingerprint !== peer.svid.keyFingerprint)
      throw new CordonError("ACCESS_DENIED", `node \`${node}\` is not enrolled with this key; enrol it anew`);
    if (!evenExpired && (peer.expired || peer.svid.notAfter <= now()))
      throw new CordonError("SVID_EXPIRED", `the SVID of ${peer.svid.id} has expired; renew it and connect again`);
    return { node };
  }
}

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  REQUEST_TOO_LARGE: 413,
  BODY_AMBIGUOUS: 400,
  CERTIFICATE_MALFORMED: 400,
  SPIFFE_ID_INVALID: 400,
  SVID_INVALID: 400,
  TOKEN_INVALID: 400,
  IDENTITY_REQUIRED: 401,
  SVID_EXPIRED: 401,
  ACCESS_DENIED: 403,
  TOKEN_NOT_PERMITTED: 403,
  SVID_REVOKED: 403,
  STORE_CONFLICT: 409,
  KEY_SEALED: 503,
  STORE_UNAVAILABLE: 503,
  LEDGER_UNAVAILABLE: 503,
};

function ok(value: unknown): Answer {
  return { status: 200, value };
}

function readAfter(url: URL): number | undefined {
  const text = url.searchParams.get("after");
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new CordonError("REQUEST_MALFORMED", "`after` is a revision, a whole number");
  return Number(text);
}

async function readBody(request: IncomingMessage): Promise<JsonValue> {
  if (request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() !== "application/json")
    throw new CordonError("REQUEST_MALFORMED", "Send the body as `content-type: application/json`.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxNodeRequestBytes)
      throw new CordonError("REQUEST_TOO_LARGE", `The body is longer than ${maxNodeRequestBytes} bytes.`);
    chunks.push(chunk);
  }
  return parseStrictJson(Buffer.concat(chunks), { depth: 8, names: 1024 });
}

function send(response: ServerResponse, { status, value }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  const body = value === undefined ? "" : JSON.stringify(value);
  const headers = { "content-length": Buffer.byteLength(body), "cache-control": "no-store" };
  response.writeHead(status, value === undefined ? headers : { ...headers, "content-type": "application/json" });
  response.end(body);
}

function asRefusal(error: unknown): CordonError {
  if (isCordonError(error)) return error;
  return new CordonError("SVID_INVALID", "the peer's certificate could not be read", { cause: error });
}

function listen(server: Server, at: NodeListenerOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(
        new CordonError(
          "CONFIG_INVALID",
          `cannot listen on ${at.host}:${at.port} for agents (${cause.code}); set \`agents.listen\` to a free address`,
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
