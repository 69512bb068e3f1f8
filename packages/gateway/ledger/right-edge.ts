/**
 * The part of the tree that is not in full, published tiles yet: entries behind the last sealed bundle, and the hashes
 * of each level behind its last sealed tile. In: entries in order. Out: tiles, bundles and roots to publish.
 *
 * Memory: what arrived since the last publication, and at most 255 hashes a level.
 */
import { GrowingTree, hashBytes, leafHash } from "@cordon/core/ledger/merkle";
import {
  encodeBundle,
  hashesAtLevel,
  levelsOf,
  tileAt,
  tileHeight,
  tileWidth,
  type TileName,
} from "@cordon/core/ledger/tiles";

interface Level {
  /** Position of the first hash (or entry) held here: a multiple of 256. */
  first: number;
  held: Uint8Array[];
}

export class RightEdge {
  readonly #tree = new GrowingTree();
  readonly #entries: Level = { first: 0, held: [] };
  readonly #levels: Level[] = [];

  /**
   * @param base a multiple of 256: everything before it is in sealed tiles
   * @param upper for levels 1 and up, the hashes of that level's partial tile in the tree of `base` entries
   */
  constructor(base: number, upper: readonly (readonly Uint8Array[])[]) {
    this.#entries.first = base;
    this.#levels.push({ first: base, held: [] });
    for (const [i, hashes] of upper.entries())
      this.#levels.push({ first: hashesAtLevel(base, i + 1) - hashes.length, held: [...hashes] });
    for (let i = upper.length; i > 0; i--) for (const each of upper[i - 1] ?? []) this.#tree.push(each, i * tileHeight);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** How many entries are held in memory. */
  get heldEntries(): number {
    return this.#entries.held.length;
  }

  /** Adds an entry. Its bytes must not change any more. */
  push(entry: Uint8Array): void {
    this.#entries.held.push(entry);
    this.#tree.push(leafHash(entry), 0, (height, hash) => {
      if (height % tileHeight !== 0) return;
      const level = height / tileHeight;
      (this.#levels[level] ??= { first: 0, held: [] }).held.push(hash);
    });
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** The tiles and bundles of the tree of `size` entries that are not sealed yet: full ones first, then the edge. */
  unsealed(size: number): { readonly full: TileName[]; readonly partial: TileName[] } {
    const full: TileName[] = [];
    const partial: TileName[] = [];
    for (const level of ["entries", ...levelsOf(size)] as const) {
      const { first } = this.#levelOf(level);
      for (let n = first / tileWidth; n * tileWidth < hashesAtLevel(size, level); n++) {
        const tile = tileAt(size, level, n);
        (tile.width === tileWidth ? full : partial).push(tile);
      }
    }
    return { full, partial };
  }

  /** The bytes of a tile or bundle that {@link unsealed} named. */
  bytesOf(tile: TileName): Buffer {
    const { first, held } = this.#levelOf(tile.level);
    const start = tile.index * tileWidth - first;
    const part = held.slice(start, start + tile.width);
    return tile.level === "entries" ? encodeBundle(part) : Buffer.concat(part, tile.width * hashBytes);
  }

  /** Lets go of what is in full tiles of the tree of `size` entries, once these are sealed. */
  release(size: number): void {
    for (const level of ["entries", ...levelsOf(size)] as const) {
      const edge = this.#levelOf(level);
      const sealed = Math.floor(hashesAtLevel(size, level) / tileWidth) * tileWidth;
      edge.held.splice(0, sealed - edge.first);
      edge.first = sealed;
    }
  }

  #levelOf(level: TileName["level"]): Level {
    return level === "entries" ? this.#entries : (this.#levels[level] as Level);
  }
}
