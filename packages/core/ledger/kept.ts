/**
 * Checkpoints and receipts that were kept elsewhere: what shows that a history was rewritten by someone who holds the
 * log key. In: their texts, and the recomputed roots. Out: whether the folder still is the history they were given for,
 * and where not, the closest that can be said of where the two part.
 */
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import type { Findings } from "./finding.ts";
import { leafHash, sameHash } from "./merkle.ts";
import type { NoteVerifier } from "./note.ts";
import { inclusionRanges } from "./proof.ts";
import { hashesOfRanges, readEntry, type LedgerReader } from "./reader.ts";
import { openReceipt, receiptHeader, type Receipt } from "./receipt.ts";

export interface Kept {
  /** What to call it: a file's name. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly receipt?: Receipt;
}

export interface KeptVerdict {
  readonly name: string;
  readonly size: number;
  readonly agrees: boolean;
}

/**
 * Reads a kept checkpoint or receipt.
 *
 * @throws {CordonError} `CHECKPOINT_INVALID` or `PROOF_INVALID` where it is not this log's
 */
export function parseKept(name: string, text: string, verifier: NoteVerifier): Kept {
  if (!text.startsWith(receiptHeader)) return { name, checkpoint: openCheckpoint(text, verifier) };
  const receipt = openReceipt(text, verifier);
  return { name, checkpoint: receipt.checkpoint, receipt };
}

/**
 * Compares each kept head with the folder's verified tree.
 *
 * @param roots the recomputed root at each kept size that the folder reaches
 */
export async function compareKept(
  reader: LedgerReader,
  { size }: Checkpoint,
  roots: ReadonlyMap<number, Uint8Array>,
  kept: readonly Kept[],
  findings: Findings,
): Promise<KeptVerdict[]> {
  const agrees = ({ checkpoint }: Kept): boolean => {
    const root = roots.get(checkpoint.size);
    return root !== undefined && sameHash(root, checkpoint.root);
  };
  const common = Math.max(0, ...kept.filter(agrees).map((each) => each.checkpoint.size));
  for (const each of kept) {
    if (agrees(each)) continue;
    const part = each.receipt === undefined ? undefined : await locate(reader, size, each.receipt);
    if (each.checkpoint.size <= size || part !== undefined) {
      const where = part ?? between(common, each.checkpoint.size);
      findings.add(
        "LEDGER_FORKED",
        `two histories were signed with this log's key: ${each.name}, signed over ${each.checkpoint.size} entries, is of another one than this folder. ${where}`,
      );
    } else {
      findings.add(
        "LEDGER_SHORTENED",
        `${each.name} was signed over ${each.checkpoint.size} entries, and this folder ends at ${size}: it is an older copy, or its end was removed`,
      );
    }
  }
  return kept.map((each) => ({ name: each.name, size: each.checkpoint.size, agrees: agrees(each) }));
}

function between(common: number, size: number): string {
  if (common === 0 || common >= size) return `They part somewhere in the first ${size} entries`;
  return `They agree on the first ${common} entries and part between entry ${common} and entry ${size - 1}`;
}

/** Where a receipt's history differs from the folder's: its own entry, or the parts that its proof holds hashes of. */
async function locate(reader: LedgerReader, size: number, receipt: Receipt): Promise<string | undefined> {
  const { index, checkpoint } = receipt;
  if (index < size && !sameHash(leafHash(await readEntry(reader, size, index)), receipt.leaf))
    return `They part at entry ${index} or before: the entry here is not the one that the receipt was given for`;
  const differing: string[] = [];
  for (const [i, range] of inclusionRanges(index, checkpoint.size).entries()) {
    if (range.end > size) continue;
    const [here] = await hashesOfRanges(reader, size, [range]);
    const there = receipt.proof[i];
    if (here !== undefined && there !== undefined && !sameHash(here, there))
      differing.push(`${range.start} to ${range.end - 1}`);
  }
  if (differing.length === 0) return undefined;
  return `Entry ${index} is the same in both; entries ${differing.join(" and ")} are not`;
}
