/**
 * The decompressors, against zlib on random input, and against what Python's `bz2`, `lzma` and `lz4.frame` made of one
 * text (`b"cordon"*700 + bytes(range(256))*3 + b"\\0"*5000 + b"tail"`).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { defaultLimits, openBudget } from "./budget.ts";
import { bunzip2 } from "./bunzip2.ts";
import { memorySource, type ByteSource } from "./byte-source.ts";
import { EndOfBytes } from "./cursor.ts";
import { decodedSource } from "./decoded-source.ts";
import { inflate } from "./inflate.ts";
import { unlz4 } from "./lz4.ts";
import { Unreadable } from "./unreadable.ts";
import { unlzma, unxz } from "./xz.ts";

type Decoder = (source: ByteSource) => Generator<Uint8Array, number>;

function decode(decoder: Decoder, bytes: Uint8Array): { out: Buffer; end: number } {
  const chunks: Uint8Array[] = [];
  const steps = decoder(memorySource(bytes));
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { out: Buffer.concat(chunks), end: step.value };
    chunks.push(step.value.slice());
  }
}

const plain = Buffer.concat([
  Buffer.from("cordon".repeat(700)),
  ...Array.from({ length: 3 }, () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))),
  Buffer.alloc(5000),
  Buffer.from("tail"),
]);

const encoded: readonly (readonly [string, Decoder, string])[] = [
  [
    "bzip2",
    bunzip2,
    "QlpoOTFBWSZTWcYePV0AAhx/////////////////////////////////////////////wAGcABJgAJgACYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJMABMAATAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABJgAJgACYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEfqqpAmm0ammEZMQMBGTJiMCNNBgmTCaGBMRhGTGgRiZMBNMjAABMBMmmhpowmjJppkwBBgJgAAmEaYBM65EdqUREIkIk5QIlSVpY7hLXcpckUvTBJO6TF3aZJmmiau8d6mybu+ThOU6d+8B4Lwnhp2niep8n6gKC8R4qhKG8ZRFFeOoyjqQ8h5KkqUpamKapzynlqe8xUHmvOee9BUVSVNVFVeiqyrvSVhWVaVt6auPUeq9ZXVeV9YFhWJ66xrIsr2Hsvds60LMQIRJ+0ucQEItS1vcWxbUutyTSFvSK4xAQi4pGICESSSiAhEqXJIRAQi5pix/vJoui6rs99d14fAvK9L2vi+r8v74WAfEwLBPjfIwbCMKwzDsQxLFMWxjGscxmPT1kGRZJk3ysoyrLMuzDMs0+Zm2cfOzr6GefS+p9bPvsaB9r7mhaJo2kfe0r8H4tM078mofm1L9Gqat+rWNa1zXtg2LZNm2j9n7v4fy2rbNu3Dct03b+m8b1vm/cBwXCcNxHFcZx3IclynLcx/bmuc57oP8f66L/nSdN1HVdZ11mIjsOw7L/3adsXckU4UJDGHj1d",
  ],
  [
    "xz",
    unxz,
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4CbzASBdADGbyqrUe2zBa0FUP4/pyJ+GvUpCmQeezvKTxj5c4jsCIQblTifSNjEIalwfM1Ey7Dsbqi/idv8o0rHym8Mt6ZRn+P2U7PF90iDyhrLnvdaz2PJCclDRSsbGL8Torsgtl7jGBXROQcvkhaEYwSf2tx44Y0YxQ5Hr7sEZBBmJN0FchrsDe2NtSQrT6ZHCc1faSzIbBbLUm0uuOnqNZ78jjUhzz3m9wsXbRr955QKAaad7GRyElWfDlvv5RFCgikxVeTY/fS/8yZlxzNPKNuufgBcLDsf4J+JVfpLRA4hyU65+j1FNdE51IoDUS8D2HVk9cCIciQK1wTdrvoNflJcMiCknoWG/ius0RBs2Y2b2XgHbqdKp/Q10qcJB3Cf9+cWF4ABA0Jqkl/fk3gABvAL0TQAA0MvbpbHEZ/sCAAAAAARZWg==",
  ],
  [
    "lzma",
    unlzma,
    "XQAAgAD//////////wAxm8qq1HtswWtBVD+P6cifhr1KQpkHns7yk8Y+XOI7AiEG5U4n0jYxCGpcHzNRMuw7G6ov4nb/KNKx8pvDLemUZ/j9lOzxfdIg8oay573Ws9jyQnJQ0UrGxi/E6K7ILZe4xgV0TkHL5IWhGMEn9rceOGNGMUOR6+7BGQQZiTdBXIa7A3tjbUkK0+mRwnNX2ksyGwWy1JtLrjp6jWe/I41Ic895vcLF20a/eeUCgGmnexkchJVnw5b7+URQoIpMVXk2P30v/MmZcczTyjbrn4AXCw7H+CfiVX6S0QOIclOufo9RTXROdSKA1EvA9h1ZPXAiHIkCtcE3a76DX5SXDIgpJ6Fhv4rrNEQbNmNm9l4B26nSqf0NdKnCQdwn/ft9XNP//+T5NIA=",
  ],
  [
    "lz4",
    unlz4,
    "BCJNGGhA9CYAAAAAAACKPQEAAG9jb3Jkb24GAP////////////////////9f//EAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e3+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f7/AAH/7w8BAP////////////////////////+GUAB0YWlsAAAAAA==",
  ],
];

for (const [name, decoder, base64] of encoded) {
  const bytes = Buffer.from(base64, "base64");
  test(`decodes ${name} and says where it ends`, () => {
    const { out, end } = decode(decoder, Buffer.concat([bytes, Buffer.from("behind")]));
    assert.ok(out.equals(plain));
    // An .lzma file has no end of its own when something follows: the marker is looked for.
    assert.equal(end, bytes.length);
  });

  test(`damaged ${name} gives a typed error or other bytes, and ends`, () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const damaged = Buffer.from(cut ? bytes.subarray(0, at) : bytes);
        if (!cut) damaged[at] = value;
        try {
          decode(decoder, damaged);
        } catch (error) {
          assert.ok(error instanceof Unreadable || error instanceof EndOfBytes, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
}

test("inflates what zlib deflates, at every level, and finds the end", () => {
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(6000)).map(([part, count]) => {
      const bytes = new Uint8Array(part.length * count);
      return bytes.map((_, at) => part[at % part.length] ?? 0);
    }),
  );
  fc.assert(
    fc.property(input, fc.integer({ min: 0, max: 9 }), (bytes, level) => {
      const packed = deflateRawSync(bytes, { level });
      const { out, end } = decode((source) => inflate(source, 0), Buffer.concat([packed, Buffer.from([1, 2, 3])]));
      assert.ok(out.equals(bytes));
      assert.equal(end, packed.length);
    }),
    { numRuns: 200 },
  );
});

test("a decoded source gives the same bytes forwards, backwards and across its window", () => {
  const bytes = Buffer.alloc(6 * 2 ** 20);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  const packed = memorySource(deflateRawSync(bytes, { level: 1 }));
  const source = decodedSource(
    () => inflate(packed, 0),
    openBudget(defaultLimits, () => 0),
  );
  for (const [offset, length] of [
    [5_000_000, 100],
    [10, 20],
    [0, 3_000_000],
    [6_291_450, 100],
    [7_000_000, 5],
  ] as const)
    assert.ok(Buffer.from(source.read(offset, length)).equals(bytes.subarray(offset, offset + length)));
  assert.equal(source.size, bytes.length);
});

test("whatever comes out, what is held of it stays small", () => {
  const [chunk, count] = [new Uint8Array(65_536), 2_048];
  const source = decodedSource(
    function* () {
      for (let at = 0; at < count; at++) yield chunk;
    },
    openBudget(defaultLimits, () => 0),
  );
  assert.equal(source.size, chunk.length * count);
  const held = source.read(source.size - 10, 10);
  assert.equal(held.length, 10);
  assert.ok(held.buffer.byteLength <= 8 * 2 ** 20, `${held.buffer.byteLength} bytes are held`);
});

test("a bomb runs into the budget, in bounded memory", () => {
  const bomb = memorySource(deflateRawSync(Buffer.alloc(64 * 2 ** 20)));
  const budget = openBudget({ ...defaultLimits, inflatedBytes: 2 ** 20 }, () => 0);
  assert.throws(() => decodedSource(() => inflate(bomb, 0), budget).size, Unreadable);
});
