/**
 * The tree as a verifier computes it again. In: entries in order. Out: its root, the tiles it fills, the roots at sizes
 * that someone asked for, and what the entries say. Memory: at most 256 hashes a level, and the open interactions.
 */
import { parseEntry } from "./entry-codec.ts";
import type { Findings } from "./finding.ts";
import { Interactions, markOf } from "./interactions.ts";
import { GrowingTree } from "./merkle.ts";
import { tileHeight, tileWidth } from "./tiles.ts";

export interface ComputedTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
}

export class Recomputation {
  readonly interactions = new Interactions();
  readonly kinds = new Map<string, number>();
  /** The root at each wanted size that was reached. */
  readonly roots = new Map<number, Uint8Array>();
  firstAt: number | undefined;
  lastAt: number | undefined;
  readonly #findings: Findings;
  readonly #wantedSizes: ReadonlySet<number>;
  readonly #tree = new GrowingTree();
  readonly #filling: { count: number; hashes: Uint8Array[] }[] = [];
  #filled: ComputedTile[] = [];

  constructor(findings: Findings, wantedSizes: ReadonlySet<number>) {
    this.#findings = findings;
    this.#wantedSizes = wantedSizes;
    if (wantedSizes.has(0)) this.roots.set(0, this.#tree.root());
  }

  get size(): number {
    return this.#tree.size;
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  push(bytes: Uint8Array, leaf: Uint8Array): void {
    const index = this.#tree.size;
    this.#tree.push(leaf, 0, (height, hash) => {
      if (height % tileHeight === 0) this.#place(height / tileHeight, hash);
    });
    if (this.#wantedSizes.has(this.#tree.size)) this.roots.set(this.#tree.size, this.#tree.root());
    this.#read(bytes, index);
  }

  /** The tiles that were filled since the last call. */
  takeFilled(): ComputedTile[] {
    return this.#filled.splice(0);
  }

  /** The partial tiles at the right edge. */
  partial(): ComputedTile[] {
    return this.#filling
      .map(({ count, hashes }, level) => ({ level, index: Math.floor(count / tileWidth), hashes }))
      .filter((tile) => tile.hashes.length > 0);
  }

  #place(level: number, hash: Uint8Array): void {
    const filling = (this.#filling[level] ??= { count: 0, hashes: [] });
    filling.hashes.push(hash);
    filling.count += 1;
    if (filling.hashes.length < tileWidth) return;
    this.#filled.push({ level, index: filling.count / tileWidth - 1, hashes: filling.hashes });
    filling.hashes = [];
  }

  #read(bytes: Uint8Array, index: number): void {
    const entry = parseEntry(bytes);
    const kind = entry?.kind ?? "unreadable";
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (entry === undefined) {
      this.#findings.notice(
        `entry ${index} is of a kind or version that this program does not read: its content was not checked`,
      );
      return;
    }
    this.firstAt ??= entry.at;
    this.lastAt = entry.at;
    if (!this.interactions.apply(markOf(entry), index) && entry.kind === "outcome")
      this.#findings.add(
        "OUTCOME_UNMATCHED",
        `entry ${index} is an outcome of request ${entry.id}, which was not open: never allowed, or ended before`,
        index,
      );
  }
}
