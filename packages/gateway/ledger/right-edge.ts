/**
 * The part of the tree that is not in full, published tiles yet: entries behind the last sealed bundle, and the hashes
 * of each level behind its last sealed tile. In: entries in order. Out: tiles, bundles and roots to publish.
 *
 * Memory: what arrived since the last publication, and at most 255 hashes a level. It is held as the bytes of the tiles
 * that it becomes: thousands of small objects a second, each alive until the next publication, would keep the garbage
 * collector of the ledger's thread busier than the ledger.
 */
import { GrowingTree, leafHash } from "@cordon/core/ledger/merkle";
import { GrowingTile, usualBundleBytes } from "@cordon/core/ledger/growing-tile";
import { fullTileBytes, hashesAtLevel, levelsOf, tileAt, tileHeight, tileWidth } from "@cordon/core/ledger/tiles";
import type { TileName } from "@cordon/core/ledger/tiles";

/** The tiles of one level that are not sealed yet; all but the last are full. */
class Level {
  readonly #capacity: number;
  readonly #tiles: GrowingTile[] = [];
  /** Index of the first tile held here. */
  first: number;

  constructor(first: number, capacity: number) {
    this.first = first;
    this.#capacity = capacity;
  }

  /** How many hashes or entries are held. */
  get held(): number {
    return this.#tiles.reduce((sum, { width }) => sum + width, 0);
  }

  /** The tile that grows next. */
  open(): GrowingTile {
    let last = this.#tiles.at(-1);
    if (last === undefined || last.width === tileWidth) this.#tiles.push((last = new GrowingTile(this.#capacity)));
    return last;
  }

  bytesOf(index: number, width: number): Buffer {
    const tile = this.#tiles[index - this.first];
    if (tile === undefined) throw new Error(`tile ${index} is not held: sealed, or not begun`);
    return tile.first(width);
  }

  /** Lets go of the tiles before `index`. */
  release(index: number): void {
    this.#tiles.splice(0, index - this.first);
    this.first = index;
  }
}

export class RightEdge {
  readonly #tree = new GrowingTree();
  readonly #entries: Level;
  readonly #levels: Level[];

  /**
   * @param base a multiple of 256: everything before it is in sealed tiles
   * @param upper for levels 1 and up, the hashes of that level's partial tile in the tree of `base` entries
   */
  constructor(base: number, upper: readonly (readonly Uint8Array[])[]) {
    this.#entries = new Level(base / tileWidth, usualBundleBytes);
    this.#levels = [hashLevel(base / tileWidth)];
    for (const [i, hashes] of upper.entries()) {
      const level = hashLevel((hashesAtLevel(base, i + 1) - hashes.length) / tileWidth);
      for (const each of hashes) level.open().addHash(each);
      this.#levels.push(level);
    }
    for (let i = upper.length; i > 0; i--) for (const each of upper[i - 1] ?? []) this.#tree.push(each, i * tileHeight);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** How many entries are held in memory. */
  get heldEntries(): number {
    return this.#entries.held;
  }

  /** Adds an entry; its bytes are copied. */
  push(entry: Uint8Array): void {
    this.#entries.open().addEntry(entry);
    this.#tree.push(leafHash(entry), 0, this.#onNode);
  }

  readonly #onNode = (height: number, hash: Uint8Array): void => {
    if (height % tileHeight === 0) (this.#levels[height / tileHeight] ??= hashLevel(0)).open().addHash(hash);
  };

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** The tiles and bundles of the tree of `size` entries that are not sealed yet: full ones first, then the edge. */
  unsealed(size: number): { readonly full: TileName[]; readonly partial: TileName[] } {
    const full: TileName[] = [];
    const partial: TileName[] = [];
    for (const level of ["entries", ...levelsOf(size)] as const) {
      for (let n = this.#levelOf(level).first; n * tileWidth < hashesAtLevel(size, level); n++) {
        const tile = tileAt(size, level, n);
        (tile.width === tileWidth ? full : partial).push(tile);
      }
    }
    return { full, partial };
  }

  /** The bytes of a tile or bundle that {@link unsealed} named. */
  bytesOf(tile: TileName): Buffer {
    return this.#levelOf(tile.level).bytesOf(tile.index, tile.width);
  }

  /** Lets go of what is in full tiles of the tree of `size` entries, once these are sealed. */
  release(size: number): void {
    for (const level of ["entries", ...levelsOf(size)] as const)
      this.#levelOf(level).release(Math.floor(hashesAtLevel(size, level) / tileWidth));
  }

  #levelOf(level: TileName["level"]): Level {
    return level === "entries" ? this.#entries : (this.#levels[level] as Level);
  }
}

function hashLevel(first: number): Level {
  return new Level(first, fullTileBytes);
}
