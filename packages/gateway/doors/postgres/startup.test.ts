import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { encodeStartup, encodeMessage, MessageBoundary, sslRequest, takeMessage } from "./messages.ts";
import { askedOf, maxOpeningBytes, takeOpening } from "./startup.ts";

const word = fc.string({ unit: fc.constantFrom("a", "x", "_", " ", "é", "/", "="), maxLength: 20 });
const name = fc.stringMatching(/^[a-z][a-z]{0,11}$/);

test("a start-up packet is read as it was written, and only when it is whole", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, word), { maxLength: 12, selector: ([key]) => key }), (pairs) => {
      const packet = encodeStartup(pairs);
      const read = takeOpening(packet);
      assert.ok(read?.kind === "startup");
      assert.deepEqual([...read.parameters], pairs);
      for (const cut of [1, 4, packet.length - 1]) assert.equal(takeOpening(packet.subarray(0, cut)), undefined);
      assert.throws(() => takeOpening(Buffer.concat([packet, Buffer.of(0)])), /bytes follow/);
    }),
  );
});

test("whatever bytes come, they are an opening, not whole yet, or refused as malformed", () => {
  const head = fc.constantFrom(
    ...[8, 16, 40].flatMap((length) => [196608, 196610, 80877102, 80877103].map((code) => [length, code])),
  );
  const headed = fc.tuple(head, fc.uint8Array({ maxLength: 64 })).map(([words, rest]) => {
    const bytes = Buffer.alloc(8);
    for (const [index, value] of words.entries()) bytes.writeUInt32BE(value, index * 4);
    return Buffer.concat([bytes, rest]);
  });
  fc.assert(
    fc.property(
      fc.oneof(
        headed,
        fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        try {
          takeOpening(bytes);
        } catch (error) {
          assert.ok(isCordonError(error, "REQUEST_MALFORMED"));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("no packet may be longer than PostgreSQL's own longest, whatever it says before it is all there", () => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(maxOpeningBytes + 1);
  assert.throws(() => takeOpening(head), /its length/);
  assert.deepEqual(takeOpening(sslRequest), { kind: "ssl" });
});

test("what shows values may be set, what changes the session may not, in whatever case", () => {
  const read = (more: [string, string][]) => askedOf(new Map([["user", "u"], ...more]));
  assert.deepEqual([...read([["application_name", "a"]]).session], [["application_name", "a"]]);
  assert.equal(read([]).database, "u");
  for (const refused of [
    "options",
    "replication",
    "role",
    "session_authorization",
    "search_path",
    "session_preload_libraries",
  ])
    assert.throws(
      () => read([[refused, "x"]]),
      (error) => isCordonError(error, "ROUTE_UNGOVERNED"),
    );
  const opening = takeOpening(
    encodeStartup([
      ["user", "u"],
      ["OPTIONS", "-c x=y"],
    ]),
  );
  assert.ok(opening?.kind === "startup");
  assert.throws(() => askedOf(opening.parameters), /`options` is refused/);
});

test("the boundary between messages is found however the flow is cut", () => {
  const message = fc.tuple(fc.constantFrom("D", "C", "Z", "d"), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(500), { maxLength: 8 }),
      (messages, cuts) => {
        const encoded = messages.map(([type, body]) => encodeMessage(type, body));
        const flow = Buffer.concat(encoded);
        const ends = new Set<number>([0]);
        for (const [index] of encoded.entries()) ends.add(Buffer.concat(encoded.slice(0, index + 1)).length);
        const boundary = new MessageBoundary();
        let at = 0;
        for (const cut of [...cuts.map((one) => one % flow.length), flow.length].toSorted((a, b) => a - b)) {
          boundary.push(flow.subarray(at, cut));
          at = cut;
          assert.equal(boundary.between, ends.has(at));
        }
      },
    ),
  );
});

test("a server's message of impossible length is not waited for", () => {
  assert.throws(() => takeMessage(Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff])), /impossible length/);
  assert.throws(() => takeMessage(Buffer.from([0x52, 0, 0, 0, 3])), /impossible length/);
  const boundary = new MessageBoundary();
  boundary.push(Buffer.from([0x52, 0, 0, 0, 3]));
  assert.equal(boundary.between, false);
});
