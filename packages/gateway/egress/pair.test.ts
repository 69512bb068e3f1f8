import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fc from "fast-check";
import { openPair } from "./pair.ts";

test("what is written to one end is read from the other, in order and whole, and then it ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 50_000 }), { maxLength: 8 }),
      fc.boolean(),
      async (parts, swap) => {
        const [a, b] = swap ? openPair().toReversed() : openPair();
        const read = text(b);
        for (const part of parts) a?.write(part);
        a?.end();
        assert.equal(await read, parts.join(""));
      },
    ),
    { numRuns: 30 },
  );
});

test("empty pieces hold up nobody", { timeout: 10_000 }, async () => {
  for (const lengths of [
    [4, 7, 0, 0, 0, 0, 6],
    [0, 0, 0],
    [16_384, 0, 0, 1, 0],
    [1, 0, 1, 0, 1, 0, 1, 0, 1],
  ])
    for (let times = 0; times < 50; times++) {
      const [a, b] = openPair();
      const read = text(b);
      for (const length of lengths) a.write("x".repeat(length));
      a.end();
      assert.equal(
        (await read).length,
        lengths.reduce((sum, length) => sum + length, 0),
      );
    }
});

test("writing waits for the reader", async () => {
  const [a, b] = openPair();
  let taken = 0;
  for (let at = 0; at < 64; at++) a.write(Buffer.alloc(16_384), () => taken++);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(taken < 16, String(taken));
  b.resume();
  await new Promise((resolve) => a.end(resolve));
  assert.equal(taken, 64);
});

test("an end that is destroyed lets the other read what was written, and keeps nobody waiting", async () => {
  const [a, b] = openPair();
  a.on("error", () => undefined);
  b.on("error", () => undefined);
  a.write("last words");
  a.destroy();
  assert.equal(await text(b), "last words");
  await new Promise((resolve) => b.write("to nobody", resolve));
  const [c, d] = openPair();
  c.write(Buffer.alloc(200_000));
  const over = new Promise((resolve) => c.write("after", resolve));
  d.destroy();
  await over;
});
