/**
 * The doors' own ports. In: snapshots, which say where doors listen. Out: connections on which the client has proved itself
 * by its SVID, after PostgreSQL's SSLRequest (or TLS at once, as clients of PostgreSQL 17 can); nothing is answered before.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket, type SecureContext } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { PostgresDoor } from "@cordon/core/policy/data-doors";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Refusals } from "../../ledger/refusals.ts";
import type { Caller } from "../../listener/caller.ts";
import { openingFailure } from "../../observation/bug-words.ts";
import type { GatewayDependencies } from "../../ports.ts";
import { encodeError } from "./messages.ts";
import { readOpening } from "./read-opening.ts";

export interface ListenerDeps extends GatewayDependencies {
  readonly refusals: Refusals;
  readonly accept: (door: PostgresDoor, socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[]) => void;
}

export interface Listeners extends AsyncDisposable {
  /** Opens and closes listeners as the snapshot says; resolves once those that can be are open. */
  follow(snapshot: Snapshot): Promise<void>;
  readonly ports: () => ReadonlyMap<string, number>;
}

const helloMs = 10_000;
/** First byte of a TLS record that holds a handshake. */
const tlsHandshake = 0x16;

export function openListeners(deps: ListenerDeps): Listeners {
  const open = new Map<string, { readonly server: Server; readonly at: string }>();
  const sockets = new Set<Socket>();
  let context: SecureContext = createSecureContext(serverTlsOptions(deps.identity.current()));
  const stopRotation = deps.identity.onRotate((svid) => (context = createSecureContext(serverTlsOptions(svid))));

  return {
    ports: () =>
      new Map([...open].map(([name, { server }]) => [name, (server.address() as AddressInfo | null)?.port ?? 0])),
    async follow(snapshot) {
      const wanted = new Map<string, PostgresDoor & { listen: NonNullable<PostgresDoor["listen"]> }>();
      for (const [name, door] of snapshot.dataDoors ?? [])
        if (door.listen !== undefined) wanted.set(name, { ...door, listen: door.listen });
      for (const [name, { server, at }] of open) {
        const door = wanted.get(name);
        if (door !== undefined && `${door.listen.host}:${door.listen.port}` === at) continue;
        server.close(); // sessions that are open are decided by themselves
        open.delete(name);
      }
      const opening = [...wanted].filter(([name]) => !open.has(name)).map(([name, door]) => listen(name, door.listen));
      await Promise.all(opening);
    },
    async [Symbol.asyncDispose]() {
      stopRotation();
      for (const socket of sockets) socket.destroy();
      const closing = [...open.values()].map(({ server }) => new Promise((resolve) => server.close(resolve)));
      open.clear();
      await Promise.all(closing);
    },
  };

  function listen(name: string, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      hold(socket);
      greet(name, socket).catch((error: unknown) => refuse(socket, error));
    });
    server.maxConnections = deps.options.limits.connections;
    open.set(name, { server, at: `${host}:${port}` });
    return new Promise((resolve) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        open.delete(name); // tried again at the next change
        const words = `the door ${name} cannot listen on ${host}:${port} (${error.code}); set its \`listen\``;
        deps.log({ level: "error", event: "database-door", words });
        resolve();
      });
      server.listen(port, host, resolve);
    });
  }

  function hold(socket: Socket): void {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  }

  async function greet(name: string, plain: Socket): Promise<void> {
    const late = new CordonError("REQUEST_TIMEOUT", `no TLS handshake came within ${helloMs} ms`);
    // Once TLS runs on it, only that is closed: it closes what it runs on. The other way round Node reads freed memory.
    let outermost = plain;
    const timer = setTimeout(() => outermost.destroy(late), helloMs);
    plain.once("close", () => clearTimeout(timer));
    await untilTls(plain);
    const socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: context,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["postgresql"],
    });
    outermost = socket;
    sockets.delete(plain);
    hold(socket);
    try {
      await handshake(socket);
      clearTimeout(timer);
      admit(name, socket);
    } catch (error) {
      refuse(socket, error);
    }
  }

  function handshake(socket: TLSSocket): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      socket.once("secure", resolve);
      socket.once("error", () => reject(new CordonError("SVID_INVALID", "the TLS handshake failed")));
      socket.once("close", () => reject(new CordonError("SVID_INVALID", "the TLS handshake was not finished")));
    });
  }

  /** @throws {CordonError} why the client may not come in */
  function admit(name: string, socket: TLSSocket): void {
    const snapshot = deps.snapshots.current();
    const svid = authenticatePeer(socket, snapshot, deps.now());
    const door = snapshot.dataDoors?.get(name);
    if (door === undefined) throw new CordonError("ROUTE_UNKNOWN", `the door ${name} was withdrawn`);
    deps.accept(door, socket, { id: svid.id, assurance: "x509-svid", svid }, peerChain(socket));
  }

  /** A client that would go on in plain text is told why not; a cancel request in plain text proves nobody, and is dropped. */
  async function untilTls(plain: Socket): Promise<void> {
    for (let asked = 0; asked < 2; asked++) {
      if ((await firstByte(plain)) === tlsHandshake) return;
      const opening = await readOpening(plain);
      if (opening.kind === "ssl") {
        plain.write("S");
        return;
      }
      if (opening.kind !== "gss") break;
      plain.write("N");
    }
    throw new CordonError(
      "IDENTITY_REQUIRED",
      "this door takes TLS with an X.509-SVID; set sslmode, sslcert and sslkey",
    );
  }

  function refuse(socket: Socket, error: unknown): void {
    const known = openingFailure(error, "the connection could not be opened", (words) =>
      deps.log({ level: "error", event: "interaction-failed", words }),
    );
    deps.refusals.note(known, socket.remoteAddress ?? "unknown");
    // Only what a client still waits for: after a finished handshake, or where it never asked for one.
    if (socket.writable && (known.code === "IDENTITY_REQUIRED" || /^SVID_(?!INVALID)/.test(known.code)))
      socket.write(encodeError(known.code, known.message));
    socket.destroySoon();
  }
}

/** Looks at the first byte, and leaves it where it was. */
function firstByte(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("close", onEnd);
    };
    const onData = (chunk: Buffer): void => {
      stop();
      socket.unshift(chunk);
      resolve(chunk[0] ?? 0);
    };
    const onEnd = (): void => {
      stop();
      reject(new CordonError("REQUEST_MALFORMED", "the connection ended before it said anything"));
    };
    if (socket.destroyed) return onEnd();
    socket.on("data", onData).once("end", onEnd).once("close", onEnd);
    socket.resume();
  });
}
