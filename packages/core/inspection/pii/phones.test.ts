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
