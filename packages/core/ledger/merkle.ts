/**
 * The Merkle tree of RFC 6962 and RFC 9162, section 2.1, over SHA-256. In: leaf bytes or hashes. Out: hashes, and a
 * tree that grows at its right edge while holding only that edge in memory.
 */
import { hash } from "node:crypto";

export const hashBytes = 32;

/** Leaves hash under 0x00 and nodes under 0x01, so that no leaf can pass for a node (RFC 9162 2.1.1). */
const leafPrefix = 0x00;
const nodePrefix = 0x01;

const nodeScratch = Buffer.alloc(1 + 2 * hashBytes, nodePrefix);

/** The root of a tree without entries: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256(Buffer.alloc(0));

/** By way of a string: a hash asked for as a buffer makes an ArrayBuffer of its own each time, at twice the cost. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}

/** The hash of an entry: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + entry.length);
  prefixed[0] = leafPrefix;
  prefixed.set(entry, 1);
  return sha256(prefixed);
}

/** The hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + hashBytes);
  return sha256(nodeScratch);
}

/** The root over a list of leaf hashes, or of equally high subtrees (RFC 9162 2.1.1). */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const tree = new GrowingTree();
  for (const each of hashes) tree.push(each);
  return tree.root();
}

export type OnNode = (height: number, hash: Uint8Array) => void;

/**
 * A tree that only grows. It holds the roots of the perfect subtrees at its right edge: at most one for each bit of
 * its size, whatever that size is.
 */
export class GrowingTree {
  #size = 0;
  readonly #heights: number[] = [];
  readonly #hashes: Uint8Array[] = [];

  get size(): number {
    return this.#size;
  }

  /**
   * Adds a perfect subtree of `2 ** height` leaves at the right (a leaf hash, at height 0). Subtrees must come in an
   * order that leaves heights falling from left to right. `onNode` sees this and every node that it completes.
   */
  push(subtree: Uint8Array, height = 0, onNode?: OnNode): void {
    this.#size += 2 ** height;
    let node = subtree;
    let nodeHeight = height;
    onNode?.(nodeHeight, node);
    while (this.#heights.length > 0 && this.#heights[this.#heights.length - 1] === nodeHeight) {
      this.#heights.pop();
      node = nodeHash(this.#hashes.pop() as Uint8Array, node);
      nodeHeight += 1;
      onNode?.(nodeHeight, node);
    }
    this.#heights.push(nodeHeight);
    this.#hashes.push(node);
  }

  /** The root at the present size. */
  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let i = this.#hashes.length - 1; i >= 0; i--) {
      const subtree = this.#hashes[i] as Uint8Array;
      root = root === undefined ? subtree : nodeHash(subtree, root);
    }
    return root ?? emptyRoot;
  }
}

/** True where both hashes are the same bytes. Roots are public: no constant time is needed. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === hashBytes && Buffer.compare(a, b) === 0;
}
