import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeSegment, encodeFrame, parseSegmentName, segmentPath, segmentsIn } from "./write-ahead.ts";

const text = (n: number) => Buffer.from(`{"n":${n}}`);
const frames = [
  encodeFrame(5, [text(5), text(6)]),
  encodeFrame(7, [text(7)]),
  encodeFrame(8, [text(8), text(9), text(10)]),
];
const segment = Buffer.concat(frames);
const contents = (bytes: Uint8Array) =>
  decodeSegment(bytes, 5).entries.map((entry) => Buffer.from(entry.bytes).toString());

test("a segment gives back its entries with their indexes", () => {
  const { entries, tornBytes, damaged } = decodeSegment(segment, 5);
  assert.deepEqual(
    entries.map((entry) => entry.index),
    [5, 6, 7, 8, 9, 10],
  );
  assert.deepEqual(
    contents(segment),
    [5, 6, 7, 8, 9, 10].map((n) => `{"n":${n}}`),
  );
  assert.deepEqual([tornBytes, damaged], [0, false]);
});

test("cut anywhere, it gives the whole entries before the cut and calls the rest torn, never damaged", () => {
  for (let length = 0; length < segment.length; length++) {
    const { entries, damaged } = decodeSegment(segment.subarray(0, length), 5);
    assert.equal(damaged, false, `cut at ${length}`);
    for (const [i, entry] of entries.entries()) assert.deepEqual(entry.bytes, text(5 + i));
  }
});

test("a byte changed before the last frame is damage; in the last frame it is a torn end; never is it accepted", () => {
  const lastFrame = segment.length - (frames[2]?.length ?? 0);
  for (let at = 0; at < segment.length; at++) {
    const changed = Buffer.from(segment);
    changed[at] = (changed[at] ?? 0) ^ 0x40;
    const { entries, tornBytes, damaged } = decodeSegment(changed, 5);
    assert.ok(tornBytes > 0, `byte ${at} went unnoticed`);
    for (const [i, entry] of entries.entries()) assert.deepEqual(entry.bytes, text(5 + i));
    assert.equal(damaged, at < lastFrame, `byte ${at}`);
  }
});

test("stretches of zeros, which some file systems leave behind a crash, are no entries", () => {
  for (const zeros of [1, 8, 24, 32, 4096])
    assert.equal(decodeSegment(Buffer.concat([segment, Buffer.alloc(zeros)]), 5).entries.length, 6);
  assert.equal(decodeSegment(Buffer.alloc(4096), 0).entries.length, 0);
});

test("frames of another place are not accepted: records are bound to their index", () => {
  assert.equal(decodeSegment(segment, 4).entries.length, 0);
  assert.equal(decodeSegment(frames[1] ?? Buffer.alloc(0), 5).damaged, true);
  const moved = Buffer.from(encodeFrame(6, [text(5)]));
  moved.writeBigUInt64BE(5n, 4);
  assert.equal(decodeSegment(moved, 5).entries.length, 0);
});

test("an entry's text cannot pass for a frame behind a tear", () => {
  const magic = encodeFrame(0, []).subarray(0, 4);
  const hostile = Buffer.from(JSON.stringify({ text: encodeFrame(900, [text(1)]).toString("latin1") }));
  assert.equal(hostile.includes(magic), false, "JSON text holds no control characters");
  const torn = encodeFrame(5, [hostile, hostile]);
  assert.equal(decodeSegment(torn.subarray(0, torn.length - 1), 5).damaged, false);
});

test("whatever the bytes, decoding ends and says how much it left", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(300), (noise, at) => {
      const mixed = Buffer.concat([segment.subarray(0, at), noise]);
      const { entries, tornBytes } = decodeSegment(mixed, 5);
      assert.ok(tornBytes <= mixed.length);
      for (const entry of entries) assert.ok(entry.bytes.length > 0);
    }),
  );
});

test("segments are ordered by generation, then by first entry, and other names are no segments", () => {
  const names = [
    { generation: 2, firstIndex: 5 },
    { generation: 1, firstIndex: 900 },
    { generation: 2, firstIndex: 0 },
  ];
  const listed = names.map((name) => segmentPath(name).slice("wal/".length));
  assert.deepEqual(segmentsIn([...listed, "notes.txt", "0000000001-1"]), [names[1], names[2], names[0]]);
  assert.equal(parseSegmentName("../checkpoint"), undefined);
});
