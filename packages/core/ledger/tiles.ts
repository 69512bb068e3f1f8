/**
 * The C2SP tlog-tiles layout: where hashes and entries lie in a ledger folder, and how a bundle of entries is written.
 * In: sizes, indexes, bytes. Out: paths relative to the folder, and entries.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import { CordonError } from "../errors.ts";
import { maxEntryBytes } from "./entry.ts";
import { hashBytes } from "./merkle.ts";

/** A full tile holds the 256 hashes of a subtree of height 8; a full bundle holds 256 entries. */
export const tileWidth = 256;
export const tileHeight = 8;
export const fullTileBytes = tileWidth * hashBytes;

/** The most that one bundle can be: 256 of the longest entries, each behind its 2-byte length. */
export const maxBundleBytes = tileWidth * (2 + maxEntryBytes);

export type TileLevel = number | "entries";

export interface TileName {
  readonly level: TileLevel;
  readonly index: number;
  /** How many hashes or entries it holds: 1 to 256. */
  readonly width: number;
}

/** A tile's path, such as `tile/0/x001/067` or `tile/entries/000.p/12`. */
export function tilePath(tile: TileName): string {
  const suffix = tile.width === tileWidth ? "" : `.p/${tile.width}`;
  return `tile/${tile.level}/${encodeTileIndex(tile.index)}${suffix}`;
}

/** An index in path elements of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`. */
export function encodeTileIndex(index: number): string {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return path;
}

const pathPattern = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The tile that a path names, or `undefined` where it is no path that {@link tilePath} makes. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level, digits, width] = pathPattern.exec(path) ?? [];
  if (level === undefined || digits === undefined) return undefined;
  const tile: TileName = {
    level: level === "entries" ? level : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  return tilePath(tile) === path ? tile : undefined;
}

/** How many hashes a level has in a tree of `size` entries: each stands for `256 ** level` of them. */
export function hashesAtLevel(size: number, level: TileLevel): number {
  return level === "entries" ? size : Math.floor(size / tileWidth ** level);
}

/** The levels that a tree of `size` entries has at least one hash on: `[0]` up to 255 entries, `[0, 1]` from 256. */
export function levelsOf(size: number): number[] {
  const levels: number[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) levels.push(level);
  return levels;
}

/** The tile of a tree of `size` entries that lies at `index` on `level`; its width is 0 where there is none. */
export function tileAt(size: number, level: TileLevel, index: number): TileName {
  const left = hashesAtLevel(size, level) - index * tileWidth;
  return { level, index, width: Math.max(0, Math.min(tileWidth, left)) };
}

/** The partial tiles and the partial bundle of a tree of `size` entries: its right edge. */
export function partialTilesOf(size: number): TileName[] {
  const levels: TileLevel[] = ["entries", ...levelsOf(size)];
  return levels
    .map((level) => tileAt(size, level, Math.floor(hashesAtLevel(size, level) / tileWidth)))
    .filter((tile) => tile.width > 0);
}

/** In a bundle each entry lies behind its length, a big-endian 16-bit number. */
export const entryPrefixBytes = 2;

/**
 * The entries of a bundle that must hold `width` of them and nothing else.
 *
 * @throws {CordonError} `LEDGER_CORRUPT`
 */
export function decodeBundle(bundle: Uint8Array, width: number, path: string): Uint8Array[] {
  const view = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset < view.length && entries.length < width) {
    if (offset + 2 > view.length) break;
    const end = offset + 2 + view.readUInt16BE(offset);
    if (end > view.length) break;
    entries.push(view.subarray(offset + 2, end));
    offset = end;
  }
  if (offset !== view.length || entries.length !== width)
    throw new CordonError(
      "LEDGER_CORRUPT",
      `${path} should hold exactly ${width} entries; ${entries.length} could be read, and ${view.length - offset} bytes are left over`,
    );
  return entries;
}

/** The hashes of a tile. Its length was checked by whoever read it. */
export function hashesOfTile(tile: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < tile.length; offset += hashBytes)
    hashes.push(tile.subarray(offset, offset + hashBytes));
  return hashes;
}
