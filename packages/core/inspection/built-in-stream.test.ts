import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { builtInSpanDetectors } from "./detectors.ts";
import { createCanaryDetector } from "./fingerprints/canary.ts";
import { createFingerprintDetector } from "./fingerprints/detector.ts";
import { createIndexBuilder } from "./fingerprints/index-builder.ts";
import { placeholderName } from "./redaction/redact.ts";
import { HoldBack } from "./streaming/hold-back.ts";
import { filterText, type SpanRules } from "./streaming/span-rules.ts";

const mark = "CNRY-7Q2M-0XKD-93TB-VW5H-1ZRC";
const memo =
  "the board will meet on the ninth to approve the purchase of the harbour terminal for forty million before the half year results are announced to anybody outside the finance committee";
const builder = createIndexBuilder();
builder.add("memo", memo);

const rules: SpanRules = {
  detectors: [
    ...builtInSpanDetectors,
    createCanaryDetector([{ name: "training", mark }]),
    createFingerprintDetector(builder.index()),
  ],
  decide: () => "mask",
  replace: ({ detector }) => `[${placeholderName(detector)}]`,
};

/** What must not come out, each in a text that makes it recognisable. */
const planted: readonly (readonly [secret: string, text: string])[] = [
  ["4111 1111 1111 1111", "my card is 4111 1111 1111 1111 thanks"],
  ["S1234567D", "NRIC S1234567D"],
  ["GB29 NWBK 6016 1331 9268 19", "IBAN GB29 NWBK 6016 1331 9268 19 "],
  ["anna.tan@mail.example", "write to anna.tan@mail.example."],
  ["Tr0ub4dor&3", 'password = "Tr0ub4dor&3"'],
  ["3 March 1990", "born on 3 March 1990 in Ipoh"],
  ["Priya Raman", "Please ask Priya Raman to call."],
  [mark, `it said ${mark} then`],
  ["forty million before the half year results", memo],
];
const piece = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...planted.map(([, text]) => text)) },
  { weight: 2, arbitrary: fc.lorem({ maxCount: 5 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\n", "the man said ", "😀", "4111 1111 ", "passwo", "12 Jalan Ampang, ", "-----BEGIN "),
  },
);
const texts = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", "\n", ", ")), { maxLength: 7 })
  .map((parts) => parts.flat().join(""));

function streamed(text: string, sizes: readonly number[]): string {
  const hold = new HoldBack(rules);
  let out = "";
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = 1 + ((sizes[turn % sizes.length] ?? 0) % 24);
    out += hold.push(text.slice(at, at + size));
    at += size;
  }
  return out + hold.end();
}

test("a stream masked by all built-in detectors equals the masked text, whatever the pieces", () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (text, sizes) => {
      assert.equal(streamed(text, sizes), filterText(text, rules).text);
    }),
    { numRuns: 150 },
  );
});

test("nothing planted comes out, in whatever pieces it comes in", () => {
  for (const [secret, text] of planted)
    for (const size of [0, 1, 4, 11])
      assert.ok(!streamed(`Well: ${text}\n and so on it goes`, [size]).includes(secret), secret);
});
