import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanDetector } from "../finding.ts";
import { HoldBack } from "./hold-back.ts";
import { filterText, type SpanAction, type SpanRules } from "./span-rules.ts";
import { emailDetector, wordDetector } from "./testing/detectors.ts";
import { pieces } from "./testing/pieces.ts";

const secrets = wordDetector("test-secret", ["hunter2", "hunter22", "x@y"], "secret");
const badge = wordDetector("test-badge", ["S1234567D", "😀🔑"], "pii");
const detectors = [emailDetector, secrets, badge];

function rules(actionOf: (detector: string) => SpanAction, among: readonly SpanDetector[] = detectors): SpanRules {
  return {
    detectors: among,
    decide: (finding) => actionOf(finding.detector),
    replace: (finding, span) => `[${finding.detector.split("/")[0]}:${span.length}]`,
  };
}

const masking = rules(() => "mask");
const blocking = rules((detector) => (detector.startsWith("test-secret") ? "block" : "mask"));
/** Texts made to come near to matches, and to overlap. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "a@b.co",
        "hunter2",
        "hunter22",
        "S1234567D",
        "😀",
        "😀🔑",
        "x@y",
        "x@y.com",
        "@",
        ".",
        " ",
        "\n",
      ),
      fc.constantFrom("hunter", "S123", "\ud83d", "\ude00", "aaaaaaaaaaaaaaaaaaaaaaaa", "b.c", "é"),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 16 },
  )
  .map((parts) => parts.join(""));

function stream(cut: readonly string[], with_: SpanRules): { out: string; hold: HoldBack } {
  const hold = new HoldBack(with_);
  let out = "";
  for (const piece of cut) out += hold.push(piece);
  return { out: out + hold.end(), hold };
}

test("a masked stream equals the masked text, whatever the pieces", () => {
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      assert.equal(stream(cut, masking).out, filterText(cut.join(""), masking).text);
    }),
    { numRuns: 2000 },
  );
});

test("a blocked stream is the text up to the blocked span, whatever the pieces", () => {
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      const whole = filterText(cut.join(""), blocking);
      const { out, hold } = stream(cut, blocking);
      assert.equal(out, whole.text);
      assert.deepEqual(hold.blocked, whole.blocked);
    }),
    { numRuns: 2000 },
  );
});

/** As long as a key block: the text is kept in two pieces then, and a span may begin in the older one. */
const longWord = "k".repeat(2600);
const long = rules(() => "mask", [wordDetector("test-long", [longWord, "S1234567D"], "secret"), ...detectors]);
const longTexts = fc
  .array(
    fc.oneof(
      fc.constantFrom("hunter2", "a@b.co", "S1234567D", "😀🔑", "😀", "\ud83d", " ", longWord, ` ${longWord} `),
      fc
        .tuple(fc.constantFrom("k", "word ", "ab.", "😀"), fc.integer({ min: 1, max: 1500 }))
        .map(([of, n]) => of.repeat(n)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

test("a long stream equals the masked text, however far back a detector looks", () => {
  const sizes = fc.array(fc.integer({ min: 50, max: 900 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(longTexts, sizes, (text, cut) => {
      const hold = new HoldBack(long);
      const whole = filterText(text, long).text;
      let out = "";
      for (let at = 0, turn = 0; at < text.length; turn++) {
        const size = cut[turn % cut.length] ?? 1;
        const released = hold.push(text.slice(at, (at += size)));
        out += released;
        assert.ok(
          !/[\ud800-\udbff]$/.test(released) || !/^[\udc00-\udfff]/.test(whole.slice(out.length)),
          "half a pair",
        );
      }
      assert.ok(out + hold.end() === whole);
    }),
    { numRuns: 100 },
  );
});

test("half of a pair in the older piece waits for the other, with what is held behind it", () => {
  const hold = new HoldBack(long);
  let out = hold.push("x".repeat(3000));
  out += hold.push("😀" + longWord.slice(9));
  for (let turn = 0; turn < 4; turn++) out += hold.push("k");
  assert.ok(!/[\ud800-\udbff]$/.test(out));
  assert.equal(out.length, 3000);
});

test("of equal spans the detector that comes first speaks, whichever settled first", () => {
  const patient = wordDetector("test-patient", ["hunter2", "hunter2".padEnd(40, "x")], "pii");
  for (const among of [
    [patient, secrets],
    [secrets, patient],
  ]) {
    const both = rules(() => "mask", among);
    for (const cut of ["it is hunter2 here and there", "it is hunter2 here".split("")].map((each) => [each].flat()))
      assert.equal(stream(cut, both).out, filterText(cut.join(""), both).text);
  }
});

test("a detector is not asked about text that it has let go of", () => {
  let asked = 0;
  const counted: SpanDetector = { ...secrets, detect: (text) => (asked++, secrets.detect(text)) };
  const slow: SpanDetector = { ...badge, maxSpan: 64, openFrom: (text) => Math.max(0, text.length - 60) };
  const hold = new HoldBack(rules(() => "mask", [slow, counted]));
  let out = "";
  for (let turn = 0; turn < 100; turn++) out += hold.push("word ");
  assert.equal(out.length, 440);
  assert.ok(asked <= 12, `asked ${asked} times about 100 pieces`);
});

test("at no moment is more out than the whole text's output begins with", () => {
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      const whole = filterText(cut.join(""), masking).text;
      const hold = new HoldBack(masking);
      let out = "";
      for (const piece of cut) {
        out += hold.push(piece);
        assert.ok(whole.startsWith(out), `${JSON.stringify(out)} of ${JSON.stringify(whole)}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a secret that is planted never comes out, in any part", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("so ", "hunter", "it is ", "h", ".", "\n")), fc.nat(40), (around, cut) => {
      const text = `${around.join("")} hunter2 ${around.join("")}`;
      const at = cut % text.length;
      const { out } = stream(
        [text.slice(0, at), text.slice(at)],
        rules(() => "block"),
      );
      assert.ok(!out.includes("hunter2"));
      assert.equal(out, text.slice(0, text.search(/(?<![a-z0-9])hunter2/i)));
    }),
  );
});

test("what cannot become part of a match flows at once", () => {
  const hold = new HoldBack(rules(() => "mask", [emailDetector]));
  assert.equal(hold.push("Dear all, "), "Dear all, ");
  assert.equal(hold.push("write to ann"), "write to ");
  assert.equal(hold.push("@"), "");
  assert.equal(hold.push("bank.sg"), "");
  assert.equal(hold.push(", please"), "[test-email:11], ");
  assert.equal(hold.end(), "please");
});

test("half of a surrogate pair waits for the other", () => {
  const hold = new HoldBack(rules(() => "mask", []));
  assert.equal(hold.push("a\ud83d"), "a");
  assert.equal(hold.push("\ude00b"), "😀b");
});

test("nothing follows a block", () => {
  const hold = new HoldBack(blocking);
  assert.equal(hold.push("it is hunter2 . and"), "it is ");
  assert.equal(hold.push(" more"), "");
  assert.equal(hold.end(), "");
  assert.equal(hold.blocked?.category, "secret");
});

test("a detector that keeps more than it declared is an error", () => {
  const greedy = { ...emailDetector, maxSpan: 3, openFrom: () => 0 };
  assert.throws(() => new HoldBack(rules(() => "mask", [greedy])).push("abcdef"), /past its maxSpan/);
});
