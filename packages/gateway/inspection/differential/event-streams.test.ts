/**
 * An event that a client reads and Cordon does not is a way past every filter. The same bytes, cut anywhere, go through
 * Cordon's reader and through parsers that others wrote: whatever one of them gives to its user, Cordon must have seen as data.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventReader } from "@cordon/core/inspection/streaming/event-stream";
import { eventStreamParsers } from "./event-stream-parsers.ts";

const bom = "\uFEFF";
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n") },
  { weight: 4, arbitrary: fc.constantFrom("data", "data:", "data: ", "event:", "id:", "retry:", ":") },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", " ", "{}", "é", "😀", "\\u0061") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      bom,
      `${bom}data: x`,
      "\u00EF\u00BB\u00BF",
      "\0",
      "\t",
      "\v",
      "\f",
      "\u001C",
      "\u0085",
      "\u2028",
      "\u2029",
    ),
  },
);
const streams = fc.array(piece, { minLength: 1, maxLength: 24 }).map((pieces) => pieces.join(""));
const cuts = fc.array(fc.nat(200), { maxLength: 6 });

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length]
    .map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
    .filter((one) => one.length > 0);
}

/** What Cordon sends of a stream in which it finds nothing, and every `data` that it sees. */
function passed(chunks: readonly Uint8Array[]): { readonly sent: Uint8Array; readonly seen: readonly string[] } {
  const reader = new EventReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const events = chunks.flatMap((chunk) => reader.push(decoder.decode(chunk, { stream: true })));
  const last = reader.end();
  if (last !== undefined) events.push(last);
  return {
    sent: new TextEncoder().encode(events.map(({ raw }) => raw).join("")),
    seen: events.flatMap(({ data }) => (data === undefined ? [] : [data])),
  };
}

for (const [name, read] of Object.entries(eventStreamParsers))
  test(`whatever ${name} takes for data, Cordon has read as data`, async () => {
    await fc.assert(
      fc.asyncProperty(streams, cuts, cuts, async (stream, coming, going) => {
        const { sent, seen } = passed(cutAt(new TextEncoder().encode(stream), coming));
        for (const data of await read(cutAt(sent, going)))
          assert.ok(data === "" || seen.includes(data), `${JSON.stringify(data)} was not seen`);
      }),
      { numRuns: 3_000, seed: 20_261_126 },
    );
  });
