/**
 * What a verifier makes of the write-ahead log: entries that are in the tree too must be the same there; those behind
 * the checkpoint are counted, since nothing signed covers them yet. In: a reader and the checkpoint's size. Out:
 * findings and notices. Memory: 32 bytes for each entry that both hold, and one segment.
 */
import type { Findings } from "./finding.ts";
import { leafHash, sameHash } from "./merkle.ts";
import type { LedgerReader } from "./reader.ts";
import { decodeSegment, maxSegmentBytes, segmentPath, segmentsIn } from "./write-ahead.ts";

/** Enough for the busiest writer between two publications, by far. */
const maxCompared = 1_000_000;

export interface WriteAhead {
  /** To be called with the leaf hash of each entry of the tree, in order. */
  readonly compare: (index: number, leaf: Uint8Array) => void;
}

export async function readWriteAhead(reader: LedgerReader, size: number, findings: Findings): Promise<WriteAhead> {
  const leaves = new Map<number, Uint8Array>();
  const beyond = new Set<number>();
  for (const name of segmentsIn(await reader.list("wal"))) {
    const path = segmentPath(name);
    const bytes = await reader.read(path, maxSegmentBytes);
    if (bytes === undefined) continue; // a running writer has dropped it since
    const { entries, tornBytes, damaged } = decodeSegment(bytes, name.firstIndex);
    for (const entry of entries) {
      if (entry.index >= size) beyond.add(entry.index);
      else if (leaves.size < maxCompared) leaves.set(entry.index, leafHash(entry.bytes));
    }
    const end = name.firstIndex + entries.length;
    if (damaged || (tornBytes > 0 && end < size))
      findings.add(
        "LEDGER_CORRUPT",
        `${path} is damaged behind entry ${end - 1}: acknowledged entries in it are unreadable`,
      );
    else if (tornBytes > 0)
      findings.notice(
        `${path} ends in ${tornBytes} bytes of an unfinished write: a writer is running, or it was killed and has not been restarted. Nothing in them was acknowledged`,
      );
  }
  if (beyond.size > 0)
    findings.notice(
      `${beyond.size} entries in the write-ahead log came after the checkpoint: nothing signed covers them yet`,
    );
  return {
    compare: (index, leaf) => {
      const logged = leaves.get(index);
      if (logged !== undefined && !sameHash(logged, leaf))
        findings.add(
          "LEDGER_CORRUPT",
          `entry ${index} is one thing in its bundle and another in the write-ahead log`,
          index,
        );
    },
  };
}
