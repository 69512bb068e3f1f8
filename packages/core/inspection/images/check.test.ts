import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { checkImage, checkImages } from "./check.ts";
import { imageHeader } from "./header.ts";

/** A PNG's beginning, of a size. */
function png(width: number, height: number, data = 60): Buffer {
  const head = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
  const size = Buffer.alloc(17);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([head, size, Buffer.alloc(data)]);
}
const gif = Buffer.concat([Buffer.from("GIF89a"), Buffer.from([16, 0, 32, 0]), Buffer.alloc(20)]);
const jpeg = Buffer.from("ffd8ffe000104a46494600010100000100010000ffc0001108002000100301220002110311", "hex");
const webp = Buffer.concat([
  Buffer.from("RIFF\0\0\0\0WEBPVP8X", "latin1"),
  Buffer.from("0a000000000000000f00001f0000", "hex"),
]);
const bmp = Buffer.concat([
  Buffer.from("BM"),
  Buffer.alloc(16),
  Buffer.from([16, 0, 0, 0, 0xe0, 0xff, 0xff, 0xff]),
  Buffer.alloc(8),
]);

test("format and size are read from the first bytes of each format", () => {
  for (const [bytes, format] of [
    [png(16, 32), "png"],
    [gif, "gif"],
    [jpeg, "jpeg"],
    [webp, "webp"],
    [bmp, "bmp"],
  ] as const)
    assert.deepEqual(imageHeader(bytes), { format, width: 16, height: 32 }, format);
});

test("a decompression bomb is told by its header: 400 MB of one colour in 400 KB", () => {
  const bomb = Buffer.concat([png(10_000, 10_000, 0), deflateSync(Buffer.alloc(1_000_000))]);
  const detectors = checkImage(bomb, "image/png").map(({ detector, category }) => [detector, category]);
  assert.deepEqual(detectors, [["image/bomb", "resource-exhaustion"]]);
  assert.deepEqual(checkImage(png(4000, 4000, 900_000), "image/png"), [], "a photograph is none");
  assert.equal(checkImage(png(60_000, 60_000, 4_000_000), "image/png").length, 1);
});

test("what is something else than it says, or nothing that can be read, is told", () => {
  assert.equal(checkImage(gif, "image/png")[0]?.detector, "image/type");
  assert.equal(checkImage(Buffer.from("<svg onload=x>"), "image/svg+xml")[0]?.detector, "image/header");
  assert.equal(checkImage(png(0, 5), "image/png")[0]?.detector, "image/header");
  assert.deepEqual(checkImage(jpeg, "image/jpg"), []);
});

test("images are found where the three APIs put them, and too many are told", () => {
  const bomb = png(50_000, 50_000).toString("base64");
  const url = `data:image/png;base64,${bomb}`;
  for (const body of [
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] },
    { input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] },
    { messages: [{ content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: bomb } }] }] },
  ])
    assert.equal(checkImages(body)[0]?.detector, "image/bomb");
  const many = Array.from({ length: 70 }, () => `data:image/gif;base64,${gif.toString("base64")}`);
  assert.deepEqual(
    checkImages(many).map(({ detector }) => detector),
    ["image/many"],
  );
});

test("no bytes make it throw", () => {
  const starts = fc.constantFrom(...[png(1, 1), gif, jpeg, webp, bmp].map((bytes) => bytes.subarray(0, 20)));
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 80 }), (start, rest) => {
      checkImage(Buffer.concat([start, rest]), "image/png");
      checkImage(Buffer.from(rest), "");
    }),
    { numRuns: 2000 },
  );
});
