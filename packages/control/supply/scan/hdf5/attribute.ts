/**
 * Attributes of HDF5 objects. In: an attribute message. Out: its name and, where it is text, its text: fixed or variable
 * length, one or several.
 */
import { malformed } from "../bytes/unreadable.ts";
import { Fields, type Hdf5File } from "./file.ts";

export interface Attribute {
  readonly name: string;
  /** The bytes of each string; undefined for numbers and other types. */
  readonly texts: readonly Uint8Array[] | undefined;
}

const maxStrings = 100_000;

export function readAttribute(file: Hdf5File, data: Uint8Array): Attribute {
  const fields = new Fields(data, file);
  const version = fields.number(1);
  const flags = fields.number(1);
  if (version < 1 || version > 3) throw malformed("hdf5/attribute", "an attribute has a version that is not known");
  const [nameBytes, typeBytes, spaceBytes] = [fields.number(2), fields.number(2), fields.number(2)];
  if (version === 3) fields.number(1);
  const padded = (size: number): number => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const name = text(fields.take(padded(nameBytes)));
  const type = new Fields(fields.take(padded(typeBytes)), file);
  const space = new Fields(fields.take(padded(spaceBytes)), file);
  // A type that is kept elsewhere in the file is not followed: its text is not read.
  if (version > 1 && (flags & 3) !== 0) return { name, texts: undefined };
  const count = countOf(space);
  const kind = type.number(1) & 15;
  const bits = type.number(3);
  const size = type.number(4);
  if (count > maxStrings) return { name, texts: undefined };
  if (kind === 3) return { name, texts: Array.from({ length: count }, () => fields.take(size)) };
  if (kind === 9) {
    const texts = Array.from({ length: count }, () => {
      const length = fields.number(4);
      const address = fields.offset();
      const index = fields.number(4);
      return length === 0 ? new Uint8Array() : heapObject(file, address, index);
    });
    // Sequences of bytes are looked at like text: PyTables keeps pickles in them.
    return { name, texts: (bits & 15) <= 1 ? texts : undefined };
  }
  // Opaque data may be anything.
  if (kind === 5) return { name, texts: Array.from({ length: count }, () => fields.take(size)) };
  return { name, texts: undefined };
}

/** Text up to its padding. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
}

function countOf(space: Fields): number {
  const version = space.number(1);
  const rank = space.number(1);
  space.number(1);
  const kind = space.number(1);
  if (version === 1) space.take(4);
  if (version === 2 && kind === 2) return 0;
  let count = 1;
  for (let side = 0; side < rank; side++) count *= space.length();
  return count;
}

/** An object of a global heap collection. */
function heapObject(file: Hdf5File, address: number, index: number): Uint8Array {
  const head = file.block(address, 8 + file.lengthBytes);
  if (Buffer.from(head.bytes.subarray(0, 4)).toString("latin1") !== "GCOL")
    throw malformed("hdf5/heap", "a text is not where its attribute says", address);
  head.at = 8;
  const heap = file.block(address, head.length());
  heap.at = 8 + file.lengthBytes;
  while (heap.left >= 8 + file.lengthBytes) {
    const own = heap.number(2);
    heap.take(6);
    const size = heap.length();
    if (own === 0) break;
    const data = heap.take(Math.min(heap.left, Math.ceil(size / 8) * 8)).subarray(0, size);
    if (own === index) return data;
  }
  throw malformed("hdf5/heap", "a text is not in the heap that its attribute names", address);
}
