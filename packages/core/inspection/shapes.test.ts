import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shapeDetector, shapeProblem } from "./shapes.ts";
import { HoldBack } from "./streaming/hold-back.ts";
import { filterText, type SpanRules } from "./streaming/span-rules.ts";
import { pieces } from "./streaming/testing/pieces.ts";
import { assertSettledBeforeOpen, assertWellFormed } from "./testing/span-laws.ts";

const detector = shapeDetector([
  { name: "customer", shape: "C######", category: "pii" },
  { name: "order", shape: "O-@@-##*", category: "proprietary" },
]);
const found = (text: string) =>
  detector.detect(text).map(({ detector: name, start, end }) => [name, text.slice(start, end)]);

test("an identifier is found where it stands alone", () => {
  assert.deepEqual(found("of C000042, and O-ab-12x."), [
    ["own/customer", "C000042"],
    ["own/order", "O-ab-12x"],
  ]);
  for (const text of ["C00004", "C0000421", "XC000042", "c000042", "C00004x", "O-a1-123"])
    assert.deepEqual(found(text), [], text);
  assert.equal(detector.detect("C000042")[0]?.owasp, "LLM02:2025");
});

test("a shape that would fit every word or number is refused", () => {
  for (const shape of ["####", "@@@@@@", "*****", "C ####", "abc", "é######"])
    assert.notEqual(shapeProblem(shape), undefined, shape);
  for (const shape of ["######", "C###", "SYN#######"]) assert.equal(shapeProblem(shape), undefined, shape);
});

const texts = fc
  .array(fc.constantFrom("C000042", "C", "0", "000", "O-", "O-ab-12x", " ", "x", "-", "😀"), { maxLength: 12 })
  .map((parts) => parts.join(""));

test("a stream is filtered as its whole text is, whatever the pieces, and the detector keeps its laws", () => {
  const rules: SpanRules = { detectors: [detector], decide: () => "mask", replace: () => "[...]" };
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      const text = cut.join("");
      const hold = new HoldBack(rules);
      const out = cut.map((piece) => hold.push(piece)).join("") + hold.end();
      assert.equal(out, filterText(text, rules).text);
      assertWellFormed(detector, text);
      assertSettledBeforeOpen(detector, text, [text.length >> 1, text.length]);
    }),
    { numRuns: 1000 },
  );
});
