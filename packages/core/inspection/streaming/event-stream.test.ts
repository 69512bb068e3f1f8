import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../../errors.ts";
import { EventReader, withData, type ServerSentEvent } from "./event-stream.ts";
import { pieces } from "./testing/pieces.ts";

function read(cut: readonly string[]): ServerSentEvent[] {
  const reader = new EventReader();
  const events = cut.flatMap((piece) => reader.push(piece));
  const last = reader.end();
  return last === undefined ? events : [...events, last];
}

const datas = (text: string) => read([text]).map(({ data }) => data);

test("lines end with CR, LF or CRLF, and one space after the colon is not part of the value", () => {
  assert.deepEqual(datas("data: a\n\ndata:b\r\rdata:  c\r\n\r\n"), ["a", "b", " c"]);
  assert.deepEqual(datas("data: a\r\ndata: b\n\n"), ["a\nb"]);
  assert.deepEqual(datas("data\n\ndata:\ndata\n\n"), ["", "\n"]);
});

test("a byte order mark hides no data from the clients that leave it out before any line, and is not sent on", () => {
  assert.deepEqual(datas("\uFEFFdata: a\n\n"), ["a"]);
  assert.deepEqual(datas("\n\uFEFFdata: a\n\n"), [undefined, "a"]);
  // To some the second line is the whole event: it would be judged as a piece of a list, and read as an answer.
  const [event] = read(['\uFEFFdata: ["x",\ndata: {"choices":[]}\n\uFEFF\uFEFFdata: ]\n\n']);
  assert.equal(event?.raw, 'data: ["x",\ndata: {"choices":[]}\ndata: ]\n\n');
});

test("a line that is cut where only some clients end lines is not sent on, unless it is data", () => {
  for (const end of ["\v", "\f", "\u001C", "\u0085", "\u2028", "\u2029"]) {
    const [event] = read([`: x${end}data: 1\nevent: y${end}data: 2\nevent: z\ndata: a${end}b\n\n`]);
    assert.equal(event?.raw, `event: z\ndata: a${end}b\n\n`);
    assert.equal(event?.others, "event: z\n");
    assert.equal(event?.name, "z");
  }
});

test("marks that some clients leave out at the start hide no data", () => {
  const marked = ["\u00EF\u00BB\u00BF", "\uFEFF\uFEFF", "\uFEFF\u00EF\u00BB\u00BF"];
  for (const mark of marked) assert.deepEqual(datas(`${mark}data: a\n\ndata: b\n\n`), ["a", "b"], JSON.stringify(mark));
});

test("comments and unknown fields make no data, and stay", () => {
  const [event] = read([": ping\nid: 7\nfoo: bar\nevent: x\ndata: 1\n\n"]);
  assert.equal(event?.name, "x");
  assert.equal(event?.data, "1");
  assert.equal(event?.others, ": ping\nid: 7\nfoo: bar\nevent: x\n");
  assert.equal(withData(event, "2"), ": ping\nid: 7\nfoo: bar\nevent: x\ndata: 2\n\n");
});

test("an event that the stream ends in is still one", () => {
  assert.deepEqual(datas("data: a\n\ndata: b"), ["a", "b"]);
});

const lines = fc.constantFrom(
  "data: a",
  "data:b",
  "data",
  ": c",
  "event: e",
  "",
  "",
  "id: 1",
  "\uFEFFdata: x",
  "😀: y",
);
const texts = fc
  .array(fc.tuple(lines, fc.constantFrom("\n", "\r", "\r\n")), { maxLength: 12 })
  .map((all) => all.map((one) => one.join("")).join(""));

test("the same events come out whatever the pieces, and their texts are the stream without its marks", () => {
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      const whole = read([cut.join("")]);
      const events = read(cut);
      assert.equal(events.map(({ raw }) => raw).join(""), cut.join("").replaceAll("\uFEFF", ""));
      const said = (all: readonly ServerSentEvent[]) =>
        all.filter(({ data }) => data !== undefined).map(({ data, name }) => [name, data]);
      assert.deepEqual(said(events), said(whole));
    }),
    { numRuns: 2000 },
  );
});

test("an event that does not end is refused at its limit", () => {
  const reader = new EventReader(100);
  assert.throws(
    () => {
      for (let pushed = 0; pushed < 20; pushed++) reader.push("data: 123456");
    },
    (error) => isCordonError(error, "REQUEST_TOO_LARGE"),
  );
});

test("a stream of CRLF is the same byte for byte, wherever it is cut, and so are its line ends", () => {
  const stream = "data: a\r\n\r\n: b\r\ndata: c\r\n\r\nevent: d\r\n\r\n";
  const whole = read([stream]);
  for (let at = 0; at <= stream.length; at++) assert.deepEqual(read([stream.slice(0, at), stream.slice(at)]), whole);
  assert.deepEqual(read(stream.split("")), whole);
  // A lone CR at the end of such a stream ends it all the same.
  assert.deepEqual(datas("data: a\r\n\r\ndata: c\r\n\r"), ["a", "c"]);
});
