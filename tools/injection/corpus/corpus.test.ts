import assert from "node:assert/strict";
import { test } from "node:test";
import { readCorpus } from "./corpus.ts";
import { readUnseenTexts } from "./unseen.ts";
import { readWords } from "../words/words.ts";
import { wordNumber } from "@cordon/core/inspection/injection/vocabulary";
import { hashOfWord } from "@cordon/core/inspection/normalise/tokens";

test("every row of the corpus has a text, a label and no twin", () => {
  const rows = readCorpus();
  assert.ok(rows.length > 6000);
  assert.ok(rows.filter(({ attack }) => attack === 1).length > 2500);
  const texts = rows.map(({ text }) => text.toLowerCase().replace(/\s+/g, " ").trim());
  assert.ok(texts.every((text) => text !== ""));
  assert.equal(new Set(texts).size, texts.length);
});

test("nothing is trained on that new texts are measured with", () => {
  const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, " ").trim();
  const trained = new Set(readCorpus().map(({ text }) => plain(text)));
  const unseen = readUnseenTexts();
  assert.ok(unseen.length > 1000);
  for (const text of unseen) assert.ok(!trained.has(plain(text)), text);
});

test("words of like meaning have like vectors, and unknown words have none", () => {
  const { vocabulary, vectors } = readWords();
  const vectorOf = (word: string): Float32Array => {
    const number = wordNumber(vocabulary, hashOfWord(word));
    assert.ok(number >= 0, word);
    return vectors.subarray(number * 32, number * 32 + 32);
  };
  const likeness = (a: string, b: string): number => {
    const [first, second] = [vectorOf(a), vectorOf(b)];
    const product = first.reduce((sum, value, at) => sum + value * (second[at] ?? 0), 0);
    return product / (Math.hypot(...first) * Math.hypot(...second));
  };
  assert.ok(likeness("password", "login") > likeness("password", "harbour") + 0.2);
  assert.ok(likeness("disregard", "ignore") > likeness("disregard", "tomato") + 0.2);
  assert.equal(wordNumber(vocabulary, hashOfWord("qzxvbnnk")), -1);
});
