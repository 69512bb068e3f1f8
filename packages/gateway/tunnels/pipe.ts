/**
 * Two connections joined. In: two open sockets, a meter for each direction. Out: bytes in both directions with
 * backpressure, half-closed ends passed on, and word of how it ended. Nothing is kept but what sits in the two sockets.
 */
import type { Duplex } from "node:stream";

export interface Joined {
  /** Stops the flow now; destroys nothing. */
  stop(): void;
}

export interface JoinOptions {
  readonly client: Duplex;
  readonly server: Duplex;
  readonly sent: (chunk: Uint8Array) => void;
  readonly received: (chunk: Uint8Array) => void;
  readonly idleMs: number;
  readonly ended: (how: "complete" | "client-closed" | "server-closed" | "idle", error: Error | undefined) => void;
}

export function join({ client, server, sent, received, idleMs, ended }: JoinOptions): Joined {
  let stopped = false;
  let open = 2;
  let lastMs = performance.now();
  const idle = setInterval(
    () => {
      if (performance.now() - lastMs >= idleMs) end("idle", undefined);
    },
    Math.min(idleMs, 1_000),
  );
  idle.unref();

  const flow = (from: Duplex, to: Duplex, meter: (chunk: Uint8Array) => void): void => {
    from.on("data", (chunk: Buffer) => {
      if (stopped) return;
      lastMs = performance.now();
      meter(chunk);
      if (stopped) return; // whoever measures it may stop it
      if (to.write(chunk)) return;
      from.pause();
      to.once("drain", () => {
        if (!stopped) from.resume();
      });
    });
    from.once("end", () => {
      if (stopped) return;
      to.end();
      if (--open === 0) end("complete", undefined);
    });
  };
  const watch = (socket: Duplex, how: "client-closed" | "server-closed"): void => {
    let failure: Error | undefined;
    socket.on("error", (error) => (failure = error));
    socket.once("close", () => end(socket.readableEnded && open < 2 ? "complete" : how, failure));
  };
  function end(how: Parameters<JoinOptions["ended"]>[0], error: Error | undefined): void {
    if (stopped) return;
    stop();
    ended(how, error);
  }
  function stop(): void {
    stopped = true;
    clearInterval(idle);
    client.pause();
    server.pause();
  }
  watch(client, "client-closed");
  watch(server, "server-closed");
  flow(client, server, sent);
  flow(server, client, received);
  client.resume();
  server.resume();
  return { stop };
}
