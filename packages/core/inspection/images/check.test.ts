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

test("OS/2's bitmaps have sizes of 16 bits; a GIF is as large as its largest frame reaches", () => {
  const os2 = Buffer.alloc(200);
  os2.write("BM");
  os2.writeUInt32LE(12, 14);
  os2.set([16, 0, 32, 0, 1, 0, 24, 0], 18);
  assert.deepEqual(imageHeader(os2), { format: "bmp", width: 16, height: 32 });
  const screen = Buffer.concat([Buffer.from("GIF89a"), Buffer.from([1, 0, 1, 0, 0x80, 0, 0]), Buffer.alloc(6)]);
  const comment = Buffer.from([0x21, 0xfe, 2, 65, 66, 0]);
  const frame = (size: number): Buffer =>
    Buffer.from([0x2c, 2, 0, 0, 0, size & 255, size >> 8, size & 255, size >> 8, 0, 2, 1, 0, 0]);
  const animated = Buffer.concat([screen, comment, frame(1), frame(60_000), Buffer.from([0x3b])]);
  assert.deepEqual(imageHeader(animated), { format: "gif", width: 60_002, height: 60_000 });
  assert.equal(checkImage(animated, "image/gif")[0]?.detector, "image/bomb");
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

test("a data URL is read in any spelling that clients take, an image also where nobody says that it is one", () => {
  const bomb = png(50_000, 50_000).toString("base64");
  const urls = [
    ` data:image/png;base64,${bomb}`,
    `DATA:IMAGE/PNG;BASE64,${bomb}`,
    `da\nta:image/png;base64,${bomb}`,
    `data:image/png; base64,${bomb}`,
    `data:image/png;charset=utf-8 ;base64,${bomb}`,
    `data:image/png;name="a b.png";base64,${bomb}`,
    `data:image/png;name=${"a".repeat(500)};base64,${bomb}`,
    `data:image/png;base64;name=a,${bomb}`,
    `data:image/png;base64,${" ".repeat(300_000)}${bomb}`,
    `data:image/png,${bomb}`,
    `data:;base64,${bomb}`,
    `data:application/octet-stream;base64,${bomb}`,
  ];
  for (const url of urls)
    assert.deepEqual(
      checkImages([{ image_url: { url } }]).map(({ detector }) => detector),
      ["image/bomb"],
      url.slice(0, 60),
    );
  for (const said of [{ media_type: "Image/PNG" }, { media_type: "application/octet-stream" }, {}])
    assert.equal(checkImages({ source: { type: "base64", ...said, data: bomb } })[0]?.detector, "image/bomb");
  const small = { media_type: "image/gif", data: gif.toString("base64") };
  assert.equal(checkImages({ ...small, messages: [urls[0] ?? ""] })[0]?.detector, "image/bomb", "nor beside an image");
});

test("what is no image stays unjudged, and a text about data as well", () => {
  const text = (of: string): string => `data:text/plain;base64,${Buffer.from(of).toString("base64")}`;
  for (const body of [
    text("BMW sells cars, and more of them than one would think"),
    `data:application/pdf;base64,${Buffer.from("%PDF-1.7").toString("base64")}`,
    "data: we have some, in base64, and more",
    "data:",
    { data: "iV" },
    { media_type: "application/pdf", data: "JVBERi0xLjc=" },
    `data:${";".repeat(100_000)},`,
  ])
    assert.deepEqual(checkImages(body), [], JSON.stringify(body).slice(0, 60));
});

test("a photograph with long profiles before its size is read up to it", () => {
  const profile = Buffer.alloc(2 + 65_535);
  profile.set([0xff, 0xe2, 0xff, 0xff]);
  const photograph = Buffer.concat([jpeg.subarray(0, 2), ...Array<Buffer>(5).fill(profile), jpeg.subarray(20)]);
  const base64 = photograph.toString("base64");
  assert.deepEqual(checkImages([`data:image/jpeg;base64,${base64}`]), []);
  assert.deepEqual(checkImages([`data:image/jpeg;base64,${base64.replaceAll(/.{76}/g, "$&\n")}`]), []);
  const cut = Buffer.concat([photograph.subarray(0, 300_000)]).toString("base64");
  assert.equal(checkImages([`data:image/jpeg;base64,${cut}`])[0]?.detector, "image/header");
});

test("no bytes make it throw", () => {
  const starts = fc.constantFrom(...[png(1, 1), gif, jpeg, webp, bmp].map((bytes) => bytes.subarray(0, 20)));
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 80 }), (start, rest) => {
      checkImage(Buffer.concat([start, rest]), "image/png");
      checkImage(Buffer.from(rest), "");
      checkImages({ data: Buffer.concat([start, rest]).toString("base64") });
    }),
    { numRuns: 2000 },
  );
});
