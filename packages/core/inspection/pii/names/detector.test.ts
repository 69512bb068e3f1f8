import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { assertFrom, assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../../testing/span-laws.ts";
import { nameDetector, namesIn } from "./detector.ts";

function found(text: string): string[] {
  return nameDetector.detect(text).map(({ detector, start, end }) => `${detector.slice(4)} ${text.slice(start, end)}`);
}

test("finds names in sentences of many kinds", () => {
  const sentences: readonly (readonly [string, string])[] = [
    ["Please ask Priya Raman to call me tomorrow.", "person Priya Raman"],
    ["Please give this form to Nurul Huda binti Ismail before noon.", "person Nurul Huda binti Ismail"],
    ["The patient, Mr. Lim Boon Keng, was discharged on Friday.", "person Lim Boon Keng"],
    ["Khách hàng Nguyễn Thị Minh Khai đã thanh toán.", "person Nguyễn Thị Minh Khai"],
    ["I met with Charlotte Dubois yesterday to discuss it.", "person Charlotte Dubois"],
  ];
  for (const [text, expected] of sentences)
    assert.ok(found(text).includes(expected), `${text}: ${found(text).join("; ")}`);
});

test("finds addresses, towns and countries behind the street included", () => {
  const text = "Please send it to 48 Serangoon Garden Way, #04-12, Singapore 555958 by Monday.";
  const [address] = nameDetector.detect(text);
  assert.equal(address?.detector, "pii/address");
  assert.ok(text.slice(address?.start, address?.end).includes("48 Serangoon Garden Way"));
});

test("takes a place or an employer for personal only where the text says so", () => {
  assert.deepEqual(found("Indonesia exports palm oil and nickel."), []);
  assert.ok(namesIn("Indonesia exports palm oil and nickel.").some(({ label }) => label === "location"));
  assert.deepEqual(found("I have lived in Surabaya for years."), ["location Surabaya"]);
});

test("leaves ordinary prose, code and lists alone", () => {
  const ordinary = [
    "The quick brown fox jumps over the lazy dog. What is the capital gains tax rate this year?",
    "const total = items.reduce((sum, item) => sum + item.price, 0); return Response.json({ total });",
    "1. Preheat the oven. 2. Mix flour, sugar and butter. 3. Bake for 40 minutes.",
    "No. See the Docs: Name, Server, Top and Sort are columns; elif follows if. Apa itu? MC and CA are short.",
    "IBAN: DE89 3704 0044 0532 0130 00; iban,DE89370400440532013000,100; Python 3.11.4 (main, Jun 7 2023, 10:13:09)",
    "Explain how a transformer model works, then write a short summary in bullet points.",
  ];
  for (const text of ordinary) assert.deepEqual(found(text), [], text);
});

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "Priya Raman",
      "12 Jalan Ampang",
      "Mr. Tan",
      "Kuala Lumpur 50450",
      "Acme Pte Ltd",
      "van der Berg",
      "lives in Hanoi",
      "P.O. Box 12",
    ),
  },
  { weight: 3, arbitrary: fc.lorem({ maxCount: 6 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("the man said to", "of", ",", "\n", "\n\n", "A", "Xyzzy", "  ", "      ", ".", "ก", "Đ"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 10 }) },
  { weight: 1, arbitrary: fc.constantFrom("Tan Lim Goh Ong ".repeat(14), "Jalan 12 ".repeat(24)) },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", " ", ", ", "\n", "")))
  .map((parts) => parts.flat().join(""));

test("is settled before openFrom, whatever the text and wherever it is cut", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 8, maxLength: 24 }), (text, cuts) => {
      assertWellFormed(nameDetector, text);
      assertSettledBeforeOpen(
        nameDetector,
        text,
        cuts.map((cut) => cut % (text.length + 1)),
      );
    }),
    { numRuns: 300 },
  );
});

test("depends on nothing further away than maxSpan", () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(200), (before, after, from) => {
      const filler = "the man said to her. ".repeat(Math.ceil((nameDetector.maxSpan * 1.05) / 21));
      assertLocal(nameDetector, before + filler + after, from % (before.length + 1));
      const names = "Tan Lim Goh ".repeat(Math.ceil((nameDetector.maxSpan * 1.2) / 12));
      assertLocal(nameDetector, before + names + after, from % (before.length + 1));
    }),
    { numRuns: 30 },
  );
});

test("holds back two words of ordinary prose, and with a name that may go on the word before it", () => {
  const held = (text: string): string => text.slice(nameDetector.openFrom(text));
  assert.equal(held("we looked at the results of last ye"), "last ye");
  assert.equal(held("please ask Priya Ra"), "ask Priya Ra");
});

test("a reading that begins late finds what starts there as a reading of the whole does", () => {
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (parts, places) => {
        const text = parts.join("and so the man said that he would go home. ").repeat(2);
        for (const place of places) assertFrom(nameDetector, text, place % (text.length + 1));
      },
    ),
    { numRuns: 200 },
  );
});
