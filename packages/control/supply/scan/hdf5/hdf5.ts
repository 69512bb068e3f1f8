/**
 * Scans HDF5: Keras models and weights, PyTables. In: a source. Out: findings. Every object that can be reached is
 * visited: its attributes are read, its links and filters looked at, and data that is kept in other files is refused.
 */
import { memorySource, type ByteSource } from "../bytes/byte-source.ts";
import { malformed, Unreadable } from "../bytes/unreadable.ts";
import { codeIn } from "../formats/code-text.ts";
import { parseJsonTree } from "../formats/json-tree.ts";
import { scanKerasConfig } from "../formats/keras-config.ts";
import { tryPickle } from "../pickle/whole-pickle.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable, type Refusal } from "../verdict.ts";
import { readAttribute, text } from "./attribute.ts";
import { Fields, openHdf5, type Hdf5File, type Message } from "./file.ts";

/** Filters that the library and h5py bring along; others are loaded as plug-ins from a folder of the machine. */
const filters = new Set([1, 2, 3, 4, 5, 6, 32_000, 32_001, 32_004, 32_008, 32_015]);

export function scanHdf5(source: ByteSource, scan: Scan): string {
  const file = openHdf5(source, scan.budget);
  const seen = new Set<number>();
  const waiting = [file.root];
  let keras = false;
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (seen.has(address)) continue;
    seen.add(address);
    for (const message of file.messages(address)) {
      const found = visit(file, message, scan);
      keras ||= found.keras;
      waiting.push(...found.children);
    }
  }
  if (source.size > file.end && source.read(file.end, 1).length > 0)
    throw malformed("hdf5/trailing-bytes", "bytes follow the end that the file states", file.end);
  return keras ? "keras-hdf5" : "hdf5";
}

function report(scan: Scan, rule: string, verdict: Refusal, words: string): void {
  scan.report({ rule, verdict, atlas: verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact, words });
}

interface Visited {
  readonly children: readonly number[];
  readonly keras: boolean;
}

const nothing: Visited = { children: [], keras: false };

function visit(file: Hdf5File, message: Message, scan: Scan): Visited {
  // Shared: the body is a reference to a message kept elsewhere. Types may be; nothing else is.
  const shared = (message.flags & 2) !== 0;
  if (shared && message.type !== 3)
    throw new Unreadable("unsupported", "hdf5/shared", "a message of it is kept elsewhere in the file");
  switch (message.type) {
    case 0x02:
      checkDense(file, message.data, 2, "links");
      return nothing;
    case 0x06:
      return { ...nothing, children: readLink(file, message.data, scan) };
    case 0x07:
      report(scan, "hdf5/external-storage", "dangerous", "a dataset is read from another file, wherever that is");
      return nothing;
    case 0x08:
      // Layout version 3 and 4: class 3 is a virtual dataset.
      if ((message.data[0] ?? 0) >= 3 && message.data[1] === 3)
        report(scan, "hdf5/virtual-dataset", "dangerous", "a dataset is put together from other files");
      return nothing;
    case 0x0b:
      checkFilters(file, message.data, scan);
      return nothing;
    case 0x0c:
      return { ...nothing, keras: checkAttribute(file, message.data, scan) };
    case 0x11:
      return { ...nothing, children: readSymbolTable(file, message.data, scan) };
    case 0x15:
      checkDense(file, message.data, 2, "attributes");
      return nothing;
    default:
      return nothing;
  }
}

/** Links and attributes beyond a few may be kept in a fractal heap, which is not read here. */
function checkDense(file: Hdf5File, data: Uint8Array, at: number, what: string): void {
  const fields = new Fields(data, file);
  const flags = data[1] ?? 0;
  fields.at = at;
  if ((flags & 1) !== 0) fields.take(what === "links" ? 8 : 2);
  const heap = fields.number(file.offsetBytes);
  if (heap !== 2 ** (8 * file.offsetBytes) - 1 && heap < Number.MAX_SAFE_INTEGER)
    throw new Unreadable("unsupported", "hdf5/dense", `its ${what} are kept in a dense heap, which is not read here`);
}

