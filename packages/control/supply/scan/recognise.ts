/**
 * What a file is, by its content first and its name second. In: a source and a name. Out: the format and its reader.
 * Where name and content disagree it is a finding: a loader chosen by the name would read something else.
 */
import type { ByteSource } from "./bytes/byte-source.ts";
import type { Budget } from "./bytes/budget.ts";
import { Unreadable } from "./bytes/unreadable.ts";
import { compressionOf, scanCompressed } from "./formats/compressed.ts";
import { isNpy, scanNpy } from "./formats/npy.ts";
import { isTorchLegacy, scanTorchLegacy } from "./formats/torch-legacy.ts";
import { scanPickle } from "./pickle/scan-pickle.ts";
import { tryPickle } from "./pickle/whole-pickle.ts";
import type { Scan } from "./scan.ts";
import { kindOf } from "./zip/kinds.ts";
import { findEndRecord } from "./zip/directory.ts";
import { scanZip } from "./zip/zip.ts";

/** Scans a source as what it is; gives the format. */
export function scanContent(source: ByteSource, scan: Scan): string {
  const head = source.read(0, 512).slice();
  if (isZip(head) || endsAsZip(source, head)) return scanZip(source, scan, kindOf);
  if (isNpy(head)) return named("numpy", () => scanNpy(source, scan));
  const compression = compressionOf(head);
  if (compression !== undefined) return scanCompressed(source, scan, compression);
  if (isTorchLegacy(head)) return named("pytorch-legacy", () => scanTorchLegacy(source, scan));
  if (isPickle(head, source, scan.name, scan.budget)) return named("pickle", () => scanPickle(source, scan));
  throw new Unreadable("unsupported", "content/unknown", "its format is not known here: nothing is claimed about it");
}

function named(format: string, read: () => void): string {
  read();
  return format;
}

function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/** Python's zipfile looks for the end record only: such a file is a zip to it, whatever stands in front. */
function endsAsZip(source: ByteSource, head: Uint8Array): boolean {
  if (head.length < 22) return false;
  const at = findEndRecord(source);
  if (at < 0) return false;
  const record = source.read(at, 22);
  return record.length === 22 && at + 22 + (record[20] ?? 0) + 256 * (record[21] ?? 0) <= source.size;
}

const pickleNames = /\.(?:pkl|pickle|p|pk|joblib|pt|pth|bin|ckpt|dat|data|model|npy|sav|pck|dill|cloudpickle)$/i;

/** Protocol 2 and later start with their number; older streams have no mark, and are told by reading them. */
function isPickle(head: Uint8Array, source: ByteSource, name: string, budget: Budget): boolean {
  const [first = 0, second = 0] = head;
  if (first === 0x80 && second >= 1 && second <= 5) return true;
  if (!"(]}cIKLMNJXVFGSTU)0ip\x8c\x95\x80".includes(String.fromCharCode(first))) return false;
  const { end, imports, steps } = tryPickle(source, budget);
  return imports > 0 || end !== undefined || (pickleNames.test(name) && steps > 8);
}
