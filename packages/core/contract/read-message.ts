/**
 * Reads one opening message off a stream, and nothing behind it. In: a connected stream (`net.Socket`, `tls.TLSSocket`).
 * Out: the message; what came behind it is put back. The caller keeps the time: destroying the stream rejects.
 */
import type { z } from "zod";
import { CordonError } from "../errors.ts";
import { takeTunnelMessage } from "./tunnel.ts";

/** What is used of a stream. */
export interface MessageStream {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  unshift(chunk: Uint8Array): unknown;
  readonly destroyed: boolean;
}

/** The stream is left paused. @throws {CordonError} `REQUEST_MALFORMED` */
export function readTunnelMessage<T>(stream: MessageStream, schema: z.ZodType<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let arrived = Buffer.alloc(0);
    const stop = (): void => {
      stream.pause();
      stream.off("data", onData);
      stream.off("end", onEnd);
      stream.off("close", onEnd);
      stream.off("error", onError);
    };
    const onError = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void =>
      onError(new CordonError("REQUEST_MALFORMED", "the connection ended before the tunnel was open"));
    const onData = (chunk: unknown): void => {
      arrived = Buffer.concat([arrived, chunk as Buffer]);
      try {
        const taken = takeTunnelMessage(arrived, schema);
        if (taken === undefined) return;
        stop();
        if (taken.rest.byteLength > 0) stream.unshift(taken.rest);
        resolve(taken.message);
      } catch (error) {
        onError(error);
      }
    };
    if (stream.destroyed) return onEnd();
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("close", onEnd);
    stream.on("error", onError);
    stream.resume();
  });
}
