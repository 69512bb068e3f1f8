/**
 * An upstream that costs next to nothing: raw TCP, prebuilt answers, and no more reading than the length of a body. In:
 * HTTP/1.1 requests on kept-alive connections. Out: answers, and when each streamed one was asked and begun.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { asksForStream, serialOf, streamedAnswer, wholeAnswer } from "./traffic.ts";

export interface StreamTimes {
  /** When the request had arrived whole, and when the first byte of its answer was written (ms, monotonic). */
  readonly arrivedAt: number;
  readonly beganAt: number;
}

export interface BenchUpstream extends AsyncDisposable {
  readonly port: number;
  /** How long a streamed answer takes to begin, in milliseconds. */
  firstByteMs: number;
  /** What is known of a streamed answer; forgotten once asked for. */
  takeTimes(serial: number): StreamTimes | undefined;
}

/** A streamed answer has this many events after the first, this far apart. */
const moreEvents = 7;
const betweenEventsMs = 5;

const headEnd = Buffer.from("\r\n\r\n");

export async function openBenchUpstream(): Promise<BenchUpstream> {
  const times = new Map<number, StreamTimes>();
  const sockets = new Set<Socket>();

  const stream = (socket: Socket, body: Buffer): void => {
    const serial = serialOf(body);
    const arrivedAt = performance.now();
    const begin = (): void => {
      times.set(serial, { arrivedAt, beganAt: performance.now() });
      socket.write(streamedAnswer.first);
      let left = moreEvents;
      const timer = setInterval(() => {
        if (left-- > 0) return void socket.write(streamedAnswer.next);
        clearInterval(timer);
        socket.write(streamedAnswer.last);
      }, betweenEventsMs);
    };
    if (upstream.firstByteMs === 0) begin();
    else setTimeout(begin, upstream.firstByteMs);
  };

  const server = createServer({ noDelay: true }, (socket) => {
    let held: Buffer | undefined;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // the peer went away: its process has ended
    socket.on("data", (chunk: Buffer) => {
      const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      held = undefined;
      const end = bytes.indexOf(headEnd);
      const bodyAt = end + headEnd.length;
      if (end < 0 || bytes.length < bodyAt + lengthIn(bytes, end)) {
        held = bytes;
        return;
      }
      const body = bytes.subarray(bodyAt);
      if (asksForStream(body)) stream(socket, body);
      else socket.write(wholeAnswer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream: BenchUpstream = {
    port: (server.address() as AddressInfo).port,
    firstByteMs: 20,
    takeTimes(serial) {
      const found = times.get(serial);
      times.delete(serial);
      return found;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

/** The content-length of a head, found without decoding the rest of it. */
export function lengthIn(bytes: Buffer, headEndsAt: number): number {
  for (const name of ["content-length: ", "Content-Length: "]) {
    const at = bytes.indexOf(name, 0, "latin1");
    if (at < 0 || at > headEndsAt) continue;
    let length = 0;
    for (let i = at + name.length; ; i++) {
      const digit = (bytes[i] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) return length;
      length = length * 10 + digit;
    }
  }
  return 0;
}
