/**
 * What a restart finds. In: the file layer, after any crash or power loss, and the log's public key. Out: the tree's
 * right edge, what was open, and what was torn off; or `LEDGER_CORRUPT`, and no start.
 *
 * Why a bounded read is enough, however long the history is. A checkpoint is published only after every full tile below
 * it, its partial tiles and `open/<size>` are durable, and the write-ahead log is cut only behind the last full bundle
 * of a published checkpoint. So the checkpoint's own partial tiles on levels 1 and up give the tree up to the last full
 * bundle; the write-ahead log gives the rest; and the root over both, at the checkpoint's size, must be the signed one.
 * Altered tiles at the edge, a missing segment or a cut log cannot pass that. (Altered entries deep in sealed bundles
 * can: they do not bear on what is appended, and `cordon ledger verify` reads them all.) Likewise for what is open:
 * `open/<size>` holds it at the checkpoint, and every later entry is in the write-ahead log.
 */
import { CordonError } from "@cordon/core/errors";
import { openCheckpoint, type Checkpoint } from "@cordon/core/ledger/checkpoint";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { decodeOpen, Interactions, markOf, openPath } from "@cordon/core/ledger/interactions";
import { hashBytes, sameHash } from "@cordon/core/ledger/merkle";
import type { NoteVerifier } from "@cordon/core/ledger/note";
import { hashesOfTile, levelsOf, tileAt, tilePath, tileWidth } from "@cordon/core/ledger/tiles";
import { decodeSegment, segmentPath, segmentsIn } from "@cordon/core/ledger/write-ahead";
import type { LedgerFiles } from "./files.ts";
import { RightEdge } from "./right-edge.ts";

export interface Recovered {
  /** The last checkpoint that was published, and its note; none on a new ledger. */
  readonly published: { readonly checkpoint: Checkpoint; readonly note: string } | undefined;
  readonly edge: RightEdge;
  /** Entries from the last sealed bundle on: what the new write-ahead log starts with. */
  readonly tail: readonly Uint8Array[];
  /** Index of the first entry of `tail`. */
  readonly base: number;
  readonly interactions: Interactions;
  /** Bytes of an unfinished, never acknowledged write that were left out. */
  readonly tornBytes: number;
  /** The generation that the next write-ahead log must have: higher than any before. */
  readonly generation: number;
}

/**
 * Reads the state that a crash left.
 *
 * @param seen checkpoints of this log that are known from elsewhere: each that lies within the recovered entries, at or
 * past the folder's own checkpoint, must fit them; `LEDGER_CORRUPT` too where one lies beyond (a folder that was put
 * back to an older state would sign a second history)
 * @throws {CordonError} `LEDGER_CORRUPT` where acknowledged history is missing or does not fit the signed checkpoint
 */
export function recover(files: LedgerFiles, verifier: NoteVerifier, seen: readonly Checkpoint[] = []): Recovered {
  const published = readPublished(files, verifier);
  const size = published?.checkpoint.size ?? 0;
  const base = Math.floor(size / tileWidth) * tileWidth;
  const wal = readWriteAhead(files, base, published !== undefined);
  if (wal.end < size)
    throw corrupt(
      `the last checkpoint covers ${size} entries, but the write-ahead log ends at ${wal.end}: acknowledged entries are missing`,
    );
  const edge = new RightEdge(base, readUpperLevels(files, size, base));
  const interactions = published === undefined ? new Interactions() : readOpen(files, size);
  const signed = published === undefined ? seen : [published.checkpoint, ...seen];
  checkRoots(edge, signed);
  for (const [i, entry] of wal.tail.entries()) {
    const index = base + i;
    edge.push(entry);
    if (index >= size) applyEntry(interactions, entry, index);
    checkRoots(edge, signed);
  }
  const beyond = seen.find((checkpoint) => checkpoint.size > edge.size);
  if (beyond !== undefined)
    throw corrupt(
      `a checkpoint over ${beyond.size} entries has left this machine, but the folder holds ${edge.size}: it was put back to an older state`,
    );
  const { tail, tornBytes, generation } = wal;
  return { published, edge, base, interactions, tail, tornBytes, generation };
}

