import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter, maxLineChars, readJsonLines } from "./ndjson.ts";
import { endingStream } from "./test-streams.ts";

/** Any JSON that a line may hold, characters of two UTF-16 units and escaped line ends among it. */
const value = fc.jsonValue({ depthSize: "small" });

/** Cuts bytes at the given places, in the middle of characters too. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index] ?? 0, end));
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const some of readJsonLines(stream)) values.push(...some);
  return values;
}

test("the same values come out wherever the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(value, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (values, places) => {
        const bytes = new TextEncoder().encode(values.map((each) => `${JSON.stringify(each)}\n`).join(""));
        assert.deepEqual(await collect(endingStream(cut(bytes, places))), JSON.parse(JSON.stringify(values)));
      },
    ),
  );
});

test("a line comes out with the piece that ends it, not later", () => {
  const splitter = new LineSplitter();
  const push = (text: string): string[] => splitter.push(new TextEncoder().encode(text));
  assert.deepEqual(push('{"a"'), []);
  assert.deepEqual(push(":1}"), []);
  assert.equal(splitter.unfinished, true);
  assert.deepEqual(
    push('\n{"b":2}\n\n{"c"'),
    ['{"a":1}', '{"b":2}'],
    "empty lines keep a connection alive and say nothing",
  );
  assert.deepEqual(push(":3}\n"), ['{"c":3}']);
  assert.equal(splitter.unfinished, false);
});

test("a line that never ends is refused before it fills the memory", () => {
  const splitter = new LineSplitter();
  const piece = new Uint8Array(64 * 1024).fill(0x61);
  assert.throws(() => {
    for (let pushed = 0; pushed <= maxLineChars; pushed += piece.length) splitter.push(piece);
  }, RangeError);
  assert.throws(
    () => new LineSplitter().push(new Uint8Array(maxLineChars + 2).fill(0x61, 0, -1).fill(0x0a, -1)),
    RangeError,
  );
});

test("many lines together may be longer than one line may be", () => {
  const line = `"${"a".repeat(1_000)}"\n`;
  const lines = new LineSplitter().push(new TextEncoder().encode(line.repeat(2_000)));
  assert.equal(lines.length, 2_000);
});

test("bytes that are no UTF-8 end the reading; they are never shown as something else", async () => {
  for (const bytes of [
    [0x22, 0xff, 0x22, 0x0a],
    [0xc0, 0x80, 0x0a],
    [0xed, 0xa0, 0x80, 0x0a],
  ])
    await assert.rejects(collect(endingStream([Uint8Array.from(bytes)])), TypeError);
});

test("a line that is no JSON ends the reading", async () => {
  await assert.rejects(collect(endingStream([new TextEncoder().encode('{"a":1}\nnonsense\n')])), SyntaxError);
});

test("whoever stops reading closes the stream", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("1\n")),
    cancel: () => void (cancelled = true),
  });
  for await (const values of readJsonLines(stream)) {
    assert.deepEqual(values, [1]);
    break;
  }
  assert.equal(cancelled, true);
});
