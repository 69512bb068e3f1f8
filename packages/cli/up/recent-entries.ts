/**
 * The end of a ledger that was written before this process started, so that a console opened after a restart is not
 * empty. In: the ledger's folder, and its checkpoint. Out: the last entries below the checkpoint, in order.
 */
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { openCheckpoint } from "@cordon/core/ledger/checkpoint";
import { parseVkey } from "@cordon/core/ledger/note";
import { readEntries } from "@cordon/core/ledger/reader";
import { folderReader } from "../commands/ledger/folder.ts";

/**
 * @param note the latest checkpoint; empty before the first
 * @throws {CordonError} `LEDGER_CORRUPT`, `CHECKPOINT_INVALID`
 */
export async function lastEntries(
  { folder, vkey }: { readonly folder: string; readonly vkey: string },
  note: string,
  count: number,
): Promise<{ readonly index: number; readonly entry: LedgerEntry }[]> {
  if (note === "") return [];
  const { size } = openCheckpoint(note, parseVkey(vkey));
  const last: { index: number; entry: LedgerEntry }[] = [];
  for await (const { index, bytes } of readEntries(folderReader(folder), size, Math.max(0, size - count))) {
    const entry = parseEntry(bytes);
    if (entry !== undefined) last.push({ index, entry });
  }
  return last;
}
