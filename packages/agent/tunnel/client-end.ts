/**
 * The client's end of a tunnel: a local port (or unix socket) that leads to a component. In: where to listen, our
 * identity, the gateway. Out: an open listener. Each local connection is a tunnel of its own, decided on its own.
 *
 * Whoever can reach the local end speaks as this component, so it listens on loopback, or on a socket in a folder of its
 * user alone.
 */
import { createServer, type Socket } from "node:net";
import { chmod, lstat, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { openTunnel, renewTunnel, type TunnelWay } from "./open-tunnel.ts";
import { splice } from "./splice.ts";

export type LocalEnd = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface ClientEndOptions extends TunnelWay {
  readonly listen: LocalEnd;
  /** Gets sentences for a person: refusals, with the gateway's reasons. */
  readonly say: (words: string) => void;
}

export interface ClientEnd extends AsyncDisposable {
  /** The port, where it listens on one. */
  readonly port: number | undefined;
  readonly open: () => number;
}

/** @throws {CordonError} `USAGE` when it cannot listen there */
export async function openClientEnd(options: ClientEndOptions): Promise<ClientEnd> {
  const { say } = options;
  const open = new Map<Socket, string | undefined>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (local) => {
    local.on("error", () => undefined);
    open.set(local, undefined);
    local.once("close", () => open.delete(local));
    openTunnel(options).then(
      ({ socket, id }) => {
        if (local.destroyed) return void socket.destroy();
        open.set(local, id);
        splice(local, socket);
      },
      (error: unknown) => {
        say(`${options.tunnel} is refused: ${(error as Error).message}`);
        local.resetAndDestroy();
      },
    );
  });
  await listen(server, options.listen);
  // A newer SVID proves every open tunnel anew; one that cannot be proved is cut by the gateway in time.
  const stop = options.identity.onRotate(() => {
    for (const id of open.values())
      if (id !== undefined)
        renewTunnel(options, id).catch((error: unknown) =>
          say(`a tunnel could not be proved anew: ${(error as Error).message}`),
        );
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : undefined,
    open: () => open.size,
    async [Symbol.asyncDispose]() {
      stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const local of open.keys()) local.destroy();
      await closed;
      if ("socketPath" in options.listen) await rm(options.listen.socketPath, { force: true });
    },
  };
}

async function listen(server: ReturnType<typeof createServer>, at: LocalEnd): Promise<void> {
  if ("socketPath" in at) await requirePrivateFolder(dirname(at.socketPath));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      if ("socketPath" in at) server.listen(at.socketPath, resolve);
      else server.listen(at.port, at.host, resolve);
    });
  } catch (cause) {
    const where = "socketPath" in at ? at.socketPath : `${at.host}:${at.port}`;
    throw new CordonError("USAGE", `cannot listen on ${where} (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  if ("socketPath" in at) await chmod(at.socketPath, 0o600);
}

async function requirePrivateFolder(folder: string): Promise<void> {
  const held = await lstat(folder).catch(() => undefined);
  if (held?.isDirectory() !== true || held.uid !== process.getuid?.() || (held.mode & 0o077) !== 0)
    throw new CordonError("USAGE", `${folder} must be a folder of this user alone (mode 0700): it guards the socket`);
}
