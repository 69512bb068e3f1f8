import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { createCanaryDetector, newCanary } from "./canary.ts";

const bytes = (seed: string): Uint8Array => createHash("sha256").update(seed).digest();
const mark = newCanary(bytes("one"));
const other = newCanary(bytes("two"));
const detector = createCanaryDetector([
  { name: "training-2026", mark },
  { name: "prompt", mark: other },
]);

function found(text: string): string[] {
  return detector.detect(text).map((finding) => `${finding.detector} ${text.slice(finding.start, finding.end)}`);
}

test("makes marks that differ, of the bytes given and nothing else", () => {
  assert.match(mark, /^CNRY(?:-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
  assert.equal(newCanary(bytes("one")), mark);
  assert.notEqual(other, mark);
  assert.throws(() => newCanary(new Uint8Array(12)), /13 random bytes/);
});

test("finds a mark as planted, and says which", () => {
  assert.deepEqual(found(`it said ${mark}, then ${other}.`), [
    `canary/training-2026 ${mark}`,
    `canary/prompt ${other}`,
  ]);
});

test("finds a mark in other case, without separators, spaced out, backwards", () => {
  const forms = [
    mark.toLowerCase(),
    mark.replaceAll("-", ""),
    mark.split("").join(" "),
    mark.replaceAll("-", " - "),
    mark.replaceAll("-", "\n"),
    mark.split("").toReversed().join(""),
    `**${mark.slice(0, 9)}** ${mark.slice(9)}`,
  ];
  for (const form of forms) assert.equal(detector.detect(`so: ${form} .`).length, 1, form);
});

test("finds a mark within base64, wherever in the encoded text it stands", () => {
  for (const before of ["", "a", "ab", "abc"]) {
    for (const kind of ["base64", "base64url"] as const) {
      const encoded = Buffer.from(`${before}${mark} and more`).toString(kind);
      assert.equal(detector.detect(`data ${encoded} end`)[0]?.detector, "canary/training-2026", `${before} ${kind}`);
    }
  }
});

test("takes no half of a mark, and no mark that is spread over a page, for one", () => {
  assert.deepEqual(found(mark.slice(0, -1)), []);
  assert.deepEqual(found(mark.split("").join(" word ")), []);
  assert.deepEqual(found(mark.split("").join("        ")), []);
});

test("refuses marks that a text may hold by chance", () => {
  assert.throws(() => createCanaryDetector([{ name: "x", mark: "canary" }]), /12 to 64/);
});

test("an empty registry finds nothing and holds nothing back", () => {
  const none = createCanaryDetector([]);
  assert.deepEqual(none.detect(mark), []);
  assert.equal(none.openFrom(mark), mark.length);
});

const piece = fc.oneof(
  fc.constantFrom(
    mark,
    mark.toLowerCase(),
    mark.split("").join("- "),
    Buffer.from(`z${mark}`).toString("base64"),
    mark.slice(0, 14),
  ),
  fc.lorem({ maxCount: 3 }),
  fc.stringMatching(/^[ \-\n*]{0,6}$/),
);
const texts = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""));

test("is settled before openFrom, and depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.array(fc.nat(), { minLength: 8, maxLength: 24 }), (text, after, cuts) => {
      assertWellFormed(detector, text);
      assertSettledBeforeOpen(
        detector,
        text,
        cuts.map((cut) => cut % (text.length + 1)),
      );
      assertLocal(detector, text + "lorem ".repeat(60) + after, (cuts[0] ?? 0) % (text.length + 1));
    }),
    { numRuns: 500 },
  );
});

test("holds back only what may become a mark", () => {
  const held = (text: string): string => text.slice(detector.openFrom(text));
  assert.equal(held("nothing to see here"), "");
  assert.equal(held(`so ${mark.slice(0, 12)}`), mark.slice(0, 12));
});

test("a mark is found between the signs that models and files put into it", () => {
  const groups = mark.split("-");
  for (const between of [
    "\u2011",
    "\u2013",
    "\u2212",
    "\u2009",
    "\u202f",
    "\u00ad",
    "\u200d",
    "\ufeff",
    "\r\n",
    ":",
    "~",
    "+",
    "`-`",
    '","',
    "**-**",
  ])
    assert.equal(detector.detect(`so ${groups.join(between)} it is`).length, 1, JSON.stringify(between));
  const wide = Array.from(mark, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)).join("");
  assert.equal(detector.detect(`so ${wide} it is`).length, 1);
});
