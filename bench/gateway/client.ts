/**
 * One kept-alive connection of the load generator. In: the bytes of a call. Out: its answer's status, when its first
 * body byte came, when it was whole. Reads no more of an answer than that takes.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Credential } from "./estate.ts";
import { lengthIn } from "./upstream.ts";

/** Where a target listens, and whom to connect as; no credential means plain TCP. */
export interface Endpoint {
  readonly port: number;
  readonly credential: Credential | undefined;
}

export interface Answered {
  readonly status: number;
  /** When the first byte of the body came (ms, monotonic). */
  readonly firstByteAt: number;
}

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = Buffer.from("0\r\n\r\n");

export class Client {
  readonly #socket: Socket;
  #done: ((answer: Answered | undefined) => void) | undefined;
  #held: Buffer | undefined;
  /** Bytes of the body still to come; `undefined` before the head, -1 for a chunked body. */
  #left: number | undefined;
  #tail: Buffer | undefined;
  #status = 0;
  #firstByteAt = 0;
  dead = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", () => undefined); // told as its close
    socket.on("close", () => {
      this.dead = true;
      this.#finish(undefined);
    });
  }

  static open({ port, credential }: Endpoint): Promise<Client> {
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port };
      const tls = { minVersion: "TLSv1.3", rejectUnauthorized: false, servername: "localhost" } as const;
      const socket = credential === undefined ? connectTcp(options) : connectTls({ ...options, ...tls, ...credential });
      socket.setNoDelay(true);
      socket.once("error", reject);
      socket.once(credential === undefined ? "connect" : "secureConnect", () => {
        socket.off("error", reject);
        resolve(new Client(socket));
      });
    });
  }

  /** Sends a call; `done` hears of its answer, or `undefined` where the connection broke. One call at a time. */
  call(bytes: Buffer, done: (answer: Answered | undefined) => void): void {
    this.#done = done;
    this.#left = undefined;
    this.#tail = undefined;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    let body = chunk;
    if (this.#left === undefined) {
      const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
      const end = bytes.indexOf(headEnd);
      if (end < 0) {
        this.#held = bytes;
        return;
      }
      this.#held = undefined;
      this.#status = Number(bytes.toString("latin1", 9, 12));
      const chunked = bytes.includes("ransfer-", 0, "latin1") && bytes.indexOf("ransfer-", 0, "latin1") < end;
      this.#left = chunked ? -1 : lengthIn(bytes, end);
      body = bytes.subarray(end + headEnd.length);
      this.#firstByteAt = 0;
    }
    if (body.length > 0 && this.#firstByteAt === 0) this.#firstByteAt = performance.now();
    if (this.#left >= 0) {
      this.#left -= body.length;
      if (this.#left <= 0) this.#finish({ status: this.#status, firstByteAt: this.#firstByteAt });
    } else if (this.#endsChunked(body)) this.#finish({ status: this.#status, firstByteAt: this.#firstByteAt });
  }

  #endsChunked(body: Buffer): boolean {
    const end = this.#tail === undefined ? body : Buffer.concat([this.#tail, body]);
    this.#tail = Buffer.from(end.subarray(-lastChunk.length));
    return this.#tail.equals(lastChunk);
  }

  #finish(answer: Answered | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(answer);
  }
}
