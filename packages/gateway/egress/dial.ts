/**
 * Dials a destination. In: where, and a resolver. Out: an open socket to one of the addresses that were judged. The name is
 * looked up once and every address must pass; what is dialled is an address, so nothing looks the name up again.
 */
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import type { EgressTarget } from "@cordon/core/contract/egress-schema";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { EgressDestination } from "@cordon/core/policy/egress";
import { addressProblem } from "./addresses.ts";

/** All addresses of a name, in the order to try them. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export const systemResolver: ResolveHost = async (host) =>
  (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);

export interface OutsideEnd {
  readonly socket: Socket;
  readonly address: string;
}

/** @throws {CordonError} `UPSTREAM_UNTRUSTED` for an address that is not dialled, `UPSTREAM_UNREACHABLE`, `UPSTREAM_TIMEOUT` */
export async function dialOutside(
  { host, port }: EgressTarget,
  { connectMs, privateAddresses }: Pick<EgressDestination, "connectMs" | "privateAddresses">,
  resolve: ResolveHost,
): Promise<OutsideEnd> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), connectMs);
  const late = new Promise<never>((_, reject) =>
    ended.signal.addEventListener("abort", () =>
      reject(new CordonError("UPSTREAM_TIMEOUT", `${host}:${port} did not answer within ${connectMs} ms`)),
    ),
  );
  late.catch(() => undefined);
  try {
    const addresses = await Promise.race([addressesOf(host, resolve), late]);
    for (const address of addresses) {
      const problem = addressProblem(address, privateAddresses);
      if (problem !== undefined)
        throw new CordonError("UPSTREAM_UNTRUSTED", `${host} is at ${address}, which ${problem}`);
    }
    let failure: unknown;
    for (const address of addresses) {
      try {
        return { socket: await Promise.race([dialAddress(address, port, ended.signal), late]), address };
      } catch (error) {
        if (isCordonError(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  } catch (error) {
    if (isCordonError(error)) throw error;
    const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "it has no address";
    throw new CordonError("UPSTREAM_UNREACHABLE", `${host}:${port} cannot be reached: ${code}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function addressesOf(host: string, resolve: ResolveHost): Promise<readonly string[]> {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return isIP(bare) === 0 ? await resolve(host) : [bare];
}

/** Dials an address that was judged. The socket is paused. */
export function dialAddress(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((done, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const stop = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop);
    socket.on("error", reject);
    socket.once("connect", () => {
      signal.removeEventListener("abort", stop);
      socket.pause();
      done(socket);
    });
  });
}
