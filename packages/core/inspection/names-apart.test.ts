import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ContentGuard } from "./streaming/content-guard.ts";
import type { SpanRules } from "./streaming/span-rules.ts";
import { identifierDetector } from "./pii/detector.ts";
import { objectOf } from "./names-apart.ts";

test("no entry is lost, whatever the names are, and the first of a name keeps it", () => {
  const name = fc.constantFrom("[EMAIL]", "[EMAIL] 2", "[EMAIL] 3", "a", "__proto__", "constructor");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat())), (entries) => {
      const made = objectOf(entries);
      assert.equal(Object.keys(made).length, entries.length);
      assert.deepEqual(
        Object.values(made).toSorted((a, b) => a - b),
        entries.map(([, value]) => value).toSorted((a, b) => a - b),
      );
      for (const [own] of entries) assert.ok(Object.hasOwn(made, own));
    }),
  );
});

test("thousands of names that become one are told apart", () => {
  const made = objectOf(Array.from({ length: 20_000 }, (_, at) => ["[EMAIL]", at] as const));
  assert.equal(Object.keys(made).length, 20_000);
  assert.equal(made["[EMAIL] 20000"], 19_999);
});

test("amounts by mail address keep every amount when the addresses are masked", () => {
  const rules: SpanRules = { detectors: [identifierDetector], decide: () => "mask", replace: () => "[EMAIL]" };
  const tree = { by: { "anna@mail.example": 10, "bob@mail.example": 20 } };
  assert.deepEqual(new ContentGuard(rules).tree(tree), { by: { "[EMAIL]": 10, "[EMAIL] 2": 20 } });
});
