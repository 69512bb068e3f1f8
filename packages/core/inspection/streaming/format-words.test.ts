import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInSpanDetectors } from "../detectors.ts";
import { ContentGuard } from "./content-guard.ts";
import { formatWords } from "./format-words.ts";

test("no detector would find anything in a word of the formats, so passing them over changes nothing", () => {
  for (const word of formatWords)
    for (const detector of builtInSpanDetectors) assert.deepEqual(detector.detect(word), [], word);
});

test("what is other than such a word is read, as a value and as a name", () => {
  const read: string[] = [];
  const all = { name: "all", version: "1", maxSpan: 8, openFrom: (text: string) => text.length };
  const detector = { ...all, detect: (text: string) => (read.push(text), []) };
  const guard = new ContentGuard({ detectors: [detector], decide: () => "release", replace: () => "" });
  guard.tree({ content: "contents", contents: "content", usage: { total_tokens: 1 } });
  assert.deepEqual(read, ["contents"]);
});
