import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addLines, emptyBook, maxRows, rateSeconds, type Book } from "./book.ts";
import { readLine, type DecisionRow, type Entry } from "./row.ts";
import { decision, outcome } from "./test-entries.ts";

const lines = (entries: readonly (readonly [number, Entry])[]) =>
  entries.map(([index, entry]) => readLine(index, entry));

const decisionsOf = (book: Book) => book.rows.filter((row): row is DecisionRow => row.type === "decision");

/** What the rows say, without the objects that say it. */
const said = (book: Book) => decisionsOf(book).map(({ index, join, outcome: end }) => [index, join, end?.index]);

test("an outcome is joined to its decision by id, and to none other", () => {
  const book = addLines(
    emptyBook,
    lines([
      [0, decision("a")],
      [1, decision("b")],
      [2, outcome("a", { status: 503, end: "upstream-failed" })],
    ]),
  );
  assert.deepEqual(said(book), [
    [1, "b", undefined],
    [0, "a", 2],
  ]);
  assert.equal(decisionsOf(book)[1]?.outcome?.facts.status, 503);
});

test("each decision of an interaction that was decided again has its own outcome", () => {
  const book = addLines(
    emptyBook,
    lines([
      [0, decision("a")],
      [1, decision("a", { again: 1, effect: "deny" })],
      [2, decision("a", { again: 2 })],
      [3, outcome("a", { again: 2 })],
      [4, outcome("a", { end: "cut" })],
    ]),
  );
  assert.deepEqual(said(book), [
    [2, "a#2", 3],
    [1, "a#1", undefined],
    [0, "a", 4],
  ]);
});

test("the order of arrival and repetition change nothing", () => {
  const entries = Array.from({ length: 12 }, (_, pair): (readonly [number, Entry])[] => [
    [pair * 2, decision(`r${pair}`)],
    [pair * 2 + 1, outcome(`r${pair}`)],
  ]).flat();
  const expected = said(addLines(emptyBook, lines(entries)));
  const arrival = fc.shuffledSubarray([...entries, ...entries], { minLength: entries.length * 2 });
  fc.assert(
    fc.property(arrival, fc.integer({ min: 1, max: 9 }), (arrived, batch) => {
      let book = emptyBook;
      for (let at = 0; at < arrived.length; at += batch) book = addLines(book, lines(arrived.slice(at, at + batch)));
      assert.deepEqual(said(book), expected);
      assert.equal(book.lastIndex, entries.length - 1);
    }),
  );
});

test("it never holds more than its bound, whatever comes", () => {
  let book = emptyBook;
  for (let batch = 0; batch < 6; batch++) {
    const entries = Array.from({ length: 1_000 }, (_, at): readonly [number, Entry] => {
      const index = batch * 1_000 + at;
      return [index, index % 2 === 0 ? decision(`r${index}`) : outcome(`nobody-${index}`)];
    });
    book = addLines(book, lines(entries));
  }
  assert.equal(book.rows.length, maxRows);
  assert.equal(book.waiting.size, maxRows);
  assert.equal(book.rows[0]?.index, 5_998, "the newest stay");
  assert.equal(book.lastIndex, 5_999);
});

test("an outcome whose decision has left the book waits for nobody", () => {
  const full = addLines(
    emptyBook,
    lines(Array.from({ length: maxRows + 1 }, (_, index) => [index, decision(`r${index}`)] as const)),
  );
  const book = addLines(full, lines([[maxRows + 1, outcome("r0")]]));
  assert.equal(
    decisionsOf(book).every(({ outcome: end }) => end === undefined),
    true,
  );
});

test("the book before is left as it was", () => {
  const before = addLines(emptyBook, lines([[0, decision("a")]]));
  const copy = structuredClone(before);
  addLines(
    before,
    lines([
      [1, outcome("a")],
      [2, decision("b")],
    ]),
  );
  assert.deepEqual(before, copy);
});

test("a row that did not change is the same object, so that it is not drawn again", () => {
  const before = addLines(
    emptyBook,
    lines([
      [0, decision("a")],
      [1, decision("b")],
    ]),
  );
  const after = addLines(before, lines([[2, outcome("a")]]));
  assert.equal(after.rows[0], before.rows[0]);
  assert.notEqual(after.rows[1], before.rows[1]);
});

test("rates count decisions by the second in which they were taken, for one minute", () => {
  const at = (second: number, id: string, effect: string): Entry => decision(id, { at: second * 1_000 + 7, effect });
  const first = addLines(
    emptyBook,
    lines([
      [0, at(100, "a", "allow")],
      [1, at(100, "b", "deny")],
      [2, at(101, "c", "allow")],
    ]),
  );
  assert.deepEqual(first.rates, [
    { second: 100, allowed: 1, denied: 1 },
    { second: 101, allowed: 1, denied: 0 },
  ]);
  const later = addLines(first, lines([[3, at(101 + rateSeconds - 1, "d", "deny")]]));
  assert.deepEqual(
    later.rates.map(({ second }) => second),
    [101, 101 + rateSeconds - 1],
  );
});
