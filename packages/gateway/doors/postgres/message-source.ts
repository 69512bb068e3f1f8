/**
 * A server's messages, one at a time, while a session is being made. In: a connected socket. Out: `next` message; when
 * the bytes are to flow, `release` gives back what has arrived since. Holds no more than a message and one read.
 */
import type { Socket } from "node:net";
import { CordonError } from "@cordon/core/errors";
import { takeMessage, type Message } from "./messages.ts";

export interface MessageSource {
  /** @throws {CordonError} `UPSTREAM_UNREACHABLE` when the server closes, `UPSTREAM_UNTRUSTED` for what is no message */
  next(): Promise<Message>;
  /** Stops reading; the socket is paused, and has what was not taken. */
  release(): void;
}

export function readMessages(socket: Socket): MessageSource {
  let arrived = Buffer.alloc(0);
  let over: Error | undefined;
  let wake: (() => void) | undefined;
  const onData = (chunk: Buffer): void => {
    arrived = Buffer.concat([arrived, chunk]);
    socket.pause();
    wake?.();
  };
  const onOver = (error?: Error | boolean): void => {
    over ??=
      error instanceof Error ? error : new CordonError("UPSTREAM_UNREACHABLE", "the server closed the connection");
    wake?.();
  };
  socket.on("data", onData).on("error", onOver).on("close", onOver).on("end", onOver);
  socket.pause();
  return {
    async next() {
      for (;;) {
        const taken = takeMessage(arrived);
        if (taken !== undefined) {
          arrived = arrived.subarray(taken.bytes);
          return taken.message;
        }
        if (over !== undefined) throw over;
        const more = new Promise<void>((resolve) => (wake = resolve));
        socket.resume();
        await more;
        wake = undefined;
      }
    },
    release() {
      socket.pause();
      socket.off("data", onData).off("error", onOver).off("close", onOver).off("end", onOver);
      if (arrived.length > 0) socket.unshift(arrived);
      arrived = Buffer.alloc(0);
    },
  };
}
