/**
 * The way to a destination whose requests are seen. In: the connection that was dialled when it was decided on. Out: an HTTP
 * client whose every connection goes to that one address, and whose peer has proved to be the host before a byte is sent.
 */
import { readFile } from "node:fs/promises";
import { isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Client, type Dispatcher } from "undici";
import type { EgressTarget } from "@cordon/core/contract/egress-schema";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { EgressDestination, Interception } from "@cordon/core/policy/egress";
import { dialAddress, type OutsideEnd } from "./dial.ts";
import { schemeOf } from "./inner-requests.ts";

export interface OutsideClient {
  readonly dispatcher: Dispatcher;
  /** Ends what is under way, and every connection. */
  close(): void;
}

type Done = (error: Error | null, socket: Socket | null) => void;

/** @param first the open connection: it is used before any other is dialled */
export function openOutsideClient(
  { host, port }: EgressTarget,
  destination: EgressDestination & { readonly intercept: Interception },
  first: OutsideEnd,
): OutsideClient {
  const { intercept, connectMs, idleMs } = destination;
  const scheme = schemeOf(destination);
  let unused: Socket | undefined = first.socket;
  first.socket.on("error", () => undefined); // whoever uses it hears of its end
  const dial = async (): Promise<Socket> => {
    const held = unused;
    unused = undefined;
    if (held !== undefined && !held.destroyed && !held.readableEnded) return held;
    return await dialAddress(first.address, port, AbortSignal.timeout(connectMs));
  };
  const connect = async (done: Done): Promise<void> => {
    let proven: Socket;
    try {
      const dialled = await dial();
      proven = scheme === "http" ? dialled : await proveHost(dialled, host, intercept.caFile, connectMs);
    } catch (error) {
      return done(asFailure(error as Error, host), null);
    }
    done(null, proven);
  };
  const client = new Client(`${scheme}://${host}:${port}`, {
    connect: ((_options: unknown, done: Done) => void connect(done)) as never,
    pipelining: 1,
    headersTimeout: intercept.firstByteMs,
    bodyTimeout: idleMs,
    allowH2: false,
  });
  return {
    dispatcher: client,
    close() {
      unused?.destroy();
      unused = undefined;
      void client.destroy(new CordonError("DRAINING", "the connection is over")).catch(() => undefined);
    },
  };
}

/** TLS to the host, by the web's rules: a certificate for the very name, under an authority that is trusted (RFC 9525). */
async function proveHost(
  socket: Socket,
  host: string,
  caFile: string | undefined,
  withinMs: number,
): Promise<TLSSocket> {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  const ca = caFile === undefined ? undefined : await authoritiesIn(caFile, host, socket);
  const tls = connectTls({
    socket,
    host: bare,
    ...(isIP(bare) === 0 ? { servername: bare } : {}),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
  });
  const late = new CordonError("UPSTREAM_TIMEOUT", `${host} did not finish its handshake in ${withinMs} ms`);
  const timer = setTimeout(() => tls.destroy(late), withinMs);
  try {
    await new Promise<void>((resolve, reject) => tls.once("error", reject).once("secureConnect", resolve));
    return tls;
  } catch (error) {
    tls.on("error", () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function authoritiesIn(file: string, host: string, socket: Socket): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    socket.destroy();
    throw new CordonError("UPSTREAM_UNTRUSTED", `the authorities for ${host} cannot be read from ${file}`, { cause });
  }
}

const unreachable: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "EPIPE", "ETIMEDOUT", "ABORT_ERR"],
]);

function asFailure(error: Error, host: string): CordonError {
  if (isCordonError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  if (unreachable.has(code) || error.name === "TimeoutError")
    return new CordonError("UPSTREAM_UNREACHABLE", `${host} cannot be reached: ${code}`, { cause: error });
  const why = error.message.length > 300 ? code : error.message;
  return new CordonError(
    "UPSTREAM_UNTRUSTED",
    `${host} did not prove to be it, so nothing was sent: ${why} (${code})`,
    {
      cause: error,
    },
  );
}
