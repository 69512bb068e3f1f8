/** Makes zips, tars and protocol buffers for tests, honest ones and ones that lie. In: parts. Out: bytes. */
import { crc32, deflateRawSync } from "node:zlib";
import { bytesOf, u32, u64, type Part } from "./assemble.ts";

const u16 = (value: number): Uint8Array => bytesOf(value & 255, value >> 8);

export interface Entry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** What the local header says, where it lies. */
  readonly local?: {
    readonly name?: string;
    readonly flags?: number;
    readonly size?: number;
    readonly method?: number;
  };
  readonly flags?: number;
  readonly crc?: number;
  readonly mode?: number;
}

export function zip(...entries: readonly Entry[]): Uint8Array {
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let at = 0;
  for (const { name, content, deflate, local, flags = 0, crc, mode } of entries) {
    const data = deflate === true ? deflateRawSync(content) : content;
    const method = deflate === true ? 8 : 0;
    const sum = crc ?? crc32(content);
    const fields = (own: Entry["local"]): Part[] => [
      u16(own?.flags ?? flags),
      u16(own?.method ?? method),
      u32(0),
      u32(sum),
      u32(data.length),
      u32(own?.size ?? content.length),
    ];
    const localName = Buffer.from(local?.name ?? name);
    const header = bytesOf("PK\x03\x04", u16(20), ...fields(local), u16(localName.length), u16(0), localName, data);
    const nameBytes = Buffer.from(name);
    centrals.push(
      bytesOf(
        "PK\x01\x02",
        u16(0x0314),
        u16(20),
        ...fields(undefined),
        u16(nameBytes.length),
        u16(0),
        u16(0),
        u16(0),
        u16(0),
      ),
      bytesOf(u32((mode ?? 0) * 65_536), u32(at), nameBytes),
    );
    locals.push(header);
    at += header.length;
  }
  const directory = bytesOf(...centrals);
  const count = u16(entries.length);
  return bytesOf(...locals, directory, "PK\x05\x06", u32(0), count, count, u32(directory.length), u32(at), u16(0));
}

export function tar(name: string, content: Uint8Array, kind = "0", target = ""): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(kind, 156);
  header.write(target, 157);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytesOf(header, content, new Uint8Array((512 - (content.length % 512)) % 512), new Uint8Array(1024));
}

/** A length-delimited field of a protocol buffer, or a varint below 2^31. */
export function field(number: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === "number") return bytesOf(varint(number * 8), varint(value));
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return bytesOf(varint(number * 8 + 2), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return bytesOf(...bytes, left);
    bytes.push((left % 128) + 128);
  }
}

export function safetensors(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(header);
  return bytesOf(u64(text.length), text, data);
}

export function npy(descr: string, shape: string, data: Uint8Array): Uint8Array {
  const header = Buffer.from(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`);
  return bytesOf("\x93NUMPY\x01\x00", u16(header.length), header, data);
}
