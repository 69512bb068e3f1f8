/**
 * Reads a client's opening packets off a connection. In: a socket. Out: the first packet, and nothing else taken from the
 * socket. The caller keeps the time: destroying the socket rejects.
 */
import type { Socket } from "node:net";
import { CordonError } from "@cordon/core/errors";
import { takeOpening, type Opening } from "./startup.ts";

/** The socket is left paused. @throws {CordonError} `REQUEST_MALFORMED` */
export function readOpening(socket: Socket): Promise<Opening> {
  return new Promise((resolve, reject) => {
    let arrived = Buffer.alloc(0);
    const stop = (): void => {
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
    };
    const onError = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void =>
      onError(new CordonError("REQUEST_MALFORMED", "the connection ended before it said what it wants"));
    const onData = (chunk: Buffer): void => {
      arrived = Buffer.concat([arrived, chunk]);
      try {
        const opening = takeOpening(arrived);
        if (opening === undefined) return;
        stop();
        resolve(opening);
      } catch (error) {
        onError(error);
      }
    };
    if (socket.destroyed) return onEnd();
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onError);
    socket.resume();
  });
}
