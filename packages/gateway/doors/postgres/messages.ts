/**
 * Messages of the PostgreSQL protocol. In: values, or bytes as they arrive. Out: bytes, or whole messages within a bound;
 * and where one message ends and the next begins, in a flow that is not read.
 */
import { CordonError, type ErrorCode } from "@cordon/core/errors";

export interface Message {
  /** One ASCII character. */
  readonly type: string;
  readonly body: Buffer;
}

/** A message: its type, its length with itself, its body. */
export function encodeMessage(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** A packet without a type, such as the first one. */
export function encodeStartup(parameters: Iterable<readonly [string, string]>): Buffer {
  const words = [...parameters].flatMap(([name, value]) => [Buffer.from(`${name}\0`), Buffer.from(`${value}\0`)]);
  const body = Buffer.concat([int32(3 << 16), ...words, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export const sslRequest = Buffer.concat([int32(8), int32(80877103)]);

export function encodeCancel(processId: number, key: Uint8Array): Buffer {
  return Buffer.concat([int32(12 + key.length), int32(80877102), int32(processId), key]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** SQLSTATE by error code; clients act on it. @see PostgreSQL documentation, Appendix A */
const states: Partial<Record<ErrorCode | "cut", string>> = {
  cut: "57P01", // admin_shutdown: what every client and pool takes for "this connection is over"
  REQUEST_MALFORMED: "08P01",
  ROUTE_UNKNOWN: "3D000",
  ROUTE_UNGOVERNED: "0A000",
  ACCESS_DENIED: "42501",
  IDENTITY_REQUIRED: "28000",
  DRAINING: "57P03",
  REQUEST_TIMEOUT: "08006",
  INTERNAL: "XX000",
};

/** A fatal ErrorResponse in Cordon's words. */
export function encodeError(code: ErrorCode | "cut", words: string): Buffer {
  const field = (type: string, value: string) => Buffer.from(`${type}${value.replaceAll("\0", "")}\0`);
  const state = states[code] ?? "08006";
  const fields = [["S", "FATAL"] as const, ["V", "FATAL"] as const, ["C", state] as const];
  return encodeMessage(
    "E",
    Buffer.concat([
      ...fields.map(([type, value]) => field(type, value)),
      field("M", words.slice(0, 1000)),
      Buffer.of(0),
    ]),
  );
}

/** The SQLSTATE and the text of a server's ErrorResponse. */
export function readError(body: Buffer): { readonly state: string; readonly words: string } {
  const fields = new Map<string, string>();
  for (const field of body.toString("utf8").split("\0")) if (field !== "") fields.set(field[0] ?? "", field.slice(1));
  return { state: (fields.get("C") ?? "").slice(0, 5), words: (fields.get("M") ?? "").slice(0, 500) };
}

/** Largest message while logging in; a row of the administrator's answers is far smaller. */
const maxMessageBytes = 65_536;

/**
 * Takes one message off the front of what has arrived; `undefined` while it is not whole.
 *
 * @throws {CordonError} `UPSTREAM_UNTRUSTED` for what no PostgreSQL server says
 */
export function takeMessage(arrived: Buffer): { readonly message: Message; readonly bytes: number } | undefined {
  if (arrived.length < 5) return undefined;
  const length = arrived.readUInt32BE(1);
  if (length < 4 || length > maxMessageBytes)
    throw new CordonError("UPSTREAM_UNTRUSTED", "the server sent a message of an impossible length");
  if (arrived.length < 1 + length) return undefined;
  const type = arrived.toString("latin1", 0, 1);
  return { message: { type, body: Buffer.from(arrived.subarray(5, 1 + length)) }, bytes: 1 + length };
}

/** Follows a flow of messages without keeping any of it: is it between two of them just now? */
export class MessageBoundary {
  #head = Buffer.alloc(5);
  #headBytes = 0;
  #bodyLeft = 0;
  #lost = false;

  get between(): boolean {
    return !this.#lost && this.#headBytes === 0 && this.#bodyLeft === 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#lost) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= taken;
        at += taken;
        continue;
      }
      const taken = Math.min(5 - this.#headBytes, chunk.length - at);
      this.#head.set(chunk.subarray(at, at + taken), this.#headBytes);
      this.#headBytes += taken;
      at += taken;
      if (this.#headBytes < 5) continue;
      const length = this.#head.readUInt32BE(1);
      this.#headBytes = 0;
      if (length < 4) this.#lost = true;
      else this.#bodyLeft = length - 4;
    }
  }
}
