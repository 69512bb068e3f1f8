/**
 * NumPy's .npy (numpy/lib/format.py). In: a source. Out: findings. An array of objects is a pickle; the header is a
 * literal, parsed and never evaluated. Arrays may follow one another in a file.
 */
import { tailSource, type ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { malformed, Unreadable } from "../bytes/unreadable.ts";
import { scanStream } from "../pickle/scan-pickle.ts";
import type { Scan } from "../scan.ts";
import { parseLiteral, type Literal } from "./python-literal.ts";

/** NumPy refuses longer headers unless it is told to trust the file. */
const maxHeader = 1 << 20;

export function isNpy(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 6)).equals(Buffer.from("\x93NUMPY", "latin1"));
}

export function scanNpy(source: ByteSource, scan: Scan): void {
  let at = 0;
  do {
    scan.budget.spend(1000);
    if (!isNpy(source.read(at, 6)))
      throw malformed("npy/trailing-bytes", "bytes that are no array follow the array", at);
    at = scanArray(source, at, scan);
  } while (source.read(at, 1).length > 0);
}

function scanArray(source: ByteSource, start: number, scan: Scan): number {
  const cursor = new Cursor(source, start + 6);
  const major = cursor.u8();
  cursor.u8();
  if (major < 1 || major > 3)
    throw new Unreadable("unsupported", "npy/version", `version ${major} of .npy is not known`, start);
  const length = major === 1 ? cursor.u16() : cursor.u32();
  if (length > maxHeader) throw malformed("npy/header", `its header claims ${length} bytes`, start);
  const header = parseLiteral(
    Buffer.from(cursor.bytes(length))
      .toString(major === 3 ? "utf8" : "latin1")
      .trim(),
  );
  if (!(header instanceof Map) || header.size !== 3)
    throw malformed("npy/header", "its header is no dict of three entries", start);
  const descr = header.get("descr");
  const shape = header.get("shape");
  if (descr === undefined || !Array.isArray(shape) || !shape.every((side) => typeof side === "number" && side >= 0))
    throw malformed("npy/header", "its header lacks the type or the shape", start);
  if (holdsObjects(descr, start)) {
    const { end } = scanStream(source, cursor.position, scan);
    return end ?? tailSource(source, 0).size;
  }
  const count = shape.reduce<number>((all, side) => all * Number(side), 1);
  const bytes = count * itemBytes(descr);
  if (!Number.isSafeInteger(bytes)) throw malformed("npy/shape", "its shape is larger than any file", start);
  cursor.skip(bytes);
  return cursor.position;
}

const typeText = /^[<>|=]?([?a-zA-Z])(\d*)(?:\[[^\]]*\])?$/;

function holdsObjects(descr: Literal, at: number): boolean {
  return someType(descr, at, (code) => code === "O");
}

function someType(descr: Literal, at: number, test: (code: string) => boolean): boolean {
  if (typeof descr === "string") {
    const code = typeText.exec(descr)?.[1];
    if (code === undefined) throw malformed("npy/type", "its type is written in a way that is not known", at);
    return test(code);
  }
  // Structures: [("name", type, shape?), …]; subarrays: (type, shape).
  if (Array.isArray(descr) && descr.every((field) => Array.isArray(field)))
    return (descr as readonly (readonly Literal[])[]).some((field) => someType(field[1] ?? null, at, test));
  if (Array.isArray(descr) && descr.length === 2) return someType(descr[0] as Literal, at, test);
  throw malformed("npy/type", "its type is written in a way that is not known", at);
}

function itemBytes(descr: Literal): number {
  if (typeof descr === "string") {
    const [, code = "", digits = ""] = typeText.exec(descr) ?? [];
    const one =
      digits === ""
        ? ({ "?": 1, b: 1, B: 1, h: 2, H: 2, i: 4, I: 4, l: 8, q: 8, e: 2, f: 4, d: 8 }[code] ?? 0)
        : Number(digits);
    return code === "U" ? one * 4 : one;
  }
  if (Array.isArray(descr) && descr.length === 2 && !Array.isArray(descr[0]))
    return itemBytes(descr[0] as Literal) * sides(descr[1] as Literal);
  return (descr as readonly (readonly Literal[])[]).reduce(
    (all, field) => all + itemBytes(field[1] ?? null) * sides(field[2] ?? null),
    0,
  );
}

function sides(shape: Literal): number {
  if (typeof shape === "number") return shape;
  return Array.isArray(shape) ? (shape as readonly Literal[]).reduce<number>((all, side) => all * Number(side), 1) : 1;
}
