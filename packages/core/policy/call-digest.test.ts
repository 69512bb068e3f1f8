import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callDigest, canonicalCall } from "./call-digest.ts";

test("a call's digest does not depend on spelling, and on nothing else", () => {
  assert.equal(callDigest('{ "b": 1, "a": [true, null, "x"] }'), callDigest('{"a":[true,null,"x"],"b":1}'));
  assert.notEqual(callDigest('{"a":[1,2]}'), callDigest('{"a":[2,1]}'));
  assert.notEqual(callDigest('{"a":"1"}'), callDigest('{"a":1}'));
});

test("amounts that doubles cannot tell apart are told apart", () => {
  assert.equal(JSON.parse("9007199254740993"), JSON.parse("9007199254740992"));
  assert.notEqual(callDigest('{"cents":9007199254740993}'), callDigest('{"cents":9007199254740992}'));
  assert.notEqual(callDigest('{"cents":1e400}'), callDigest('{"cents":1e401}'));
  assert.throws(() => callDigest('{"cents":1,"cents":2}'), /twice/);
});

test("the canonical form is JSON of the same value, and its own canonical form", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      let form: string;
      try {
        form = canonicalCall(text);
      } catch {
        return; // strict JSON refuses it: lone surrogates, names that differ in case alone
      }
      assert.deepEqual(JSON.parse(form), JSON.parse(text));
      assert.equal(canonicalCall(form), form);
    }),
  );
});
