/**
 * Events to a syslog collector: `udp://` (RFC 5426), `tcp://` (RFC 6587), `tls://` (RFC 5425). In: events. Out: messages.
 *
 * Syslog knows no receipts. Over UDP nobody hears of a loss; over TCP and TLS what the kernel had taken when a
 * connection broke may be lost. Who must have every event compares `metadata.sequence`, or reads the ledger.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import { CordonError } from "@cordon/core/errors";
import type { EventSink } from "./event-sink.ts";
import { octetCounted, syslogMessage } from "./syslog-message.ts";

export interface SyslogOptions {
  /** `udp://host[:514]`, `tcp://host[:601]`, `tls://host[:6514]`. */
  readonly url: string;
  /** PEM of the authorities that a `tls:` collector is verified with. Default: the well-known ones. */
  readonly ca?: string;
}

const connectTimeoutMs = 5_000;
const writeTimeoutMs = 10_000;
/** What fits an IPv4 datagram, with room for the headers. */
const maxDatagramBytes = 65_000;
const defaultPorts: Readonly<Record<string, number>> = { "udp:": 514, "tcp:": 601, "tls:": 6514 };

export function syslogSink(options: SyslogOptions): EventSink {
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (defaultPorts[url.protocol] as number) : Number(url.port);
  const origin = { host: hostname(), processId: process.pid };
  const name = `syslog:${url.protocol}//${url.host}`;
  if (url.protocol === "udp:") return datagramSink(name, host, port, origin);
  return streamSink(name, origin, () =>
    url.protocol === "tls:"
      ? connectTls({
          host,
          port,
          minVersion: "TLSv1.2",
          rejectUnauthorized: true,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        })
      : connectTcp({ host, port }),
  );
}

type Origin = Parameters<typeof syslogMessage>[1];

function datagramSink(name: string, host: string, port: number, origin: Origin): EventSink {
  let socket: UdpSocket | undefined;
  const open = async (): Promise<UdpSocket> => {
    const opened = createSocket({ type: isIP(host) === 6 ? "udp6" : "udp4" });
    opened.on("error", () => undefined); // told to whoever sends
    await new Promise<void>((resolve, reject) => {
      opened.once("error", reject);
      opened.connect(port, host, () => resolve());
    }).catch((cause: unknown) => {
      opened.close();
      throw cause;
    });
    opened.unref();
    return opened;
  };
  return {
    name,
    async write(events) {
      socket ??= await open();
      let left = 0;
      for (const event of events) {
        const message = syslogMessage(event, origin);
        if (message.length > maxDatagramBytes) left += 1;
        else await send(socket, message);
      }
      return left;
    },
    async [Symbol.asyncDispose]() {
      socket?.close();
    },
  };
}

function send(socket: UdpSocket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.send(message, (error) => (error ? reject(error) : resolve())));
}

function streamSink(name: string, origin: Origin, dial: () => Socket): EventSink {
  let socket: Socket | undefined;
  const open = async (): Promise<Socket> => {
    const opened = dial();
    opened.on("error", () => undefined); // told to whoever waits for it
    opened.resume(); // a collector has nothing to say; its end must be seen
    opened.once("close", () => (socket = socket === opened ? undefined : socket));
    opened.once("end", () => opened.destroy());
    const ready = "encrypted" in opened ? "secureConnect" : "connect";
    await within(connectTimeoutMs, opened, (resolve) => opened.once(ready, () => resolve()));
    opened.unref();
    return opened;
  };
  return {
    name,
    async write(events) {
      socket ??= await open();
      const to = socket;
      const bytes = Buffer.concat(events.map((event) => octetCounted(syslogMessage(event, origin))));
      await within(writeTimeoutMs, to, (resolve, reject) =>
        to.write(bytes, (error) => (error ? reject(error) : resolve())),
      );
      return 0;
    },
    async [Symbol.asyncDispose]() {
      socket?.end();
      socket?.destroySoon();
    },
  };
}

/** Waits for something on a socket; a socket that fails, closes or takes too long is destroyed. */
async function within(
  ms: number,
  socket: Socket,
  start: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onError: ((error: Error) => void) | undefined;
  let onClose: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const unreachable = (why: string): CordonError => new CordonError("UPSTREAM_UNREACHABLE", why);
      onError = reject;
      onClose = () => reject(unreachable("the collector closed the connection"));
      timer = setTimeout(() => reject(unreachable(`the collector did not answer within ${ms} ms`)), ms);
      socket.once("error", onError);
      socket.once("close", onClose);
      start(resolve, reject);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (onError !== undefined) socket.off("error", onError);
    if (onClose !== undefined) socket.off("close", onClose);
  }
}
