import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { createFingerprintDetector } from "./detector.ts";
import { createIndexBuilder } from "./index-builder.ts";

/** Words that mean nothing, the same in every run. */
function prose(seed: string, words: number): string[] {
  const syllables = [
    "ka",
    "lo",
    "mi",
    "ter",
    "un",
    "sa",
    "por",
    "ri",
    "den",
    "vo",
    "chi",
    "bra",
    "ne",
    "gul",
    "ast",
    "ope",
  ];
  return Array.from({ length: words }, (_, at) => {
    const digest = createHash("sha256").update(`${seed} ${at}`).digest();
    return [...digest.subarray(0, 2 + ((digest[5] ?? 0) % 2))].map((byte) => syllables[byte % 16]).join("");
  });
}

const plan = prose("plan", 400);
const thai = "ข้อมูลนี้เป็นความลับของบริษัทและห้ามเปิดเผยต่อบุคคลภายนอกโดยไม่ได้รับอนุญาตเป็นลายลักษณ์อักษรจากผู้มีอำนาจ".split("");

function detectorOf(spread: number): ReturnType<typeof createFingerprintDetector> {
  const builder = createIndexBuilder({ spread });
  builder.add("merger-plan", `${plan.slice(0, 200).join(" ")}. ${plan.slice(200).join(", ")}`);
  builder.add("thai-memo", thai.join(""));
  return createFingerprintDetector(builder.index());
}
const detector = detectorOf(2);

function covered(text: string, by = detector): string {
  const findings = by.detect(text);
  return findings.length === 0 ? "" : text.slice(findings[0]?.start, Math.max(...findings.map(({ end }) => end)));
}

test("finds a passage of a registered document, and covers it whole but for a few words at its edges", () => {
  const passage = plan.slice(50, 90);
  const text = `They say: ${passage.join(" ")} and that is all there is to it, believe me or not.`;
  const found = covered(text);
  assert.ok(found.split(" ").length >= passage.length - 2, found);
  assert.ok(passage.join(" ").includes(found));
  assert.equal(detector.detect(text)[0]?.detector, "proprietary/merger-plan");
});

test("does not care about case, punctuation or line breaks", () => {
  const passage = plan
    .slice(120, 150)
    .map((word, at) => (at % 3 === 0 ? `${word.toUpperCase()},` : word))
    .join("\n");
  assert.notEqual(covered(passage), "");
});

test("finds a passage in which every eighth word is another", () => {
  const passage = plan
    .slice(20, 90)
    .map((word, at) => (at % 8 === 7 ? "instead" : word))
    .join(" ");
  for (const spread of [1, 2]) assert.notEqual(covered(passage, detectorOf(spread)), "", `spread ${spread}`);
});

test("finds text of a script without spaces", () => {
  assert.equal(detector.detect(`ดูนี่ ${thai.slice(10, 90).join("")} จบ`)[0]?.detector, "proprietary/thai-memo");
});

test("lets a short quotation and other text pass", () => {
  assert.equal(covered(plan.slice(30, 37).join(" ")), "");
  assert.equal(covered(prose("another", 500).join(" ")), "");
});

test("of any fifteen words of a document one after another some are found, with every spread up to 2", () => {
  for (const spread of [1, 2]) {
    const by = detectorOf(spread);
    for (let at = 0; at + 15 <= plan.length; at += 7)
      assert.notEqual(covered(`x y ${plan.slice(at, at + 15).join(" ")} z`, by), "", `${at}, ${spread}`);
  }
});

test("an index grows: documents added later are found, and those before still are", () => {
  const builder = createIndexBuilder();
  builder.add("one", prose("one", 100).join(" "));
  const later = createIndexBuilder({ from: builder.index() });
  later.add("two", prose("two", 100).join(" "));
  const grown = createFingerprintDetector(later.index());
  assert.equal(grown.detect(prose("one", 60).join(" "))[0]?.detector, "proprietary/one");
  assert.equal(grown.detect(prose("two", 60).join(" "))[0]?.detector, "proprietary/two");
});

test("an index is bounded, and says so", () => {
  const builder = createIndexBuilder({ maxEntries: 50 });
  assert.throws(() => builder.add("long", plan.join(" ")), /at most 50/);
  assert.throws(() => createIndexBuilder({ spread: 0 }), /spread/);
});

test("words that stand in many documents alike are still found", () => {
  const builder = createIndexBuilder();
  const boilerplate = prose("boilerplate", 60).join(" ");
  builder.add("a", boilerplate);
  builder.add("b", boilerplate);
  assert.notEqual(createFingerprintDetector(builder.index()).detect(boilerplate).length, 0);
});

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(380), fc.nat(30)).map(([from, count]) => plan.slice(from, from + count).join(" ")),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(80), fc.nat(40)).map(([from, count]) => thai.slice(from, from + count).join("")),
  },
  { weight: 2, arbitrary: fc.lorem({ maxCount: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom("\n", "!".repeat(30), "w".repeat(60)) },
);
const texts = fc.array(fc.tuple(piece, fc.constantFrom(" ", ", ", "", "\n"))).map((parts) => parts.flat().join(""));

test("is settled before openFrom, and depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 6, maxLength: 16 }), (text, cuts) => {
      assertWellFormed(detector, text);
      assertSettledBeforeOpen(
        detector,
        text,
        cuts.map((cut) => cut % (text.length + 1)),
      );
      const filler = "lorem ipsum dolor ".repeat(Math.ceil((detector.maxSpan * 1.05) / 18));
      assertLocal(detector, text + filler + text, (cuts[0] ?? 0) % (text.length + 1));
    }),
    { numRuns: 200 },
  );
});

test("nothing of a passage is out before it is known to be one", () => {
  const text = `Well, ${plan.slice(100, 160).join(" ")} indeed.`;
  const first = detector.detect(text)[0]?.start ?? -1;
  for (let cut = 0; cut <= text.length; cut++) {
    const open = detector.openFrom(text.slice(0, cut));
    if (cut >= first + 90) break;
    assert.ok(open <= Math.max(first, 0) || cut <= first, `${cut}: ${open} is past ${first}`);
  }
});

test("a document is found in any form of Unicode, in full width and with invisible signs in its words", () => {
  const words =
    "Tài liệu này là bí mật của công ty và không được tiết lộ cho bất kỳ ai khi chưa có sự đồng ý bằng văn bản của ban giám đốc điều hành tại Hà Nội";
  const english = plan.slice(0, 60).join(" ");
  const builder = createIndexBuilder();
  builder.add("policy", words.normalize("NFC"));
  builder.add("plan", english);
  const found = createFingerprintDetector(builder.index());
  const wide = Array.from(english, (sign) =>
    sign === " " ? sign : String.fromCharCode(sign.charCodeAt(0) + 0xfee0),
  ).join("");
  for (const text of [
    words.normalize("NFC"),
    words.normalize("NFD"),
    english,
    english.replaceAll("e", "e\u200b"),
    english.replaceAll("a", "a\u00ad"),
    wide,
  ])
    assert.ok(found.detect(text).length > 0, text.slice(0, 40));
});
