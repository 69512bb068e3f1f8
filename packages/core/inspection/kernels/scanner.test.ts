import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { endWindowsOf } from "../gibberish/features.ts";
import { endOf, judgeEnd } from "../gibberish/judge.ts";
import { surprises as packed, weights } from "../gibberish/weights.ts";
import { createMatcher } from "../matching/aho-corasick.ts";
import { survey } from "../normalise/encodings.ts";
import { hostileTexts } from "../testing/hostile-texts.ts";
import { flag, scanner } from "./scanner.ts";
import { standIns, unseen } from "./signs.ts";

const surprises = Buffer.from(packed, "base64");
const built = scanner();
assert.ok(built !== undefined, "this runtime has WebAssembly");
const scan = built;

const pieces = fc.oneof(
  fc.constantFrom(
    "a",
    "I",
    "b c d e f g h i j k",
    "word",
    "SGVsbG8gd29ybGQhIQ==",
    "deadbeefdeadbeef",
    "%41%42",
    "&amp;",
  ),
  fc.constantFrom(
    " ",
    " ",
    "\n",
    "\t",
    "\u00a0",
    ". ",
    "-",
    "--",
    "_",
    "1",
    "2026",
    "\\u0041",
    "(",
    "]",
    "{",
    "}",
    "$(",
  ),
  fc.constantFrom(
    "x".repeat(41),
    "y".repeat(63),
    "z".repeat(64),
    "é",
    "\u2019",
    "\u200b",
    "\uff11",
    "\u0661",
    "\u0301",
    "ก",
    "中文",
    "\ud83d",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const texts = fc.array(pieces, { maxLength: 200 }).map((list) => list.join(""));

function assertDigits(text: string, shown: string): void {
  const digits: number[] = [];
  for (let at = scan.digitFrom(text, 0) ?? -1; at >= 0; at = scan.digitFrom(text, at + 1) ?? -1) digits.push(at);
  assert.deepEqual(
    digits,
    [...text.matchAll(/[0-9]/g)].map(({ index }) => index),
    shown,
  );
}

function assertAlike(text: string): void {
  const said = scan.survey(text);
  const plain = survey(text);
  const shown = JSON.stringify(text.slice(0, 200));
  assert.deepEqual(said?.runs, plain.runs, shown);
  assert.equal(said?.escapes, plain.escapes, shown);
  assert.deepEqual(said?.lonely, plain.lonely, shown);
  assert.deepEqual(judgeEnd(text, surprises, weights), endOf(endWindowsOf(text, surprises), weights), shown);
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  assert.equal(
    scan.has(text, flag.standIn),
    units.some((unit) => standIns[unit] !== 0),
    shown,
  );
  assert.equal(
    scan.has(text, flag.unseen),
    units.some((unit) => unseen.some(([from, to]) => unit >= from && unit <= to)),
    shown,
  );
  const escapes: number[] = [];
  for (let at = scan.escapeFrom(text, 0) ?? -1; at >= 0; at = scan.escapeFrom(text, at + 1) ?? -1) escapes.push(at);
  assert.deepEqual(
    escapes,
    [...text.matchAll(/[%&\\]/g)].map(({ index }) => index),
    shown,
  );
  const signs = Uint16Array.from(units, (unit) => standIns[unit] || unit);
  const typed = scan.plain(text) ?? "";
  assert.equal(typed, Buffer.from(signs.buffer).toString("utf16le"), shown);
  // Where its digits are is known of it, and of what it was made of.
  for (const each of [typed, text, typed]) assertDigits(each, shown);
  const longest = Math.max(0, ...[...text.matchAll(/[A-Za-z0-9+/=_-]{8,}/g)].map(([run]) => run.length));
  assert.equal(scan.longestRun(text), longest, shown);
}

test("one look at a text tells what reading it unit by unit does", () => {
  fc.assert(
    fc.property(texts, (text) => assertAlike(text)),
    { numRuns: 400 },
  );
});

test("whatever was looked at before, of any length, and where blocks of 64 units meet", () => {
  for (const length of [0, 1, 63, 64, 65, 127, 128, 4000, 70_000, 62])
    for (const filler of ["a ", "x", "1", "A7-", "b c ", "\u2019"]) assertAlike(filler.repeat(length).slice(0, length));
});

test("texts made to be slow are told alike", () => {
  for (const [, text] of hostileTexts(5000)) assertAlike(text);
});

test("a text that is too long is not taken: whoever asks reads it himself", () => {
  const text = "a 1 ".repeat(80_000);
  assert.equal(scan.survey(text), undefined);
  assert.equal(scan.digitFrom(text, 0), undefined);
  assert.equal(scan.has(text, flag.standIn), true);
  assert.equal(scan.longestRun(text), text.length);
});

test("a list of words is found as the plain walk finds it, in order, from and to any place", () => {
  const words = ["he", "she", "his", "hers", "a", "secret key", "é", "-p", "aa", "aaa", "ก"];
  const fold = (unit: number): number => (unit >= 65 && unit <= 90 ? unit | 32 : unit);
  const isLetter = (unit: number): boolean => unit >= 97 && unit <= 122;
  const lists = [undefined, isLetter].map((letters) =>
    [true, false].map((isBuiltIn) => createMatcher(words, fold, letters, isBuiltIn)),
  );
  const word = fc.constantFrom(...words, "USHERS", " ", "x", "Secret Key", "\ud83d", "-", "aaaa");
  const places = fc.record({ list: fc.array(word, { maxLength: 60 }), from: fc.nat(40), to: fc.nat(80) });
  const check = (text: string, from: number, to: number): void => {
    for (const pair of lists) {
      const [one, other] = pair.map((matcher) => {
        const found: string[] = [];
        matcher.scan(
          text,
          (pattern, end) => {
            found.push(`${end}:${pattern}`);
            // Whoever is called may look at another text.
            if (found.length % 7 === 0) scan.survey("another text");
          },
          from,
          to,
        );
        return found;
      });
      assert.deepEqual(one, other);
    }
  };
  fc.assert(
    fc.property(places, ({ list, from, to }) => {
      const text = list.join("");
      const start = Math.min(from, text.length);
      check(text, start, Math.max(start, Math.min(to, text.length)));
    }),
  );
  // More than there is room for at once.
  check("aaaa".repeat(9000), 0, 36_000);
});
