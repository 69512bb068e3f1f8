/**
 * An entry's bytes. In: an entry, or bytes from a ledger. Out: bytes, or an entry whose version and kind this reader
 * knows. The bytes are JSON in UTF-8; what was hashed is these bytes, never a re-serialisation.
 */
import { CordonError } from "../errors.ts";
import { maxEntryBytes, type LedgerEntry } from "./entry.ts";

const kinds: Readonly<Record<LedgerEntry["kind"], true>> = {
  decision: true,
  outcome: true,
  discovery: true,
  refusal: true,
  change: true,
  writer: true,
};

/** Every kind of entry. */
export const entryKinds = Object.keys(kinds) as readonly LedgerEntry["kind"][];

/**
 * The JSON text of an entry, short enough to be kept.
 *
 * @throws {CordonError} `LEDGER_ENTRY_TOO_LARGE`
 */
export function encodeEntry(entry: LedgerEntry): string {
  const text = JSON.stringify(entry);
  // A UTF-16 unit is at most 3 bytes of UTF-8: most entries need no second look.
  if (text.length * 3 > maxEntryBytes) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxEntryBytes)
      throw new CordonError(
        "LEDGER_ENTRY_TOO_LARGE",
        `this ${entry.kind} entry is ${bytes} bytes long, and the ledger keeps at most ${maxEntryBytes}: keep digests, not content`,
      );
  }
  return text;
}

/** What the bytes of an entry say; `undefined` where they are no entry of version 1 (a newer writer, or damage). */
export function parseEntry(bytes: Uint8Array): LedgerEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is LedgerEntry {
  if (typeof value !== "object" || value === null) return false;
  const { v, kind, at, id } = value as Record<string, unknown>;
  if (v !== 1 || typeof at !== "number" || !(entryKinds as readonly unknown[]).includes(kind)) return false;
  return (kind !== "decision" && kind !== "outcome" && kind !== "discovery") || typeof id === "string";
}