function readLink(file: Hdf5File, data: Uint8Array, scan: Scan): number[] {
  const fields = new Fields(data, file);
  fields.number(1);
  const flags = fields.number(1);
  const kind = (flags & 8) === 0 ? 0 : fields.number(1);
  if ((flags & 4) !== 0) fields.take(8);
  if ((flags & 16) !== 0) fields.take(1);
  const name = text(fields.take(fields.number(1 << (flags & 3))));
  if (kind === 0) return [fields.offset()];
  if (kind === 1) return [];
  const target = kind === 64 ? text(fields.take(fields.number(2)).subarray(1)) : "a place of its own kind";
  report(
    scan,
    "hdf5/external-link",
    "dangerous",
    `link ${printable(name, 60)} leads to another file: ${printable(target, 100)}`,
  );
  return [];
}

/** A group of the old kind: a B-tree of symbol nodes, names in a local heap. */
function readSymbolTable(file: Hdf5File, data: Uint8Array, scan: Scan): number[] {
  const children: number[] = [];
  const trees = [new Fields(data, file).offset()];
  const seen = new Set<number>();
  for (let address = trees.pop(); address !== undefined; address = trees.pop()) {
    if (seen.has(address)) throw malformed("hdf5/group", "a group's tree leads in a ring", address);
    seen.add(address);
    scan.budget.spend(10);
    const head = file.block(address, 8 + 2 * file.offsetBytes);
    const kind = Buffer.from(head.bytes.subarray(0, 4)).toString("latin1");
    head.at = 4;
    if (kind === "TREE") {
      head.take(2);
      const used = head.number(2);
      const size = file.offsetBytes + file.lengthBytes;
      const node = file.block(address, 8 + 2 * file.offsetBytes + used * size + file.lengthBytes);
      node.at = 8 + 2 * file.offsetBytes;
      for (let entry = 0; entry < used; entry++) {
        node.length();
        trees.push(node.offset());
      }
    } else if (kind === "SNOD") {
      head.take(2);
      const used = head.number(2);
      const size = 2 * file.offsetBytes + 24;
      const node = file.block(address, 8 + used * size);
      for (let entry = 0; entry < used; entry++) {
        node.at = 8 + entry * size + file.offsetBytes;
        const child = node.offset();
        // Cache type 2 is a symbolic link inside the file: what it names is visited by itself.
        if (node.number(4) !== 2) children.push(child);
      }
    } else throw malformed("hdf5/group", "a group's tree is not where it says", address);
  }
  return children;
}

function checkFilters(file: Hdf5File, data: Uint8Array, scan: Scan): void {
  const fields = new Fields(data, file);
  const version = fields.number(1);
  const count = fields.number(1);
  if (version === 1) fields.take(6);
  for (let index = 0; index < count; index++) {
    const id = fields.number(2);
    const nameBytes = version === 1 || id >= 256 ? fields.number(2) : 0;
    fields.take(2);
    const values = fields.number(2);
    fields.take(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    fields.take(values * 4 + (version === 1 && values % 2 === 1 ? 4 : 0));
    if (!filters.has(id))
      report(
        scan,
        "hdf5/filter",
        "unknown-import",
        `data passes through filter ${id}, which its reader loads as a plug-in`,
      );
  }
}

/** True for the attributes by which Keras knows its files. */
function checkAttribute(file: Hdf5File, data: Uint8Array, scan: Scan): boolean {
  const { name, texts } = readAttribute(file, data);
  if (texts === undefined) return false;
  if (name === "model_config" || name === "training_config") {
    const json = Buffer.concat(texts.map((part) => (part.indexOf(0) < 0 ? part : part.subarray(0, part.indexOf(0)))));
    scanKerasConfig(parseJsonTree(json, "keras/config"), scan);
    return true;
  }
  for (const bytes of texts) {
    if (bytes.length < 8) continue;
    const [first = 0, second = 9] = bytes;
    if ((first === 0x80 && second <= 5) || "c(]}".includes(String.fromCharCode(first))) {
      const { end, imports } = tryPickle(memorySource(bytes), scan.budget);
      if (imports > 0 || (first === 0x80 && end !== undefined)) scan.part(`attribute ${name}`, memorySource(bytes));
    }
    const code = codeIn(text(bytes));
    if (code !== undefined)
      report(scan, "hdf5/attribute-code", "dangerous", `attribute ${printable(name, 60)} holds code: ${code}`);
  }
  return name === "keras_version";
}
