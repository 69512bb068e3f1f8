import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { identifierDetector } from "./detector.ts";

test("ten digits that begin with three zeros are a telephone number nowhere in the region, so nobody is asked", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999 }), (serial) => {
      const digits = String(serial).padStart(10, "0");
      for (const country of ["ID", "VN", "TH", "MY", "PH"] as const)
        assert.notEqual(parsePhoneNumberFromString(digits, country)?.isValid(), true, `${country} ${digits}`);
      assert.ok(!identifierDetector.detect(`user ${digits}`).some(({ detector }) => detector === "pii/phone"));
    }),
    { numRuns: 500 },
  );
});

test("ends a number where its country's plan does, before another number", () => {
  for (const [text, phone] of [
    ["Call +65 9123 4567 24 hours a day.", "+65 9123 4567"],
    ["+1 415 555 2671 24/7.", "+1 415 555 2671"],
    ["caller +6591234567 15 s", "+6591234567"],
    ["+65 9123 4567 2024-11-27", "+65 9123 4567"],
    ["Ann +6591234567 4111111111111111", "+6591234567"],
    ["+65 9123 4567 1 2 3 4 5 6 7 8 9", "+65 9123 4567"],
    ["415-555-2671 123-45-6789", "415-555-2671"],
    ["ID (415) 555-2671 123-45-6789", "(415) 555-2671"],
    ["+49 30 1234 5678", "+49 30 1234 5678"],
  ] as const)
    assert.deepEqual(
      identifierDetector
        .detect(text)
        .filter(({ detector }) => detector === "pii/phone")
        .map(({ start, end }) => text.slice(start, end)),
      [phone],
    );
});

test("finds every number of a long row", () => {
  const count = identifierDetector.detect("415-555-2671 ".repeat(40)).length;
  assert.equal(count, 40);
});
