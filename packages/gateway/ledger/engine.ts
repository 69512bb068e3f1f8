/**
 * The ledger's writer without its thread: group commit, publication, restart. In: batches of encoded entries, in order.
 * Out: durable entries, and a folder in the C2SP tlog-tiles layout with a signed checkpoint.
 *
 * The order of what is made durable is the whole of it:
 *
 * - `commit`: frame into the write-ahead log, fdatasync; only then does the caller acknowledge.
 * - `publication`: full tiles and bundles, partial ones, `open/<size>` (contents, then names), then the checkpoint
 *   (content, then name); only then are old partial tiles and write-ahead segments removed.
 * - `open`: the unsealed tail is copied into a new generation of the write-ahead log before anything else. Nothing is
 *   ever truncated or overwritten in place, and what is read back after a failed fsync is written again.
 */
import type { KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { openCheckpoint, signCheckpoint, type Checkpoint } from "@cordon/core/ledger/checkpoint";
import { encodeEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerEntry, OutcomeEntry, WriterEntry } from "@cordon/core/ledger/entry";
import { encodeOpen, markOf, openPath, type Interactions, type Mark } from "@cordon/core/ledger/interactions";
import { leafHash, sameHash } from "@cordon/core/ledger/merkle";
import { formatVkey, parseVkey, type NoteVerifier } from "@cordon/core/ledger/note";
import { inclusionRanges } from "@cordon/core/ledger/proof";
import { hashesOfRanges, readEntry, type LedgerReader } from "@cordon/core/ledger/reader";
import { formatReceipt } from "@cordon/core/ledger/receipt";
import { partialTilesOf, tilePath, tileWidth } from "@cordon/core/ledger/tiles";
import { encodeFrame, segmentPath, segmentsIn, type SegmentName } from "@cordon/core/ledger/write-ahead";
import { DurableFolder, folderOf } from "./durable.ts";
import type { GrowingFile, LedgerFiles } from "./files.ts";
import { corrupt, recover, type Recovered } from "./recovery.ts";
import type { RightEdge } from "./right-edge.ts";

export interface EngineOptions {
  readonly files: LedgerFiles;
  /** `<trust domain>/<writer id>`: the log's name in checkpoints, and the name of its key. */
  readonly origin: string;
  /** Ed25519, used for nothing but this log's checkpoints. */
  readonly privateKey: KeyObject;
  readonly openedAt: Instant;
  /** Checkpoint notes of this log that are known from elsewhere (file sinks). */
  readonly seen?: readonly string[];
  /** A new write-ahead segment begins once one is longer than this. */
  readonly segmentBytes?: number;
}

/** An entry's bytes and what they do to the open interactions. */
export interface EncodedEntry {
  readonly bytes: Uint8Array;
  readonly mark: Mark;
}

export class LedgerEngine {
  readonly #options: EngineOptions;
  readonly #files: LedgerFiles;
  readonly #folder: DurableFolder;
  readonly #edge: RightEdge;
  readonly #interactions: Interactions;
  readonly #segmentBytes: number;
  readonly #generation: number;
  readonly #unlock: () => void;
  #segment: { readonly name: SegmentName; readonly file: GrowingFile; bytes: number };
  #published: { readonly checkpoint: Checkpoint; readonly note: string } | undefined;
  #closed = false;

  private constructor(options: EngineOptions, folder: DurableFolder, recovered: Recovered, unlock: () => void) {
    this.#options = options;
    this.#files = options.files;
    this.#folder = folder;
    this.#edge = recovered.edge;
    this.#interactions = recovered.interactions;
    this.#published = recovered.published;
    this.#generation = recovered.generation;
    this.#segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024;
    this.#unlock = unlock;
    this.#segment = this.#beginSegment();
  }

  /**
   * Opens a ledger folder, new or left by any crash, and publishes a checkpoint over what it finds and adds.
   *
   * @throws {CordonError} `LEDGER_UNAVAILABLE` where another writer has it, `LEDGER_CORRUPT` where acknowledged
   * history is missing or altered
   */
  static async open(options: EngineOptions): Promise<LedgerEngine> {
    const { files, origin, privateKey } = options;
    const unlock = files.lock();
    try {
      const vkey = formatVkey(origin, privateKey);
      const verifier = parseVkey(vkey);
      const seen = (options.seen ?? []).map((note) => openSeen(note, verifier));
      const folder = new DurableFolder(files);
      for (const name of ["wal", "open", "tile", "tmp"]) folder.ensure(name);
      for (const name of files.list("tmp")) files.remove(`tmp/${name}`);
      const recovered = recover(files, verifier, seen);
      await checkOlder(files, recovered, seen);
      const publicKey = Buffer.from(`${vkey}\n`);
      if (!publicKey.equals(files.read("log.vkey") ?? Buffer.alloc(0))) folder.replace("log.vkey", publicKey);
      keepTail(folder, recovered);
      const engine = new LedgerEngine(options, folder, recovered, unlock);
      engine.#announce(recovered);
      engine.publish();
      return engine;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** How many entries are durable. */
  get size(): number {
    return this.#edge.size;
  }

  /** How many entries wait in memory to be sealed: grows where publication does not keep up. */
  get heldEntries(): number {
    return this.#edge.heldEntries;
  }

  /** The last published checkpoint's note. */
  get checkpoint(): string {
    return this.#published?.note ?? "";
  }

  get publishedSize(): number {
    return this.#published?.checkpoint.size ?? 0;
  }

  /** Makes entries durable, all with one sync, and returns the index of the first. */
  commit(entries: readonly EncodedEntry[]): number {
    const first = this.#edge.size;
    if (entries.length === 0) return first;
    const frame = encodeFrame(
      first,
      entries.map((entry) => entry.bytes),
    );
    this.#segment.file.append(frame);
    this.#segment.file.datasync();
    this.#segment.bytes += frame.length;
    for (const [i, { bytes, mark }] of entries.entries()) {
      this.#edge.push(bytes);
      this.#interactions.apply(mark, first + i);
    }
    return first;
  }

  /** Publishes at once, where there is anything new. */
  publish(): void {
    const steps = this.publication();
    while (steps.next().done !== true);
  }

  /**
   * Publishes the tree as it is now, one file or folder a step, so that commits can go on between the steps. Only one
   * publication may be under way.
   */
  *publication(): Generator<void, void> {
    const size = this.#edge.size;
    const root = this.#edge.root();
    const open = encodeOpen(size, this.#interactions);
    const previous = this.#published?.checkpoint;
    if (previous !== undefined && size < previous.size)
      throw corrupt(`a checkpoint over ${previous.size} entries was published, and there are ${size}`);
    if (previous?.size === size) return;
    const { full, partial } = this.#edge.unsealed(size);
    const folders = new Set<string>();
    for (const tile of [...full, ...partial]) {
      const path = tilePath(tile);
      this.#folder.stage(path, this.#edge.bytesOf(tile));
      folders.add(folderOf(path));
      yield;
    }
    for (const path of folders) {
      this.#files.syncFolder(path);
      yield;
    }
    this.#folder.replace(openPath(size), open);
    yield;
    const checkpoint = { origin: this.#options.origin, size, root };
    const note = signCheckpoint(checkpoint, this.#options.privateKey);
    this.#folder.replace("checkpoint", Buffer.from(note));
    this.#published = { checkpoint, note };
    this.#edge.release(size);
    yield;
    this.#removeSuperseded(previous?.size ?? 0, size);
    if (this.#segment.bytes > this.#segmentBytes) {
      this.#segment.file.close();
      this.#segment = this.#beginSegment();
    }
  }

  /**
   * The receipt of an entry that the last published checkpoint covers.
   *
   * @throws {CordonError} `PROOF_INVALID` where it does not cover it
   */
  async receipt(index: number): Promise<string> {
    const published = this.#published;
    if (published === undefined || !Number.isSafeInteger(index) || index < 0 || index >= published.checkpoint.size)
      throw new CordonError("PROOF_INVALID", `no receipt for entry ${index}: the last checkpoint does not cover it`);
    const { size } = published.checkpoint;
    const reader = readerOf(this.#files);
    const leaf = leafHash(await readEntry(reader, size, index));
    const proof = await hashesOfRanges(reader, size, inclusionRanges(index, size));
    return formatReceipt(index, leaf, proof, published.note);
  }

  /** Says that the writer stopped, publishes, and lets go of the folder. */
  close(at: Instant): void {
    if (this.#closed) return;
    try {
      this.commit([encode({ v: 1, at, kind: "writer", event: "stopped", words: `${this.#options.origin} stopped` })]);
      this.publish();
    } finally {
      this.abandon();
    }
  }

  /** Lets go of the folder as it is, after a failure. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#segment.file.close();
    this.#unlock();
  }

  #beginSegment(): { readonly name: SegmentName; readonly file: GrowingFile; bytes: number } {
    const name = { generation: this.#generation, firstIndex: this.#edge.size };
    const file = this.#files.create(segmentPath(name));
    this.#files.syncFolder("wal");
    return { name, file, bytes: 0 };
  }

  /** Records that the writer is there, what it found, and how the interactions that a crash left open ended. */
  #announce({ published, tornBytes }: Recovered): void {
    const { openedAt: at, origin } = this.#options;
    const clean = this.#interactions.stopped && this.#interactions.count === 0 && tornBytes === 0;
    const orphans = this.#interactions.open();
    const writer: WriterEntry = clean
      ? { v: 1, at, kind: "writer", event: "started", words: `${origin} started` }
      : {
          v: 1,
          at,
          kind: "writer",
          event: "recovered",
          words:
            `${origin} recovered from a stop that was not clean: ${this.#edge.size} entries kept ` +
            `(${published?.checkpoint.size ?? 0} of them under a checkpoint), ${tornBytes} bytes of an unacknowledged ` +
            `write cut off, ${orphans.length} interactions closed as interrupted`,
        };
    const outcomes = orphans.map(({ id, namespace, index }): OutcomeEntry => ({
      v: 1,
      at,
      kind: "outcome",
      id,
      namespace,
      end: "interrupted",
      why: { code: "interrupted", words: `the writer stopped before the interaction allowed by entry ${index} ended` },
      status: 0,
      upstream: "",
      findings: [],
      masks: 0,
    }));
    this.commit([writer, ...outcomes].map(encode));
  }

  /** Removes what the new checkpoint no longer needs. Losing a removal does no harm: restart passes leftovers over. */
  #removeSuperseded(before: number, size: number): void {
    const current = new Map(partialTilesOf(size).map((tile) => [folderOf(tilePath(tile)), String(tile.width)]));
    for (const tile of partialTilesOf(before)) {
      const folder = folderOf(tilePath(tile));
      if (current.has(folder)) continue;
      this.#files.remove(folder); // the tile is full now, and lies beside
      this.#folder.forget(folder);
    }
    for (const [folder, width] of current)
      for (const name of this.#files.list(folder)) if (name !== width) this.#files.remove(`${folder}/${name}`);
    for (const name of this.#files.list("open"))
      if (`open/${name}` !== openPath(size)) this.#files.remove(`open/${name}`);
    const sealed = Math.floor(size / tileWidth) * tileWidth;
    const segments = segmentsIn(this.#files.list("wal"));
    for (const [i, name] of segments.entries()) {
      const next = segments[i + 1];
      const done = name.generation < this.#generation || (next !== undefined && next.firstIndex <= sealed);
      if (done) this.#files.remove(segmentPath(name));
    }
  }
}

/** An entry as `commit` takes it. */
export function encode(entry: LedgerEntry): EncodedEntry {
  return { bytes: Buffer.from(encodeEntry(entry)), mark: markOf(entry) };
}

function keepTail(folder: DurableFolder, { tail, base, generation }: Recovered): void {
  if (tail.length > 0) folder.replace(segmentPath({ generation, firstIndex: base }), encodeFrame(base, tail));
}

function openSeen(note: string, verifier: NoteVerifier): Checkpoint {
  try {
    return openCheckpoint(note, verifier);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(`a checkpoint that was kept outside the folder is not of this log: ${words}`, cause);
  }
}

/** Checks checkpoints from elsewhere that are older than the folder's own. */
async function checkOlder(files: LedgerFiles, { published }: Recovered, seen: readonly Checkpoint[]): Promise<void> {
  const size = published?.checkpoint.size ?? 0;
  for (const checkpoint of seen) {
    if (checkpoint.size === 0 || checkpoint.size >= size) continue;
    const [root] = await hashesOfRanges(readerOf(files), size, [{ start: 0, end: checkpoint.size }]);
    if (root === undefined || !sameHash(root, checkpoint.root))
      throw corrupt(`the first ${checkpoint.size} entries are not those of a checkpoint that has left this machine`);
  }
}

function readerOf(files: LedgerFiles): LedgerReader {
  return {
    read: (path) => files.read(path),
    list: (folder) => files.list(folder),
  };
}
