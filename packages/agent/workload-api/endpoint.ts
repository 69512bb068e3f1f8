/**
 * The agent's socket: gRPC over HTTP/2 on a unix socket, open to every process of the machine. In: the services, and how
 * callers are attested. Out: an open endpoint.
 *
 * Who may have what is decided by who calls, so the socket's mode keeps nobody out. Each connection's peer is taken from
 * the kernel when it is accepted, before a byte of HTTP/2 is read; its facts are read once and belong to the connection.
 */
import { createServer as createHttp2Server, type Http2Session, type ServerHttp2Session } from "node:http2";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type ConnectRouter,
  type ContextKey,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { acceptCaller, attestCaller, type AcceptedCaller, type CallerFacts } from "../attestation/attest.ts";
import type { Measurer } from "../attestation/measure.ts";

/** The attested caller of a call. Rejects with `PermissionDenied` when it could not be attested. */
export type Caller = () => Promise<CallerFacts>;

export const callerKey: ContextKey<Caller> = createContextKey<Caller>(() =>
  Promise.reject(new ConnectError("no caller is known", Code.PermissionDenied)),
);

export interface EndpointOptions {
  readonly socketPath: string;
  readonly routes: (router: ConnectRouter) => void;
  readonly measurer: Measurer;
  /** Told why a connection's peer could not be attested. */
  readonly refused: (words: string) => void;
}

const maxSocketPathBytes = 107;
/** Requests are tiny; SPIFFE's largest is a token to validate. */
const maxRequestBytes = 64 * 1024;
const maxConnections = 8192;
/** Of one user, so that none can keep the others out. */
const maxConnectionsOfUser = 1024;
/** How often connections whose process has ended are looked for. */
const sweepMs = 2_000;

/** @throws {CordonError} `USAGE` when the socket cannot be put there */
export async function openEndpoint(options: EndpointOptions): Promise<AsyncDisposable> {
  const sessions = new WeakMap<Http2Session, Caller>();
  const open = new Map<Socket, AcceptedCaller>();
  const byUser = new Map<number, number>();
  let accepting: Caller | undefined;

  const http2 = createHttp2Server(
    { maxSessionMemory: 4, settings: { maxConcurrentStreams: 100, initialWindowSize: 65_535 } },
    connectNodeAdapter({
      routes: options.routes,
      grpc: true,
      grpcWeb: false,
      connect: false,
      readMaxBytes: maxRequestBytes,
      contextValues: (request) => {
        const session = "stream" in request ? request.stream.session : undefined;
        const caller = session === undefined ? undefined : sessions.get(session);
        return caller === undefined ? createContextValues() : createContextValues().set(callerKey, caller);
      },
    }),
  );
  // Told within `emit("connection")` below, so `accepting` is this session's caller.
  http2.on("session", (session: ServerHttp2Session) => {
    if (accepting !== undefined) sessions.set(session, accepting);
    session.on("error", () => undefined);
  });
  http2.on("sessionError", () => undefined);

  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    let caller: AcceptedCaller;
    try {
      caller = acceptCaller(socket);
    } catch (error) {
      options.refused(error instanceof Error ? error.message : String(error));
      socket.destroy();
      return;
    }
    const { uid } = caller.credentials;
    const count = (byUser.get(uid) ?? 0) + 1;
    if (count > maxConnectionsOfUser) {
      options.refused(`user ${uid} has ${maxConnectionsOfUser} connections open already`);
      caller[Symbol.dispose]();
      socket.destroy();
      return;
    }
    byUser.set(uid, count);
    open.set(socket, caller);
    const facts = attestCaller(caller, options.measurer);
    facts.catch((error: unknown) => options.refused(error instanceof Error ? error.message : String(error)));
    socket.once("close", () => {
      open.delete(socket);
      caller[Symbol.dispose]();
      byUser.set(uid, (byUser.get(uid) ?? 1) - 1);
      if (byUser.get(uid) === 0) byUser.delete(uid);
    });
    accepting = async () => {
      const attested = await facts.catch((error: unknown) => Promise.reject(denied(error)));
      if (hasEnded(caller)) throw new ConnectError("the process that connected has ended", Code.PermissionDenied);
      return attested;
    };
    http2.emit("connection", socket);
    accepting = undefined;
  });
  server.maxConnections = maxConnections;
  // A connection belongs to the process that opened it: whoever inherited it gets nothing more once that has ended.
  const sweep = setInterval(() => {
    for (const [socket, caller] of open) if (hasEnded(caller)) socket.destroy();
  }, sweepMs);
  sweep.unref();
  await listen(server, options.socketPath);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open.keys()) socket.destroy();
      await closed;
      await rm(options.socketPath, { force: true });
    },
  };
}

function hasEnded(caller: AcceptedCaller): boolean {
  return caller.process !== undefined && !caller.process.isAlive();
}

/** Says as little as possible: the operator's log has the reason. */
function denied(error: unknown): ConnectError {
  if (isCordonError(error, "ACCESS_DENIED"))
    return new ConnectError("the caller could not be attested", Code.PermissionDenied);
  return new ConnectError("the caller could not be attested now", Code.Unavailable);
}

async function listen(server: ReturnType<typeof createServer>, socketPath: string): Promise<void> {
  if (Buffer.byteLength(socketPath) > maxSocketPathBytes)
    throw new CordonError("USAGE", `the socket path ${socketPath} is longer than ${maxSocketPathBytes} bytes`);
  const folder = dirname(socketPath);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const held = await lstat(folder);
  if (!held.isDirectory() || (held.mode & 0o022) !== 0 || ![0, process.getuid?.()].includes(held.uid))
    throw new CordonError(
      "USAGE",
      `others can write in ${folder}, and could put a socket of their own in this one's place; \`chmod 755\` it, or choose another`,
    );
  await clearDeadSocket(socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, () => {
      server.off("error", reject);
      resolve();
    });
  });
  await chmod(socketPath, 0o666);
}

async function clearDeadSocket(socketPath: string): Promise<void> {
  const there = await lstat(socketPath).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw new CordonError("USAGE", `${socketPath} is a file that is not a socket; move it away`);
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connectTo(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (answers) throw new CordonError("USAGE", `another agent answers on ${socketPath}; stop it first`);
  await rm(socketPath, { force: true });
}
