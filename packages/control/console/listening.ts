/**
 * Where the console listens. In: an address and how to make a server. Out: open servers and their port.
 *
 * A browser that is told `localhost` tries [::1] before 127.0.0.1. If only one of them were ours, another user of this
 * machine could listen on the other and be typed a pairing code: both are taken, or neither.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

const localhost = ["127.0.0.1", "::1"] as const;

/** @throws {CordonError} `CONFIG_INVALID` when an address is taken or is none of this machine's */
export async function listenForBrowsers(makeServer: () => Server, { host, port }: ListenAddress): Promise<Listening> {
  const isLocalhost = host === "localhost" || localhost.some((address) => address === host);
  const [first = host, second] = isLocalhost ? (host === "::1" ? localhost.toReversed() : localhost) : [host];
  for (let tries = 3; ; tries--) {
    const server = makeServer();
    const taken = await listen(server, first, port);
    if (second === undefined) return opened([server], taken);
    const other = makeServer();
    try {
      await listen(other, second, taken);
      return opened([server, other], taken);
    } catch (error) {
      if (isAbsent(error)) return opened([server], taken); // a machine without this family
      await close(server);
      // The system chose a port that only one of them has free: it chooses again.
      if (port !== 0 || tries === 1) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === "EADDRINUSE" ? "another program has it" : (cause.code ?? cause.message);
      const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      const message = `The console cannot listen on ${at}: ${why}. Set \`console.listen\` to a free address.`;
      reject(new CordonError("CONFIG_INVALID", message, { cause }));
    };
    server.once("error", refused);
    server.listen(port, host, () => {
      server.off("error", refused);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function isAbsent(error: unknown): boolean {
  const cause = error instanceof CordonError ? (error.cause as NodeJS.ErrnoException) : undefined;
  return cause?.code === "EADDRNOTAVAIL" || cause?.code === "EAFNOSUPPORT";
}

function opened(servers: readonly Server[], port: number): Listening {
  return { port, [Symbol.asyncDispose]: async () => void (await Promise.all(servers.map(close))) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
