import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeCutter, mostPieces, mostUnits } from "./pieces.ts";

const known: Readonly<Record<string, number>> = {
  ...{ "<unk>": -20, "▁": -3, "▁the": -2, "▁th": -4, e: -4, he: -5, t: -5.5, h: -6, "▁then": -6, n: -4, ":": -30 },
  ...{ é: -9, "🙂": -8, "🙂🙂": -9, "▁t": -4.5, nn: -7 },
};
const pieces = Object.keys(known);
const cutter = makeCutter(pieces, Float64Array.from(Object.values(known)));

/** Of each piece its number and text. */
function cut(text: string): (readonly [number, string])[] {
  const spaced = `▁${text.replaceAll(" ", "▁")}`;
  const { ids, ends, count } = cutter.cut(text);
  return [...ids.subarray(0, count)].map((id, at) => [id, spaced.slice(ends[at - 1] ?? 0, ends[at])]);
}

/** The score of the best of all ways to cut. */
function bestScore(rest: string): number {
  if (rest === "") return 0;
  const [first = ""] = rest;
  const ways = pieces.filter((piece) => rest.startsWith(piece)).map((piece) => [piece, known[piece] ?? 0] as const);
  if (known[first] === undefined) ways.push([first, -40]);
  return Math.max(...ways.map(([piece, score]) => score + bestScore(rest.slice(piece.length))));
}

test("of all ways to cut a text the most likely one is taken", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("then é🙂世")), minLength: 1, maxLength: 9 }),
      (text) => {
        const score = cut(text).reduce(
          (sum, [id, piece]) => sum + (id === 0 ? -40 * Array.from(piece).length : (known[piece] ?? NaN)),
          0,
        );
        assert.ok(Math.abs(score - bestScore(`▁${text.replaceAll(" ", "▁")}`)) < 1e-9);
      },
    ),
  );
});

test("pieces concatenated are the text, known ones are what their numbers say, unknown neighbours are one", () => {
  const strings = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...Array.from("then :🙂é\ud83d\ude42<unk>")) }),
  );
  fc.assert(
    fc.property(strings, (text) => {
      const found = cut(text);
      assert.ok(found.length <= mostPieces);
      for (const [at, [id, piece]] of found.entries()) {
        if (id !== 0) assert.equal(piece, pieces[id]);
        else assert.notEqual(found[at + 1]?.[0], 0);
      }
      const whole = text === "" ? "" : `▁${text.replaceAll(" ", "▁")}`;
      const joined = found.map(([, piece]) => piece).join("");
      if (found.length < mostPieces) assert.equal(joined, whole);
      else assert.ok(whole.startsWith(joined));
    }),
    { numRuns: 500 },
  );
});

test("known answers", () => {
  assert.deepEqual(cut("the then"), [
    [pieces.indexOf("▁the"), "▁the"],
    [pieces.indexOf("▁then"), "▁then"],
  ]);
  assert.deepEqual(
    cut("世\ud800界e").map(([id]) => id),
    [pieces.indexOf("▁"), 0, pieces.indexOf("e")],
  );
  assert.deepEqual(cut(""), []);
});

test("a piece of equal score that begins earlier wins", () => {
  const tied = makeCutter(["<unk>", "▁", "a", "aa", "▁a"], Float64Array.of(-20, -1, -1, -1, -2));
  // "▁a" with "a" costs 3, "▁" with "aa" 2, and "▁" with "a" as much as "▁a".
  assert.deepEqual([...tied.cut("a").ids.subarray(0, 1)], [4]);
  assert.deepEqual([...tied.cut("aa").ids.subarray(0, 2)], [1, 3]);
});

test("long texts give the bound, whatever they are of", () => {
  for (const unit of ["t ", "世e", "世", "e", "\udc00"]) {
    const { count } = cutter.cut(unit.repeat(200_000));
    assert.ok(count <= mostPieces);
  }
  const { ends, count } = cutter.cut("世".repeat(200_000));
  assert.equal(count, 2);
  assert.equal(ends[1], mostUnits + 1);
});
