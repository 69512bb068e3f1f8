/**
 * The first message of a TLS client, read as far as to know which host it asks for. In: what has arrived. Out: the name
 * (SNI), once the message is whole; an error for anything that is no ClientHello. Nothing is answered, and nothing decrypted.
 *
 * @see RFC 8446, 4.1.2 and 5.1; RFC 6066, 3; RFC 9849 (Encrypted Client Hello)
 */
import { CordonError } from "@cordon/core/errors";

export interface ClientHello {
  /** Lower case, as far as it is ASCII. */
  readonly serverName: string | undefined;
  /** A further name may be hidden in it. */
  readonly encrypted: boolean;
}

/** More is not waited for: real ones have 200 to 2,000 bytes. */
export const maxClientHelloBytes = 16_384;

const handshake = 22;
const clientHelloType = 1;
const serverNameExtension = 0;
const encryptedClientHello = 0xfe0d;

/** @throws {CordonError} `REQUEST_MALFORMED` */
export function readClientHello(arrived: Uint8Array): ClientHello | undefined {
  const message = messageOf(Buffer.from(arrived.buffer, arrived.byteOffset, arrived.byteLength));
  if (message !== undefined) return parse(message);
  if (arrived.byteLength >= maxClientHelloBytes) throw malformed("its first message is too long");
  return undefined;
}

/** The handshake message, put together from as many records as it takes. */
function messageOf(arrived: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let held = 0;
  let at = 0;
  while (at < arrived.length) {
    if (arrived[at] !== handshake) throw malformed("it does not begin as TLS does");
    if (at + 1 < arrived.length && arrived[at + 1] !== 3) throw malformed("its version of TLS is not known");
    if (at + 5 > arrived.length) return undefined;
    const length = arrived.readUInt16BE(at + 3);
    if (length === 0 || length > maxClientHelloBytes) throw malformed("a record has an impossible length");
    const part = arrived.subarray(at + 5, at + 5 + length);
    parts.push(part);
    held += part.length;
    at += 5 + length;
    if (held < 4) continue;
    const whole = parts.length === 1 ? part : Buffer.concat(parts);
    if (whole[0] !== clientHelloType) throw malformed("its first message is not a ClientHello");
    const size = whole.readUIntBE(1, 3);
    if (size > maxClientHelloBytes) throw malformed("its first message is too long");
    if (held > 4 + size) throw malformed("something comes behind its first message");
    if (held === 4 + size) return whole.subarray(4);
  }
  return undefined;
}

function parse(message: Buffer): ClientHello {
  const reader = new Reader(message);
  reader.take(2 + 32); // version, random
  reader.vector(1); // session
  reader.vector(2); // cipher suites
  reader.vector(1); // compression
  if (reader.done) return { serverName: undefined, encrypted: false };
  const extensions = new Reader(reader.vector(2));
  if (!reader.done) throw malformed("something comes behind its extensions");
  const seen = new Set<number>();
  let serverName: string | undefined;
  while (!extensions.done) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (seen.has(type)) throw malformed("an extension comes twice");
    seen.add(type);
    if (type === serverNameExtension) serverName = nameIn(body);
  }
  return { serverName, encrypted: seen.has(encryptedClientHello) };
}

/** One name, of the one type there is. */
function nameIn(body: Buffer): string {
  const outer = new Reader(body);
  const list = new Reader(outer.vector(2));
  const type = list.number(1);
  const name = list.vector(2);
  if (type !== 0 || name.length === 0 || !outer.done || !list.done)
    throw malformed("it names no host, or more than one");
  if (!name.every((byte) => byte > 0x20 && byte < 0x7f)) throw malformed("the host that it names is not ASCII");
  return name.toString("latin1").toLowerCase();
}

/** Takes fields off the front of a message, and never more than is there. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }
  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw malformed("it is cut short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `what was sent is not taken for TLS: ${why}`);
}
