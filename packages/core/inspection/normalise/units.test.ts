import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unitsOf } from "./units.ts";

const anyUnits = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

function expectUnits(text: string): void {
  const units = unitsOf(text);
  for (let at = 0; at < text.length; at++) assert.equal(units[at], text.charCodeAt(at));
}

test("units are the text's own, lone surrogates and the longest texts included", () => {
  fc.assert(fc.property(anyUnits, expectUnits));
  fc.assert(fc.property(anyUnits, anyUnits, (one, two) => expectUnits((one + two).slice(1))));
  expectUnits("\ud800x\udc00".repeat(500_000));
  expectUnits("é".repeat(30_000));
});

test("another text of the same length is another text", () => {
  expectUnits("secret one");
  expectUnits("secret two");
  expectUnits("secret one");
});
