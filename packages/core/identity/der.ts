/**
 * A strict, bounded reader of DER (X.690): what certificates are made of. In: foreign bytes. Out: typed pieces, or a
 * `CordonError` `CERTIFICATE_MALFORMED` that says which piece and why.
 *
 * Strict on purpose: indefinite or non-minimal lengths, padded integers, odd booleans and set padding bits are refused,
 * so that one certificate has one encoding and no other parser (OpenSSL, in the handshake) can read it differently.
 * Nothing here recurses: depth is fixed by the structures that callers read.
 */
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";

/** The tags that certificates use (class and constructed bit included). */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: its tag, its content, and its whole encoding. Views on the caller's bytes, never copies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Walks the elements inside one constructed value, in order. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** The tag of the next element, or -1 at the end. */
  peek(): number {
    return this.#bytes[this.#offset] ?? -1;
  }

  /** Reads the next element whatever it is. */
  next(): DerElement {
    const start = this.#offset;
    const bytes = this.#bytes;
    const first = bytes[start];
    const lengthByte = bytes[start + 1];
    if (first === undefined || lengthByte === undefined) throw malformed(this.#what, "it ends too early");
    if ((first & 0x1f) === 0x1f) throw malformed(this.#what, "it uses a multi-byte tag");
    let content = start + 2;
    let length = lengthByte;
    if (lengthByte >= 0x80) {
      const size = lengthByte & 0x7f;
      if (size === 0) throw malformed(this.#what, "a length is indefinite, which DER forbids");
      if (size > 3) throw malformed(this.#what, "a length is absurd");
      length = 0;
      for (let index = 0; index < size; index++) {
        const byte = bytes[content + index];
        if (byte === undefined) throw malformed(this.#what, "it ends inside a length");
        length = length * 256 + byte;
      }
      content += size;
      if (length < 0x80 || length < 256 ** (size - 1)) throw malformed(this.#what, "a length is not minimal");
    }
    const end = content + length;
    if (end > bytes.length) throw malformed(this.#what, "an element is longer than what holds it");
    this.#offset = end;
    return { tag: first, content: bytes.subarray(content, end), encoded: bytes.subarray(start, end) };
  }

  /** Reads the next element, which must have this tag. */
  expect(expected: number, what: string): DerElement {
    if (this.done) throw malformed(this.#what, `${what} is missing`);
    if (this.peek() !== expected) throw malformed(this.#what, `${what} has the wrong type (tag ${this.peek()})`);
    return this.next();
  }

  /** Reads the next element if it has this tag. */
  optional(expected: number): DerElement | undefined {
    return this.peek() === expected ? this.next() : undefined;
  }

  /** Refuses anything left over. */
  end(): void {
    if (!this.done) throw malformed(this.#what, "something follows its last element");
  }
}

/** Reads bytes that are exactly one element of the given tag; returns a reader of its inside. */
export function openDer(bytes: Uint8Array, expected: number, what: string): DerReader {
  return new DerReader(readWhole(bytes, expected, what).content, what);
}

/** Reads bytes that are exactly one element of the given tag; returns it. */
export function readWhole(bytes: Uint8Array, expected: number, what: string): DerElement {
  const reader = new DerReader(bytes, what);
  const element = reader.expect(expected, what);
  reader.end();
  return element;
}

/** An OID as dotted text. At most 32 octets and arcs below 2^31, which every OID in use meets. */
export function readOid(element: DerElement, what: string): string {
  const { content } = element;
  if (content.length === 0 || content.length > 32) throw malformed(what, "an object identifier has a bad length");
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw malformed(what, "an object identifier is not minimal");
    arc = arc * 128 + (byte & 0x7f);
    if (arc > 0x7fffffff) throw malformed(what, "an object identifier is absurd");
    fresh = byte < 0x80;
    if (!fresh) continue;
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2);
      arcs.push(root, arc - root * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  if (!fresh) throw malformed(what, "an object identifier ends too early");
  return arcs.join(".");
}

/** A DER boolean: exactly 0x00 or 0xff. */
export function readBoolean(element: DerElement, what: string): boolean {
  const value = element.content[0];
  if (element.content.length !== 1 || (value !== 0x00 && value !== 0xff))
    throw malformed(what, "a boolean is not DER (0x00 or 0xff)");
  return value === 0xff;
}

/** The content of an integer, refused when it is not minimal. */
export function readIntegerBytes(element: DerElement, what: string): Uint8Array {
  const { content } = element;
  const [first, second] = content;
  if (first === undefined) throw malformed(what, "an integer is empty");
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw malformed(what, "an integer is not minimal");
  return content;
}

/** A small integer, 0 to 65535. */
export function readSmallInteger(element: DerElement, what: string): number {
  const content = readIntegerBytes(element, what);
  if ((content[0] ?? 0) >= 0x80) throw malformed(what, "an integer is negative");
  if (content.length > 3) throw malformed(what, "an integer is absurd");
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** A bit string's bytes and its count of unused bits; those must be zero. */
export function readBitString(element: DerElement, what: string): { bytes: Uint8Array; unusedBits: number } {
  const unusedBits = element.content[0];
  const bytes = element.content.subarray(1);
  if (unusedBits === undefined || unusedBits > 7 || (bytes.length === 0 && unusedBits !== 0))
    throw malformed(what, "a bit string is not DER");
  if (unusedBits > 0 && ((bytes[bytes.length - 1] ?? 0) & ((1 << unusedBits) - 1)) !== 0)
    throw malformed(what, "a bit string has padding bits set");
  return { bytes, unusedBits };
}

const utcTimePattern = /^\d{12}Z$/;
const generalizedTimePattern = /^\d{14}Z$/;

/** A validity time as RFC 5280, section 4.1.2.5 wants it: UTCTime until 2049, GeneralizedTime after; Zulu, seconds. */
export function readTime(element: DerElement, what: string): Instant {
  const text = readAscii(element.content, what);
  const generalized = element.tag === tag.generalizedTime;
  if (!generalized && element.tag !== tag.utcTime) throw malformed(what, "a time has the wrong type");
  if (!(generalized ? generalizedTimePattern : utcTimePattern).test(text))
    throw malformed(what, "a time is not in the form that RFC 5280 requires");
  const yearDigits = generalized ? 4 : 2;
  const digits = (index: number) => Number(text.slice(yearDigits + index * 2, yearDigits + index * 2 + 2));
  const written = Number(text.slice(0, yearDigits));
  const year = generalized ? written : written + (written >= 50 ? 1900 : 2000);
  if (generalized && year < 2050) throw malformed(what, "a time before 2050 must be a UTCTime");
  const [month, day, hour, minute, second] = [digits(0), digits(1), digits(2), digits(3), digits(4)] as const;
  const instant = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(instant);
  // Date.UTC rolls 31 February over; a time that does not come back as written was no time.
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    throw malformed(what, "a time does not exist");
  return instant;
}

/** Printable ASCII (0x20 to 0x7e) as text; anything else, NUL above all, is refused. */
export function readAscii(content: Uint8Array, what: string): string {
  for (const byte of content) if (byte < 0x20 || byte > 0x7e) throw malformed(what, "text holds a forbidden character");
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("latin1");
}

/** The error of this room's parsers. */
export function malformed(what: string, why: string): CordonError {
  return new CordonError("CERTIFICATE_MALFORMED", `the ${what} is malformed: ${why}`);
}
