/** Waits for a client's ClientHello and holds it against the host that was decided on. In: a socket. Out: every byte put back. */
import { isIP, type Socket } from "node:net";
import { CordonError } from "@cordon/core/errors";
import { readClientHello, type ClientHello } from "./client-hello.ts";

/** The socket is left paused. @throws {CordonError} `REQUEST_MALFORMED`, `REQUEST_TIMEOUT` */
export function readHello(socket: Socket, withinMs: number): Promise<ClientHello> {
  return new Promise((resolve, reject) => {
    let arrived = Buffer.alloc(0);
    const stop = (): void => {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("end", onEnd).off("close", onEnd);
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void => fail(new CordonError("REQUEST_MALFORMED", "the connection ended before its ClientHello"));
    const onData = (chunk: Buffer): void => {
      arrived = Buffer.concat([arrived, chunk]);
      try {
        const hello = readClientHello(arrived);
        if (hello === undefined) return;
        stop();
        socket.unshift(arrived);
        resolve(hello);
      } catch (error) {
        fail(error);
      }
    };
    const timer = setTimeout(
      () => fail(new CordonError("REQUEST_TIMEOUT", `no ClientHello came within ${withinMs} ms`)),
      withinMs,
    );
    if (socket.destroyed) return onEnd();
    socket.on("data", onData).once("end", onEnd).once("close", onEnd);
    socket.resume();
  });
}

/** @throws {CordonError} `ACCESS_DENIED` where TLS may lead to another host than the one that was decided on */
export function requireHost({ serverName, encrypted }: ClientHello, host: string): void {
  if (encrypted)
    throw new CordonError("ACCESS_DENIED", "the ClientHello is an encrypted one, which may name another host within");
  const literal = host.startsWith("[") || isIP(host) !== 0;
  if (literal ? serverName === undefined : serverName === host) return;
  const named = serverName === undefined ? "no host" : `\`${serverName.slice(0, 253)}\``;
  throw new CordonError("ACCESS_DENIED", `the ClientHello names ${named}, and \`${host}\` was decided on`);
}
