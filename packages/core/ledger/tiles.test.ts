import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../errors.ts";
import { decodeBundle, encodeTileIndex, levelsOf, parseTilePath, partialTilesOf, tileAt, tilePath } from "./tiles.ts";
import { GrowingTile } from "./growing-tile.ts";

test("indexes are written as the specification's own examples", () => {
  assert.equal(encodeTileIndex(1234067), "x001/x234/067");
  assert.equal(encodeTileIndex(0), "000");
  assert.equal(encodeTileIndex(999), "999");
  assert.equal(encodeTileIndex(1067), "x001/067");
  assert.equal(tilePath({ level: 0, index: 1067, width: 256 }), "tile/0/x001/067");
  assert.equal(tilePath({ level: "entries", index: 0, width: 3 }), "tile/entries/000.p/3");
});

/** tlog-tiles, "Partial Tiles": a tree of 70,000. */
test("a tree of 70,000 entries has the tiles that the specification counts", () => {
  assert.deepEqual(levelsOf(70_000), [0, 1, 2]);
  assert.equal(tileAt(70_000, 0, 272).width, 256);
  assert.deepEqual(partialTilesOf(70_000).map(tilePath), [
    "tile/entries/273.p/112",
    "tile/0/273.p/112",
    "tile/1/001.p/17",
    "tile/2/000.p/1",
  ]);
  assert.equal(tileAt(70_000, 1, 0).width, 256);
});

test("a tree of 256 entries has one full tile, and a partial one of width 1 above it", () => {
  assert.deepEqual(partialTilesOf(256).map(tilePath), ["tile/1/000.p/1"]);
  assert.deepEqual(partialTilesOf(0), []);
});

test("every tile's path names that tile again", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constant("entries" as const), fc.integer({ min: 0, max: 63 })),
      fc.integer({ min: 0, max: 10 ** 12 }),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) => {
        const tile = { level, index, width };
        assert.deepEqual(parseTilePath(tilePath(tile)), tile);
      },
    ),
  );
});

test("other spellings of a path name nothing", () => {
  for (const path of [
    "tile/0/0",
    "tile/00/000",
    "tile/0/x000/000",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/01",
    "tile/0/001/067",
    "tile/0/x001/../067",
    "tile/data/000",
    "/tile/0/000",
    "tile/-1/000",
  ])
    assert.equal(parseTilePath(path), undefined, path);
});

test("a bundle gives back its entries, of any length from none to 65,535", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 256 }), (entries) => {
      assert.deepEqual(
        decodeBundle(encodeBundle(entries), entries.length, "b").map((e) => [...e]),
        entries.map((e) => [...e]),
      );
    }),
    { numRuns: 50 },
  );
  const longest = Buffer.alloc(65_535, 7);
  assert.deepEqual(decodeBundle(encodeBundle([longest]), 1, "b"), [longest]);
  assert.deepEqual([...encodeBundle([Buffer.from("ab")])], [0, 2, 0x61, 0x62], "16-bit big-endian lengths");
});

test("a bundle that is cut, too long, or holds another number of entries is refused", () => {
  const bundle = encodeBundle([Buffer.from("first"), Buffer.from("second")]);
  for (const [bytes, width] of [
    [bundle.subarray(0, -1), 2],
    [bundle.subarray(0, 8), 2],
    [bundle, 1],
    [bundle, 3],
    [Buffer.concat([bundle, Buffer.of(0)]), 2],
    [Buffer.alloc(0), 1],
  ] as const)
    assert.throws(
      () => decodeBundle(bytes, width, "tile/entries/000"),
      (error) => isCordonError(error, "LEDGER_CORRUPT"),
    );
});

function encodeBundle(entries: readonly Uint8Array[], capacity = 16): Uint8Array {
  const bundle = new GrowingTile(capacity);
  for (const entry of entries) bundle.addEntry(entry);
  return bundle.first(entries.length);
}
