/**
 * Inclusion and consistency proofs (RFC 9162 2.1.3 and 2.1.4). In: positions, sizes, hashes. Out: which subtrees make
 * up a proof (the caller looks their hashes up, in tiles say), and verdicts.
 *
 * Sizes are plain numbers, so everything is done with division: JavaScript's bit operations end at 32 bits.
 */
import { emptyRoot, hashBytes, nodeHash, sameHash } from "./merkle.ts";

/** Entries `start` (inclusive) to `end` (exclusive); a proof's element is the hash of the subtree over them. */
export interface EntryRange {
  readonly start: number;
  readonly end: number;
}

/** More elements than a proof for 2^53 entries can have. */
export const maxProofHashes = 64;

/**
 * The subtrees whose hashes prove that entry `index` is in the tree of `size` entries, the leaf's sibling first
 * (RFC 9162 2.1.3.1). Empty where the index lies outside the tree.
 */
export function inclusionRanges(index: number, size: number): EntryRange[] {
  const ranges: EntryRange[] = [];
  let start = 0;
  let end = size;
  if (!isPosition(index, size)) return ranges;
  while (end - start > 1) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The subtrees whose hashes prove that the tree of `first` entries is a prefix of that of `second` (RFC 9162 2.1.4.1). */
export function consistencyRanges(first: number, second: number): EntryRange[] {
  const ranges: EntryRange[] = [];
  if (first <= 0 || first >= second) return ranges;
  let start = 0;
  let end = second;
  while (end !== first) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (first <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** Whether `proof` shows that `leaf` is entry `index` of the tree of `size` entries with `root` (RFC 9162 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isPosition(index, size) || !areHashes([leaf, ...proof])) return false;
  let node = index;
  let last = size - 1;
  let result = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      result = nodeHash(sibling, result);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      result = nodeHash(result, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameHash(result, root);
}

/**
 * Whether `proof` shows that the tree of `first` entries with `firstRoot` is a prefix of the tree of `second` entries
 * with `secondRoot` (RFC 9162 2.1.4.2). The empty tree is a prefix of every tree, by an empty proof.
 */
export function verifyConsistency(
  first: number,
  firstRoot: Uint8Array,
  second: number,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(first) || !isSize(second) || first > second || !areHashes(proof)) return false;
  if (first === 0) return proof.length === 0 && sameHash(firstRoot, emptyRoot);
  if (first === second) return proof.length === 0 && sameHash(firstRoot, secondRoot);
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  const [seed, ...rest] = path;
  if (seed === undefined) return false;
  let node = first - 1;
  let last = second - 1;
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let older = seed;
  let newer = seed;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameHash(older, firstRoot) && sameHash(newer, secondRoot);
}

/** The largest power of two smaller than `n`, for `n` > 1: where RFC 9162 splits a tree. */
export function largestPowerOfTwoBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isPosition(index: number, size: number): boolean {
  return isSize(index) && isSize(size) && index < size;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= maxProofHashes + 1 && hashes.every((each) => each.length === hashBytes);
}

function isPowerOfTwo(n: number): boolean {
  return n === 1 || largestPowerOfTwoBelow(n) * 2 === n;
}

function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
