import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testWeights } from "./test-weights.ts";
import { digestOf, readWeights } from "./weights.ts";

const pieces = ["<unk>", "▁", "a", "▁été"];
const scores = [-20, -1.5, -2.25, -30];
const { file } = testWeights(pieces, scores);
const message = /weights \(inspection\/encoder\/weights\.bin\) are not usable: .*pack\.py/;

/** The file with a number of its header changed. */
function withNumber(at: number, number: number): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt32LE(number, 8 + at * 4);
  return sealed(changed);
}

/** The file with its digest made anew, as of one that was badly made, not damaged. */
function sealed(changed: Buffer): Buffer {
  digestOf(changed).copy(changed, 40);
  return changed;
}

test("pieces and scores are read as they were written", () => {
  const read = readWeights(file);
  assert.deepEqual(read.pieces, pieces);
  assert.deepEqual([...read.scores], scores);
  assert.equal(read.layers[0].residual?.width, read.width);
  assert.equal(read.layers[1].residual, undefined);
});

test("a file may lie anywhere in a buffer", () => {
  const shifted = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
  assert.deepEqual(readWeights(shifted).scores, readWeights(file).scores);
});

test("a file that was cut, prolonged or damaged in any byte is refused, with the remedy", () => {
  fc.assert(
    fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      assert.throws(() => readWeights(file.subarray(0, at)), message);
      // The last bytes of the header say nothing.
      if (at >= 72 && at < 80) return;
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ change;
      assert.throws(() => readWeights(damaged), message);
    }),
  );
  assert.throws(() => readWeights(Buffer.concat([file, Buffer.alloc(16)])), message);
  const otherHeads = Buffer.from(file);
  otherHeads.writeUInt32LE(1, 28);
  assert.throws(() => readWeights(otherHeads), message);
});

const wrong: readonly (readonly [string, Buffer])[] = [
  ["another version", withNumber(0, 2)],
  ["no pieces", withNumber(1, 0)],
  ["more pieces than numbers for them", withNumber(1, 0x1_0000)],
  ["an embedding of no width", withNumber(2, 0)],
  ["a width that heads do not divide", withNumber(3, 65)],
  ["sums that leave 32 bits", withNumber(4, 4096)],
  ["no heads", withNumber(5, 0)],
  ["a head beyond all bounds", withNumber(6, 0xffff_ffff)],
  ["fewer lines of pieces than announced", sealed(Buffer.from(file.toString("latin1").replace("\n", " "), "latin1"))],
];
for (const [what, bytes] of wrong)
  test(`refuses ${what}`, () => {
    assert.throws(() => readWeights(bytes), message);
  });