function readPublished(files: LedgerFiles, verifier: NoteVerifier): Recovered["published"] {
  const bytes = files.read("checkpoint");
  if (bytes === undefined) return undefined;
  const note = Buffer.from(bytes).toString("utf8");
  try {
    return { checkpoint: openCheckpoint(note, verifier), note };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(
      `the ledger's own checkpoint is not one of ours: ${words}. Was the log key or the writer's name changed?`,
      cause,
    );
  }
}

function readWriteAhead(
  files: LedgerFiles,
  base: number,
  hasCheckpoint: boolean,
): { readonly tail: Uint8Array[]; readonly end: number; readonly tornBytes: number; readonly generation: number } {
  const all = segmentsIn(files.list("wal"));
  if (hasCheckpoint && all.length === 0) throw corrupt("the write-ahead log is missing");
  // The first segment of a generation holds all that was not sealed when it began: earlier generations are leftovers.
  const generation = all.at(-1)?.generation ?? 0;
  // Of segments that end before `base` some may be back, since nobody waits for a removal to be durable.
  const own = all.filter((segment) => segment.generation === generation);
  const segments = own.slice(
    Math.max(
      0,
      own.findLastIndex((segment) => segment.firstIndex <= base),
    ),
  );
  const tail: Uint8Array[] = [];
  let next = segments[0]?.firstIndex ?? 0;
  let tornBytes = 0;
  if (next > base) throw corrupt(`the write-ahead log starts at entry ${next}, and the sealed tiles end at ${base}`);
  for (const name of segments) {
    const path = segmentPath(name);
    if (name.firstIndex !== next || tornBytes > 0)
      throw corrupt(`${path} should follow entry ${next - 1}: entries between the two are missing or damaged`);
    const segment = decodeSegment(files.read(path) ?? Buffer.alloc(0), next);
    if (segment.damaged)
      throw corrupt(
        `${path} is damaged behind entry ${next + segment.entries.length - 1}, with good entries after it: this is no crash`,
      );
    for (const { index, bytes } of segment.entries) if (index >= base) tail.push(bytes);
    next += segment.entries.length;
    tornBytes = segment.tornBytes;
  }
  return { tail, end: next, tornBytes, generation: generation + 1 };
}

function readUpperLevels(files: LedgerFiles, size: number, base: number): Uint8Array[][] {
  return levelsOf(base)
    .slice(1)
    .map((level) => {
      const count = Math.floor(base / tileWidth ** level);
      const tile = tileAt(size, level, Math.floor(count / tileWidth));
      if (tile.width === 0) return [];
      const bytes = files.read(tilePath(tile));
      if (bytes?.length !== tile.width * hashBytes)
        throw corrupt(`${tilePath(tile)} is missing or has the wrong length`);
      return hashesOfTile(bytes);
    });
}

function readOpen(files: LedgerFiles, size: number): Interactions {
  const bytes = files.read(openPath(size));
  if (bytes === undefined)
    throw corrupt(`${openPath(size)} is missing: what was open at the last checkpoint is unknown`);
  return decodeOpen(bytes, size);
}

function applyEntry(interactions: Interactions, bytes: Uint8Array, index: number): void {
  const entry = parseEntry(bytes);
  if (entry !== undefined) interactions.apply(markOf(entry), index);
}

function checkRoots(edge: RightEdge, checkpoints: readonly Checkpoint[]): void {
  for (const checkpoint of checkpoints) {
    if (edge.size === checkpoint.size && !sameHash(edge.root(), checkpoint.root))
      throw corrupt(`the first ${checkpoint.size} entries on the disk are not those that a checkpoint was signed over`);
  }
}

export function corrupt(words: string, cause?: unknown): CordonError {
  return new CordonError(
    "LEDGER_CORRUPT",
    `${words}. The writer does not start: keep this folder as evidence, and run \`cordon ledger verify\` on a copy`,
    cause === undefined ? undefined : { cause },
  );
}
