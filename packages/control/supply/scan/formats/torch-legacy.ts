/**
 * PyTorch's format before 1.6: pickles of a magic number, a protocol, the machine, the object, the storage keys, then
 * the storages (torch/serialization.py, _legacy_load). In: a source. Out: findings; every byte is accounted for.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { malformed } from "../bytes/unreadable.ts";
import { scanStream } from "../pickle/scan-pickle.ts";
import { persistentStorage } from "../pickle/torch-storage.ts";
import { describe, isKind, type Value } from "../pickle/values.ts";
import type { Scan } from "../scan.ts";

const magic = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

export function isTorchLegacy(head: Uint8Array): boolean {
  const at = Buffer.from(head);
  // Protocol 2 to 5, then the same number; frames come from protocol 4 on only for long streams.
  return at[0] === 0x80 && (at[1] ?? 9) <= 5 && at.subarray(2, magic.length).equals(magic.subarray(2));
}

const itemBytes: Readonly<Record<string, number>> = {
  DoubleStorage: 8,
  LongStorage: 8,
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  FloatStorage: 4,
  IntStorage: 4,
  QInt32Storage: 4,
  HalfStorage: 2,
  BFloat16Storage: 2,
  ShortStorage: 2,
};

export function scanTorchLegacy(source: ByteSource, scan: Scan): void {
  const sizes = new Map<string, number>();
  const persistent = (id: Value): ReturnType<typeof persistentStorage> => {
    if (isKind(id, "tuple") && isKind(id.items[1], "name"))
      sizes.set(describe(id.items[2]), itemBytes[id.items[1].name] ?? 1);
    return persistentStorage(id);
  };
  let at = 0;
  let keys: Value = null;
  for (let stream = 0; stream < 5; stream++) {
    const outcome = scanStream(source, at, scan, stream === 3 ? { persistent } : {});
    if (outcome.end === undefined) return;
    at = outcome.end;
    keys = outcome.value;
  }
  if (!isKind(keys, "list")) throw malformed("pytorch/keys", "its list of storages is no list", at);
  const cursor = new Cursor(source, at);
  // More keys than the list keeps are walked all the same: one storage follows the other to the end.
  for (let index = 0; keys.more ? cursor.peek() >= 0 : index < keys.items.length; index++) {
    scan.budget.spend(100);
    const bytes = sizes.get(describe(keys.items[index])) ?? 1;
    cursor.skip(cursor.u64() * bytes);
  }
  if (cursor.peek() >= 0)
    throw malformed(
      "pytorch/trailing-bytes",
      "bytes follow the last storage that no storage accounts for",
      cursor.position,
    );
}
