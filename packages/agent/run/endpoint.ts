/**
 * The endpoint that a child talks to: plain HTTP on loopback, or on a unix socket. In: where to listen, the run's
 * secret, the link to the gateway. Out: an open endpoint. Every request's caller is checked before anything is read
 * from or sent to the gateway.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import type { CheckpointKeeper } from "./checkpoints.ts";
import type { Instant } from "@cordon/core/instant";
import type { AccessKey } from "@cordon/core/s3/sigv4";
import { admitS3, isS3Request, type S3Passage } from "./s3-caller.ts";
import { digestOf, refuseCaller } from "./caller.ts";
import type { EndpointAddress } from "./environment.ts";
import type { EgressProxy } from "./egress-proxy.ts";
import { answer, forward } from "./forward.ts";
import type { GatewayLink } from "./gateway-link.ts";
import { isAbsolute } from "./plain-proxy.ts";

/** Longest path of a unix socket on Linux, in bytes (`sun_path` less its NUL). */
const maxSocketPathBytes = 107;

export interface EndpointOptions {
  readonly link: GatewayLink;
  readonly secret: string;
  /** Where to listen; a random loopback port unless a socket path is given. */
  readonly socketPath?: string;
  readonly checkpoints: Pick<CheckpointKeeper, "begin">;
  /** Shows the device that this runs on. */
  readonly deviceProof?: () => string;
  /** Lets the run act for a person. */
  readonly delegation?: (() => string) | undefined;
  /** The run's way to the outside, where there is one. */
  readonly egress?: EgressProxy;
  /** The keys that S3 clients of the run sign with, where it is led to S3. */
  readonly s3?: { readonly key: AccessKey; readonly now: () => Instant };
}

export interface Endpoint extends AsyncDisposable {
  readonly address: EndpointAddress;
}

/**
 * Opens the endpoint.
 *
 * @throws {CordonError} `USAGE` when the socket path cannot be used
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const secretDigest = digestOf(options.secret);
  const server = createServer((request, response) => {
    const target = request.url ?? "";
    if (options.egress !== undefined && isAbsolute(target)) return options.egress.plain(request, response);
    const bySignature = options.s3 !== undefined && isS3Request(target);
    const refusal = refuseCaller(target, request.rawHeaders, bySignature ? undefined : secretDigest);
    if (refusal !== undefined) return answer(response, target, refusal.status, refusal.code, refusal.words);
    if (target.includes(options.secret))
      return answer(response, target, 400, "secret_in_url", "Send the key in a header; URLs end up in logs.");
    if (!bySignature || options.s3 === undefined) return serve(request, response, options);
    try {
      const { key, now } = options.s3;
      const passage = admitS3(request.method ?? "", target, request.rawHeaders, key, now());
      serve(request, response, options, passage);
    } catch (error) {
      if (!(error instanceof CordonError)) throw error;
      answer(response, target, error.code === "SIGNATURE_INVALID" ? 403 : 400, error.code, error.message);
    }
  });
  const { egress } = options;
  // From a CONNECT on a connection is no longer the HTTP server's, but it still keeps it open.
  const taken = new Set<Duplex>();
  if (egress !== undefined)
    server.on("connect", (request, socket, head) => {
      taken.add(socket);
      socket.once("close", () => taken.delete(socket));
      egress.connect(request, socket, head);
    });
  // The gateway has its own time limits; a model may think for longer than Node's defaults.
  server.requestTimeout = 0;
  server.maxHeadersCount = 200;
  const address = await (options.socketPath === undefined ? listenTcp(server) : listenUnix(server, options.socketPath));
  return {
    address,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of taken) socket.destroy();
      await closed;
    },
  };
}

function serve(request: IncomingMessage, response: ServerResponse, options: EndpointOptions, s3?: S3Passage): void {
  const target = request.url ?? "";
  options.link.dispatcher().then(
    (dispatcher) =>
      forward(request, response, {
        dispatcher,
        origin: options.link.origin,
        secret: options.secret,
        checkpoints: options.checkpoints,
        ...(options.deviceProof === undefined ? {} : { deviceProof: options.deviceProof }),
        delegation: options.delegation,
        ...(s3 === undefined ? {} : { s3 }),
      }),
    (error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      const code = error instanceof CordonError ? error.code.toLowerCase() : "identity_unavailable";
      answer(response, target, 502, code, words);
    },
  );
}

async function listenTcp(server: Server): Promise<EndpointAddress> {
  await listening(server, () => server.listen(0, "127.0.0.1"));
  return { port: (server.address() as AddressInfo).port };
}

async function listenUnix(server: Server, socketPath: string): Promise<EndpointAddress> {
  if (Buffer.byteLength(socketPath) > maxSocketPathBytes)
    throw new CordonError(
      "USAGE",
      `The socket path ${socketPath} is longer than ${maxSocketPathBytes} bytes, which is all that the system takes. ` +
        "Choose a shorter one.",
    );
  const folder = dirname(socketPath);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const held = await lstat(folder);
  // The folder guards the moment between bind and chmod, and against someone else's socket in our place.
  if (!held.isDirectory() || held.uid !== process.getuid?.() || (held.mode & 0o077) !== 0)
    throw new CordonError(
      "USAGE",
      `The folder ${folder} must belong to this user and to nobody else (mode 0700), for it holds the run's socket.`,
    );
  await listening(server, () => server.listen(socketPath)).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "EADDRINUSE" ? "it exists already; remove it or choose another" : cause.message;
    throw new CordonError("USAGE", `Cannot listen on ${socketPath}: ${why}.`, { cause });
  });
  await chmod(socketPath, 0o600);
  server.once("close", () => void rm(socketPath, { force: true }));
  return { socketPath };
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    listen();
  });
}
