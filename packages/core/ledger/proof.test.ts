import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emptyRoot, leafHash, rootOf } from "./merkle.ts";
import { consistencyRanges, inclusionRanges, maxProofHashes, verifyConsistency, verifyInclusion } from "./proof.ts";

const maxSize = 300;
const leaves = Array.from({ length: maxSize }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
const rootAt = Array.from({ length: maxSize + 1 }, (_, size) => rootOf(leaves.slice(0, size)));
const hashesOf = (ranges: readonly { start: number; end: number }[]) =>
  ranges.map(({ start, end }) => rootOf(leaves.slice(start, end)));
const leaf = (i: number) => leaves[i] as Uint8Array;
const root = (size: number) => rootAt[size] as Uint8Array;
const flip = (hash: Uint8Array, bit: number) => {
  const changed = Buffer.from(hash);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
};

test("every entry of every tree up to 300 entries is proved", () => {
  for (let size = 1; size <= maxSize; size += size < 70 ? 1 : 23)
    for (let index = 0; index < size; index++) {
      const proof = hashesOf(inclusionRanges(index, size));
      assert.ok(verifyInclusion(leaf(index), index, size, proof, root(size)), `${index} of ${size}`);
    }
});

test("every older tree is proved to be a prefix of every newer one up to 130 entries", () => {
  for (let second = 1; second <= 130; second++)
    for (let first = 0; first <= second; first++) {
      const proof = hashesOf(consistencyRanges(first, second));
      assert.ok(verifyConsistency(first, root(first), second, root(second), proof), `${first} in ${second}`);
    }
});

/** RFC 9162 2.1.5 works these out by hand for a tree of seven entries. */
test("proofs of the seven-entry tree are made of the subtrees that RFC 9162 names", () => {
  const name = ({ start, end }: { start: number; end: number }) => `${start}-${end}`;
  assert.deepEqual(inclusionRanges(0, 7).map(name), ["1-2", "2-4", "4-7"]);
  assert.deepEqual(inclusionRanges(3, 7).map(name), ["2-3", "0-2", "4-7"]);
  assert.deepEqual(inclusionRanges(4, 7).map(name), ["5-6", "6-7", "0-4"]);
  assert.deepEqual(inclusionRanges(6, 7).map(name), ["4-6", "0-4"]);
  assert.deepEqual(consistencyRanges(3, 7).map(name), ["2-3", "3-4", "0-2", "4-7"]);
  assert.deepEqual(consistencyRanges(4, 7).map(name), ["4-7"]);
  assert.deepEqual(consistencyRanges(6, 7).map(name), ["4-6", "6-7", "0-4"]);
});

test("an inclusion proof fails when any part of it is changed, dropped, repeated or moved", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: maxSize }), fc.nat(), fc.nat(), fc.nat(255), (size, at, element, bit) => {
      const index = at % size;
      const proof = hashesOf(inclusionRanges(index, size));
      const i = element % proof.length;
      const changed = proof.map((hash, j) => (j === i ? flip(hash, bit) : hash));
      assert.equal(verifyInclusion(leaf(index), index, size, changed, root(size)), false);
      assert.equal(verifyInclusion(leaf(index), index, size, proof.toSpliced(i, 1), root(size)), false);
      assert.equal(
        verifyInclusion(leaf(index), index, size, proof.toSpliced(i, 0, proof[i] as Uint8Array), root(size)),
        false,
      );
      assert.equal(verifyInclusion(flip(leaf(index), bit), index, size, proof, root(size)), false);
      assert.equal(verifyInclusion(leaf(index), index, size, proof, flip(root(size), bit)), false);
      assert.equal(verifyInclusion(leaf(index), (index + 1) % size, size, proof, root(size)), false);
    }),
    { numRuns: 300 },
  );
});

test("a consistency proof fails when any part of it is changed, dropped or repeated", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: maxSize }), fc.nat(), fc.nat(), fc.nat(255), (second, at, element, bit) => {
      const first = 1 + (at % (second - 1));
      const proof = hashesOf(consistencyRanges(first, second));
      const i = element % proof.length;
      const verify = (hashes: readonly Uint8Array[]) =>
        verifyConsistency(first, root(first), second, root(second), hashes);
      assert.equal(verify(proof.map((hash, j) => (j === i ? flip(hash, bit) : hash))), false);
      assert.equal(verify(proof.toSpliced(i, 1)), false);
      assert.equal(verify(proof.toSpliced(i, 0, proof[i] as Uint8Array)), false);
      assert.equal(verifyConsistency(first, flip(root(first), bit), second, root(second), proof), false);
      assert.equal(verifyConsistency(first, root(first), second, flip(root(second), bit), proof), false);
    }),
    { numRuns: 300 },
  );
});

test("a history in which one old entry was changed is not consistent by any proof its author can make", () => {
  const forged = leaves.map((hash, i) => (i === 40 ? leafHash(Buffer.from("forged")) : hash));
  const forgedRanges = (ranges: readonly { start: number; end: number }[]) =>
    ranges.map(({ start, end }) => rootOf(forged.slice(start, end)));
  for (const [first, second] of [
    [100, 200],
    [41, 300],
    [64, 128],
    [41, 42],
  ] as const) {
    const proof = forgedRanges(consistencyRanges(first, second));
    const forgedRoot = rootOf(forged.slice(0, second));
    assert.ok(
      verifyConsistency(first, rootOf(forged.slice(0, first)), second, forgedRoot, proof),
      "consistent with itself",
    );
    assert.equal(verifyConsistency(first, root(first), second, forgedRoot, proof), false);
  }
});

test("sizes and positions that make no sense prove nothing", () => {
  for (const [index, size] of [
    [-1, 4],
    [4, 4],
    [0, 0],
    [0.5, 4],
    [0, 2 ** 53],
    [Number.NaN, 4],
  ] as const)
    assert.equal(verifyInclusion(leaf(0), index, size, hashesOf(inclusionRanges(0, 4)), root(4)), false);
  for (const [first, second] of [
    [5, 4],
    [-1, 4],
    [1.5, 4],
  ] as const)
    assert.equal(verifyConsistency(first, root(4), second, root(4), []), false);
  assert.equal(verifyConsistency(4, root(4), 7, root(7), []), false, "an empty proof");
  assert.equal(verifyConsistency(0, root(3), 7, root(7), []), false, "a root for the empty tree that is not its own");
  assert.ok(verifyConsistency(0, emptyRoot, 7, root(7), []));
});

test("proofs with hashes of the wrong length, or with more than any tree needs, are refused", () => {
  const proof = hashesOf(inclusionRanges(2, 7));
  const [first = Buffer.alloc(0), ...rest] = proof;
  assert.equal(verifyInclusion(leaf(2), 2, 7, [first.subarray(0, 31), ...rest], root(7)), false);
  const long = Array.from({ length: maxProofHashes + 2 }, () => first);
  assert.equal(verifyInclusion(leaf(2), 2, 7, long, root(7)), false);
});

test("positions past 2^32 are proved: nothing is cut to 32 bits", () => {
  const size = 2 ** 40 + 3;
  const ranges = inclusionRanges(2 ** 40 + 1, size);
  assert.deepEqual(ranges, [
    { start: 2 ** 40, end: 2 ** 40 + 1 },
    { start: 2 ** 40 + 2, end: size },
    { start: 0, end: 2 ** 40 },
  ]);
});
