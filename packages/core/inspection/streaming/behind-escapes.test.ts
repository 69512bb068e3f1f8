import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ContentGuard } from "./content-guard.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import { emailDetector, wordDetector } from "./testing/detectors.ts";
import { masking, rules, texts } from "./testing/streams.ts";
import { placesOfUnescaped, unescaped } from "./unescaped.ts";

function said(text: string, by: SpanRules = masking): string {
  const guard = new ContentGuard(by);
  const out = guard.json(text);
  return guard.blocked === undefined ? out : `blocked: ${guard.blocked.detector}`;
}

test("what escapes hide in a text that is no JSON blocks it, whatever is masked beside it", () => {
  for (const text of [
    '{"k":"\\u0068unter2"',
    '{"n":"S1234567D","k":"\\u0068unter2"',
    '{"n":"hunter2","k":"\\u0068unter2"',
    '{"k":"\\u0068unter2","n":"hunter2"',
    '{"n":"a@b.co"}\n{"k":"h\\unter2"}',
    '{"n":"a@b.co","k":"x\\u0040y.com"',
    // What is masked is a part of it.
    '{"k":"al\\u0061b@b.co"',
  ])
    assert.match(said(text), /^blocked: /, text);
});

test("a text that is no JSON and shows all that is in it is masked where it stands", () => {
  for (const [text, masked] of [
    ['{"n":"S1234567D","k":"\\u00e9"', '{"n":"[test-badge:9]","k":"\\u00e9"'],
    ['{"n":"a \\"hunter2\\" b\\n"', '{"n":"a \\"[test-secret:7]\\" b\\n"'],
    ['{"n":"C:\\\\hunter2', '{"n":"C:\\\\[test-secret:7]'],
    // A line end is no letter: beside it an address begins, though written out it begins a letter before.
    ['{"n":"to\\nann@b.co', '{"n":"to\\[test-email:9]'],
    // An escape that has lost all but its backslash says nothing.
    ['{"n":"\\u0061l@b.co', '{"n":"\\[test-email:11]'],
    ['{"n":"S1234567D","k":"plain \\u0041', '{"n":"[test-badge:9]","k":"plain \\u0041'],
  ] as const)
    assert.equal(said(text), masked);
});

test("what may pass as it stands may pass behind escapes, and is counted once where it stands", () => {
  const text = '{"n":"hunter2","k":"\\u0068unter2 S1234567D"';
  assert.equal(
    said(
      text,
      rules(() => "release"),
    ),
    text,
  );
  const revealing = { ...rules((detector) => (detector.startsWith("test-secret") ? "reveal" : "mask")) };
  assert.equal(said(text, revealing), '{"n":"[test-secret:7]","k":"\\u0068unter2 [test-badge:9]"');
  const decided: string[] = [];
  const replaced: string[] = [];
  const counting: SpanRules = {
    ...masking,
    decide: ({ detector }) => (decided.push(detector), "mask"),
    replace: (_, span) => (replaced.push(span), "[x]"),
  };
  said('{"n":"S1234567D","k":"\\u00e9"', counting);
  assert.deepEqual([decided.length, replaced], [1, ["S1234567D"]]);
});

test("with every character escaped it is blocked whenever it would be masked; with none, masked as it is", () => {
  const escaped = (text: string): string =>
    text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  fc.assert(
    fc.property(texts, texts, (plain, hidden) => {
      const needsMask = filterText(hidden, masking).text !== hidden;
      const open = plain.replaceAll("\\", "");
      const out = said(`{${open} ; ${escaped(hidden)} ; \\ `);
      if (needsMask) assert.match(out, /^blocked: /);
      else assert.equal(out, `{${filterText(open, masking).text} ; ${escaped(hidden)} ; \\ `);
    }),
  );
});

test("each character of a text without escapes has its place in the text with them", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "\\n", "\\u0041", "\\u00", "\\", "😀", "\\\\", "\\😀")), (parts) => {
      const text = parts.join("");
      const undone = unescaped(text);
      const places = placesOfUnescaped(text);
      assert.equal(places.length, undone.length + 1);
      assert.equal(places.at(-1), text.length);
      for (let at = 0; at < undone.length; at++)
        assert.equal(unescaped(text.slice(places[at], places[at + 1])), undone.charAt(at));
    }),
  );
});

test("many escapes and many findings in one text are read as one", () => {
  const one = 'x@y.com \\u00e9 S1234567D \\n "';
  const detectors = [emailDetector, wordDetector("test-badge", ["S1234567D"], "pii")];
  const text = one.repeat(5_000);
  const out = said(`{${text}`, { ...masking, detectors });
  assert.equal(out, `{${filterText(text, { ...masking, detectors }).text}`);
  assert.match(said(`{${text}x\\u0040y.com`, { ...masking, detectors }), /^blocked: /);
});
