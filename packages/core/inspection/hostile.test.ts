import { strict as assert } from "node:assert";
import { test } from "node:test";
import { createCanaryDetector } from "./fingerprints/canary.ts";
import { createFingerprintDetector } from "./fingerprints/detector.ts";
import { createIndexBuilder } from "./fingerprints/index-builder.ts";
import { builtInPartDetectors, builtInSpanDetectors } from "./detectors.ts";
import { hostileTexts } from "./testing/hostile-texts.ts";
import { assertSettledBeforeOpen, assertWellFormed } from "./testing/span-laws.ts";

const builder = createIndexBuilder();
builder.add("doc", "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen");
const detectors = [
  ...builtInSpanDetectors,
  createCanaryDetector([{ name: "x", mark: "CNRY-0000-1111-2222" }]),
  createFingerprintDetector(builder.index()),
];

test("keeps its laws on texts made to be slow", () => {
  for (const detector of detectors) {
    for (const [, text] of hostileTexts(6000)) {
      assertWellFormed(detector, text);
      assertSettledBeforeOpen(detector, text, [0, 1, 700, 3001, 5999, 6000]);
    }
  }
});

test("reads a large text made to be slow to its end, with every detector", () => {
  for (const detector of detectors)
    for (const [seed, text] of hostileTexts(32_768)) assert.ok(detector.detect(text).length >= 0, seed);
});

test("judges a large text made to be slow to its end, with every detector", () => {
  for (const detector of builtInPartDetectors)
    for (const [seed, text] of hostileTexts(131_072)) {
      const { probability } = detector.judge({ text, origin: "user" }, "request");
      assert.ok(probability >= 0 && probability <= 1, seed);
    }
});
