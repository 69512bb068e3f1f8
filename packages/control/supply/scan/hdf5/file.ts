/**
 * Reads the skeleton of an HDF5 file (HDF5 File Format Specification 3.0): objects, links, attributes, filters, where
 * data is kept. In: a source. Out: messages of object headers, and blocks by address. Data is not read. Every walk is
 * bounded by the budget, and no address is visited twice.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import type { Budget } from "../bytes/budget.ts";
import { malformed, Unreadable } from "../bytes/unreadable.ts";

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

const maxBlock = 64 * 2 ** 20;
const signature = Buffer.from("894844460d0a1a0a", "hex");

/** Offset of the superblock: 0, or a power of two from 512 on; -1 where there is none. */
export function findSuperblock(source: ByteSource): number {
  for (let at = 0; at < source.size && at <= 2 ** 30; at = at === 0 ? 512 : at * 2)
    if (signature.equals(source.read(at, 8))) return at;
  return -1;
}

/** A view of little-endian fields whose sizes the superblock sets. */
export class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: Pick<Hdf5File, "offsetBytes" | "lengthBytes">;
  at = 0;

  constructor(bytes: Uint8Array, file: Pick<Hdf5File, "offsetBytes" | "lengthBytes">) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#file = file;
  }

  number(size: number): number {
    if (this.at + size > this.bytes.length) throw malformed("hdf5/truncated", "a block of it is cut off");
    let value = 0;
    for (let index = size - 1; index >= 0; index--) value = value * 256 + this.#view.getUint8(this.at + index);
    this.at += size;
    return value;
  }

  offset(): number {
    return this.number(this.#file.offsetBytes);
  }

  length(): number {
    return this.number(this.#file.lengthBytes);
  }

  take(size: number): Uint8Array {
    if (size < 0 || this.at + size > this.bytes.length) throw malformed("hdf5/truncated", "a block of it is cut off");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }
}

export interface Hdf5File {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Address of the root group's object header. */
  readonly root: number;
  /** One past the last byte that the file says it has. */
  readonly end: number;
  /** The bytes at an address. */
  block(address: number, length: number): Fields;
  /** The messages of an object header, continuations included. */
  messages(address: number): readonly Message[];
}

export function openHdf5(source: ByteSource, budget: Budget): Hdf5File {
  const at = findSuperblock(source);
  if (at < 0) throw malformed("hdf5/superblock", "it has no superblock");
  const head = new Fields(source.read(at, 128).slice(), { offsetBytes: 8, lengthBytes: 8 });
  head.at = 8;
  const version = head.number(1);
  if (version > 3) throw new Unreadable("unsupported", "hdf5/version", `superblock version ${version} is not known`);
  if (version < 2) head.at = 13;
  const offsetBytes = head.number(1);
  const lengthBytes = head.number(1);
  if (![2, 4, 8].includes(offsetBytes) || ![2, 4, 8].includes(lengthBytes))
    throw malformed("hdf5/superblock", "its addresses have a size that cannot be", at);
  const sized = new Fields(head.bytes, { offsetBytes, lengthBytes });
  // v0: 24 bytes before the base address; v1 has the K of indexed storage too; v2 and v3: 12.
  sized.at = version === 0 ? 24 : version === 1 ? 28 : 12;
  const base = sized.offset();
  sized.offset();
  const end = sized.offset();
  if (version < 2) {
    sized.offset();
    sized.offset();
  }
  const root = sized.offset();
  const block = (address: number, length: number): Fields => {
    budget.spend(10);
    if (length > maxBlock)
      throw new Unreadable("unsupported", "hdf5/block", `a block of ${length} bytes is longer than is read`, address);
    const bytes = source.read(at + base + address, length).slice();
    if (bytes.length < length) throw malformed("hdf5/address", "an address leads behind the end of the file", address);
    return new Fields(bytes, { offsetBytes, lengthBytes });
  };
  const file: Hdf5File = {
    offsetBytes,
    lengthBytes,
    root,
    end: at + base + end,
    block,
    messages: (address) => readMessages(file, address, budget),
  };
  return file;
}

const maxContinuations = 10_000;

function readMessages(file: Hdf5File, address: number, budget: Budget): Message[] {
  const first = file.block(address, 16);
  const modern = Buffer.from(first.bytes.subarray(0, 4)).toString("latin1") === "OHDR";
  const messages: Message[] = [];
  const waiting: Fields[] = [];
  let flags = 0;
  if (modern) {
    flags = first.bytes[5] ?? 0;
    const sizeBytes = 1 << (flags & 3);
    const before = 6 + ((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4);
    const prefix = file.block(address, before + sizeBytes);
    prefix.at = before;
    const size = prefix.number(sizeBytes);
    const whole = file.block(address, before + sizeBytes + size);
    whole.at = before + sizeBytes;
    waiting.push(whole);
  } else {
    if (first.bytes[0] !== 1)
      throw malformed("hdf5/object", "an object header has a version that is not known", address);
    first.at = 8;
    const size = first.number(4);
    const whole = file.block(address, 16 + size);
    whole.at = 16;
    waiting.push(whole);
  }
  let continuations = 0;
  for (let fields = waiting.shift(); fields !== undefined; fields = waiting.shift()) {
    const headBytes = modern ? ((flags & 4) === 0 ? 4 : 6) : 8;
    while (fields.left >= headBytes) {
      budget.spend(10);
      const type = fields.number(modern ? 1 : 2);
      const size = fields.number(2);
      const own = fields.number(1);
      fields.take(headBytes - (modern ? 4 : 5));
      if (size > fields.left) {
        // A gap at the end of a modern chunk is shorter than a message.
        if (modern) break;
        throw malformed("hdf5/message", "a message is longer than its header", address);
      }
      const data = fields.take(size);
      if (type !== 0x10) {
        messages.push({ type, flags: own, data });
        continue;
      }
      if (++continuations > maxContinuations)
        throw malformed("hdf5/continuations", "an object header never ends", address);
      const where = new Fields(data, file);
      const next = file.block(where.offset(), where.length());
      if (modern) {
        const body = next.bytes.subarray(4, Math.max(4, next.bytes.length - 4));
        waiting.push(new Fields(body, file));
      } else waiting.push(next);
    }
  }
  return messages;
}
