import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fold } from "../normalise/fold.ts";
import { hashOfWord, tokenize } from "../normalise/tokens.ts";
import { findKnown, makeVocabulary, wordNumber } from "./vocabulary.ts";

test("finds each word's number, the first of equal ones, and no other's", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -0x80000000, max: 0x7fffffff })), fc.integer(), (hashes, other) => {
      const known = hashes.filter((hash) => hash !== 0);
      const vocabulary = makeVocabulary(Int32Array.from(known));
      for (const hash of known) assert.equal(wordNumber(vocabulary, hash), known.indexOf(hash));
      assert.equal(wordNumber(vocabulary, other | 0), (other | 0) === 0 ? -1 : known.indexOf(other | 0));
    }),
  );
});

test("knows a word in disguise, and neither numbers nor signs", () => {
  const vocabulary = makeVocabulary(Int32Array.from(["ignore", "rules"].map(hashOfWord)));
  const tokens = tokenize(fold("1GN0RE: 11 ru\u200bles foo"));
  const { numbers } = findKnown(tokens, vocabulary);
  assert.deepEqual([...numbers.subarray(0, tokens.count)], [0, -1, -1, 1, -1]);
});

test("says which tokens begin a sentence, a line or what follows a mark", () => {
  const tokens = tokenize(fold("One two. Three 4.5 five\nsix: seven, eight。九"));
  const opening = Array.from({ length: tokens.count }, (_, at) => tokens.opens[at] === 1);
  const words = Array.from({ length: tokens.count }, (_, at) => tokens.text.slice(tokens.start[at], tokens.end[at]));
  assert.deepEqual(
    words.filter((_, at) => opening[at]),
    ["one", "three", "six", "seven", "九"],
  );
});
