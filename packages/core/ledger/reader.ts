/**
 * How the pure rooms read a ledger folder: a small interface that a file system, an archive or a web server can
 * fill. In: a reader and a checkpointed size. Out: tiles, entries and subtree hashes, each read bounded.
 */
import { CordonError } from "../errors.ts";
import { hashBytes, nodeHash, rootOf } from "./merkle.ts";
import { largestPowerOfTwoBelow, type EntryRange } from "./proof.ts";
import {
  decodeBundle,
  fullTileBytes,
  hashesOfTile,
  maxBundleBytes,
  tileAt,
  tileHeight,
  tilePath,
  tileWidth,
  type TileLevel,
  type TileName,
} from "./tiles.ts";

type Eventually<T> = T | Promise<T>;

/** Reads what lies in a ledger folder. Paths are relative, with `/`. */
export interface LedgerReader {
  /** The bytes of a file, or `undefined` where there is none. Throws where it is longer than `maxBytes`. */
  read(path: string, maxBytes: number): Eventually<Uint8Array | undefined>;
  /** The names in a folder, those of folders ending in `/`; empty where there is none. */
  list(folder: string): Eventually<readonly string[]>;
}

/** A running writer replaces partial tiles every second; each new try meets newer ones. */
const triesForPartial = 4;

/**
 * The bytes of a tile or bundle, and how wide the file was that they came from. A partial tile that is gone is taken
 * from a wider one, of which it is a prefix (tlog-tiles, "Partial Tiles"): the writer has moved on since.
 *
 * @throws {CordonError} `LEDGER_CORRUPT` where it is missing or, being a tile of hashes, has another length
 */
export async function readTile(
  reader: LedgerReader,
  tile: TileName,
): Promise<{ readonly bytes: Uint8Array; readonly width: number; readonly path: string }> {
  for (let attempt = 0; attempt < triesForPartial; attempt++) {
    for (const width of await candidateWidths(reader, tile, attempt)) {
      const path = tilePath({ ...tile, width });
      const bytes = await reader.read(path, tile.level === "entries" ? maxBundleBytes : fullTileBytes);
      if (bytes === undefined) continue;
      if (tile.level !== "entries" && bytes.length !== width * hashBytes)
        throw corrupt(`${path} should be ${width * hashBytes} bytes long, and has ${bytes.length}`);
      return { bytes, width, path };
    }
    if (tile.width === tileWidth) break;
  }
  throw corrupt(`${tilePath(tile)} is missing`);
}

async function candidateWidths(reader: LedgerReader, tile: TileName, attempt: number): Promise<number[]> {
  if (tile.width === tileWidth || attempt === 0) return [tile.width];
  const folder = tilePath(tile).replace(/\/[0-9]+$/, "");
  const wider = (await reader.list(folder))
    .filter((name) => /^[1-9][0-9]{0,2}$/.test(name))
    .map(Number)
    .filter((width) => width >= tile.width && width < tileWidth);
  return [...wider.toSorted((a, b) => a - b), tileWidth];
}

/** The hashes of one tile of the tree of `size` entries. */
export async function readTileHashes(reader: LedgerReader, tile: TileName): Promise<Uint8Array[]> {
  const { bytes } = await readTile(reader, tile);
  return hashesOfTile(bytes.subarray(0, tile.width * hashBytes));
}

/** The entries of one bundle of the tree of `size` entries. */
export async function readBundle(reader: LedgerReader, bundle: TileName): Promise<Uint8Array[]> {
  const { bytes, width, path } = await readTile(reader, bundle);
  return decodeBundle(bytes, width, path).slice(0, bundle.width);
}

/** Entry `index` of the tree of `size` entries. */
export async function readEntry(reader: LedgerReader, size: number, index: number): Promise<Uint8Array> {
  const bundle = tileAt(size, "entries", Math.floor(index / tileWidth));
  if (index >= size || index < 0) throw corrupt(`there is no entry ${index}: the checkpoint covers ${size}`);
  return (await readBundle(reader, bundle))[index % tileWidth] as Uint8Array;
}

/** All entries from `from` to the end of the tree of `size` entries, in order, one bundle in memory at a time. */
export async function* readEntries(
  reader: LedgerReader,
  size: number,
  from = 0,
): AsyncGenerator<{ readonly index: number; readonly bytes: Uint8Array }> {
  for (let n = Math.floor(from / tileWidth); n * tileWidth < size; n++) {
    const entries = await readBundle(reader, tileAt(size, "entries", n));
    for (const [i, bytes] of entries.entries()) {
      const index = n * tileWidth + i;
      if (index >= from) yield { index, bytes };
    }
  }
}

/**
 * The hashes of the given subtrees in the tree of `size` entries: what turns the ranges of a proof into the proof.
 * Reads at most two tiles a level, each once.
 */
export async function hashesOfRanges(
  reader: LedgerReader,
  size: number,
  ranges: readonly EntryRange[],
): Promise<Uint8Array[]> {
  const tiles = new Map<string, Uint8Array[]>();
  const tileHashes = async (level: TileLevel, index: number): Promise<Uint8Array[]> => {
    const tile = tileAt(size, level, index);
    const key = tilePath(tile);
    const hashes = tiles.get(key) ?? (await readTileHashes(reader, tile));
    tiles.set(key, hashes);
    return hashes;
  };
  const perfect = async (start: number, leaves: number): Promise<Uint8Array> => {
    const level = Math.floor(Math.log2(leaves) / tileHeight);
    const first = start / tileWidth ** level;
    const count = leaves / tileWidth ** level;
    const hashes = await tileHashes(level, Math.floor(first / tileWidth));
    return rootOf(hashes.slice(first % tileWidth, (first % tileWidth) + count));
  };
  const hashes: Uint8Array[] = [];
  for (const { start, end } of ranges) {
    const subtrees: Uint8Array[] = [];
    for (let at = start; at < end;) {
      const leaves = largestPowerOfTwoUpTo(end - at);
      subtrees.push(await perfect(at, leaves));
      at += leaves;
    }
    hashes.push(subtrees.reduceRight((right, left) => nodeHash(left, right)));
  }
  return hashes;
}

function largestPowerOfTwoUpTo(n: number): number {
  return largestPowerOfTwoBelow(n + 1);
}

function corrupt(words: string): CordonError {
  return new CordonError("LEDGER_CORRUPT", words);
}
