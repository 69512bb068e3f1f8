import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pages, parsePlace, placeHref } from "./route.ts";

test("an address leads back to the place that it was made of", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...pages),
      fc.option(
        fc.string({ minLength: 1, unit: "binary" }).filter((text) => text.isWellFormed()),
        { nil: undefined },
      ),
      (page, component) => {
        const place = component === undefined ? { page } : { page, component };
        assert.deepEqual(parsePlace(placeHref(place)), place);
      },
    ),
  );
});

test("an address that names no page is the live page", () => {
  for (const fragment of ["", "#", "#/", "#/nowhere", "#/__proto__", "#//evil.example"])
    assert.equal(parsePlace(fragment).page, "live", fragment);
});
