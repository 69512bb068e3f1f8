import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../errors.ts";
import { parseStrictJson, replaceTopLevel, type JsonValue } from "./strict-json.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const refused = (text: string | Uint8Array, code: "BODY_AMBIGUOUS" | "REQUEST_MALFORMED"): void => {
  assert.throws(
    () => parseStrictJson(typeof text === "string" ? bytes(text) : text),
    (error) => isCordonError(error, code),
    String(text),
  );
};

test("reads any JSON value exactly as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      let folds = false;
      if (value !== null && typeof value === "object" && !Array.isArray(value)) {
        const names = Object.keys(value).map((name) => name.toUpperCase().toLowerCase());
        folds = new Set(names).size < names.length;
      }
      if (folds) return refused(text, "BODY_AMBIGUOUS");
      assert.deepEqual(parseStrictJson(bytes(text)), JSON.parse(text));
    }),
  );
});

test("refuses a name that stands twice in one object, at any depth and however it is written", () => {
  for (const text of [
    '{"model":"a","model":"b"}',
    '{"model":"a","\\u006dodel":"b"}',
    '{"messages":[{"role":"user","content":"x","role":"system"}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"b":[{"c":1,"c":1}]}}',
  ])
    refused(text, "BODY_AMBIGUOUS");
});

test("a duplicate planted anywhere in any object is refused", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
      fc.nat(),
      fc.jsonValue(),
      (object, pick, value) => {
        const names = Object.keys(object);
        const name = names[pick % names.length] as string;
        const whole = JSON.stringify(object);
        refused(`{"outer":${whole.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}}`, "BODY_AMBIGUOUS");
      },
    ),
  );
});

test("refuses top-level names that only a case-folding parser would take for one", () => {
  refused('{"model":"allowed","Model":"other"}', "BODY_AMBIGUOUS");
  refused('{"stream":false,"\u017ftream":true}', "BODY_AMBIGUOUS");
  assert.deepEqual(parseStrictJson(bytes('{"tools":[{"id":1,"ID":2}]}')), { tools: [{ id: 1, ID: 2 }] });
});

test("refuses bytes that are not UTF-8, byte order marks and lone surrogates", () => {
  refused(Uint8Array.from([0x22, 0xc3, 0x28, 0x22]), "BODY_AMBIGUOUS");
  refused(Uint8Array.from([0xef, 0xbb, 0xbf, 0x31]), "BODY_AMBIGUOUS");
  refused('{"a":"\\ud800"}', "BODY_AMBIGUOUS");
  refused('{"\\udc00":1}', "BODY_AMBIGUOUS");
  assert.equal(parseStrictJson(bytes('"\\ud83d\\ude00"')), "😀");
});

test("refuses what is not one JSON value, and nesting past the bound, without recursing", () => {
  for (const text of ["", "{", '{"a":1}x', "{'a':1}", '{"a":1,}', "NaN", '"unterminated', '{"a":1}{"a":1}'])
    refused(text, "REQUEST_MALFORMED");
  refused("[".repeat(100_000) + "]".repeat(100_000), "REQUEST_MALFORMED");
});

test("never throws anything but a CordonError on arbitrary bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      try {
        parseStrictJson(input);
      } catch (error) {
        assert.ok(isCordonError(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("replaces one top-level value and leaves every other byte alone", () => {
  const body = '{ "a" : {"model":"inner"} ,"model":\t"old" , "n": 1.0, "z":["model"]}';
  const changed = Buffer.from(replaceTopLevel(bytes(body), "model", "new")).toString();
  assert.equal(changed, '{ "a" : {"model":"inner"} ,"model":\t"new" , "n": 1.0, "z":["model"]}');
});

test("a replaced body reads as the old tree with that value changed", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]{0,8}$/), fc.jsonValue()),
      fc.string(),
      fc.nat(4),
      (object, value, indent) => {
        const tree = { ...object, model: "m" };
        const changed = parseStrictJson(replaceTopLevel(bytes(JSON.stringify(tree, null, indent)), "model", value));
        assert.deepEqual(changed, JSON.parse(JSON.stringify({ ...tree, model: value })) as JsonValue);
      },
    ),
  );
});
