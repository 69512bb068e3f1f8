import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import type { Finding } from "../finding.ts";
import { numberedPlaceholders, redact, redactionSpans, stars } from "./redact.ts";

function finding(detector: string, start: number, end: number, score = 0.9): Finding {
  return { detector, category: "pii", owasp: "LLM02:2025", atlas: "AML.T0057", start, end, score };
}

test("puts the type in brackets where the value was", () => {
  assert.equal(
    redact("mail a@b.sg or c@d.sg", [finding("pii/email", 5, 11), finding("pii/email", 15, 21)]),
    "mail [EMAIL] or [EMAIL]",
  );
  assert.equal(redact("S1234567D", [finding("pii/sg-nric", 0, 9)]), "[SG_NRIC]");
  assert.equal(redact("nothing", []), "nothing");
});

test("shows nothing of findings that overlap, and names the surest", () => {
  const findings = [finding("pii/phone", 3, 8, 0.6), finding("pii/credit-card", 5, 12, 0.95)];
  assert.equal(redact("abcdefghijklmno", findings), "abc[CREDIT_CARD]mno");
});

test("changes nothing for findings below the score", () => {
  assert.equal(redact("abcdef", [finding("pii/phone", 1, 3, 0.4)]), "abcdef");
});

test("gives one value one number in a conversation, however it is written", () => {
  const style = numberedPlaceholders();
  const first = "4111 1111 1111 1111 and 5500005555555559";
  assert.equal(
    redact(first, [finding("pii/credit-card", 0, 19), finding("pii/credit-card", 24, 40)], style),
    "[CREDIT_CARD_1] and [CREDIT_CARD_2]",
  );
  assert.equal(redact("4111-1111-1111-1111", [finding("pii/credit-card", 0, 19)], style), "[CREDIT_CARD_1]");
});

test("stops numbering when its memory is full", () => {
  const style = numberedPlaceholders(1);
  assert.deepEqual(
    [style("pii/email", "a@b.c"), style("pii/email", "d@e.f"), style("pii/email", "a@b.c")],
    ["[EMAIL_1]", "[EMAIL]", "[EMAIL_1]"],
  );
});

test("keeps all text outside the findings and none inside, for any findings", () => {
  const spans = fc.array(fc.tuple(fc.nat(60), fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.string({ minLength: 80, maxLength: 80 }), spans, (text, list) => {
      const findings = list.map(([start, length, score]) => finding("pii/x", start, start + length, score));
      const covered = text
        .split("")
        .map((_, at) => findings.some((f) => f.score >= 0.5 && at >= f.start && at < f.end));
      const expected = text
        .split("")
        .map((char, at) => (covered[at] === true ? "*" : char))
        .join("");
      assert.equal(redact(text, findings, stars), expected);
      assert.ok(redactionSpans(findings).every((span, at, all) => at === 0 || span.start >= (all[at - 1]?.end ?? 0)));
    }),
  );
});
