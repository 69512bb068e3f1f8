import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { phrases } from "./phrases.ts";

test("names are told from the words around them, and long ids are short", () => {
  assert.deepEqual(phrases("policy `a-b` of namespace `default` permits this"), [
    { text: "policy ", name: false },
    { text: "a-b", name: true },
    { text: " of namespace ", name: false },
    { text: "default", name: true },
    { text: " permits this", name: false },
  ]);
  assert.deepEqual(phrases("spiffe://bank.example/ns/default/agent/research is isolated: test."), [
    { text: "agent research", name: true },
    { text: " is isolated: test.", name: false },
  ]);
  assert.deepEqual(phrases("see spiffe://bank.example/host/x.")[1], {
    text: "spiffe://bank.example/host/x",
    name: true,
  });
});

test("no word is lost, but for the quotes and the front of ids", () => {
  fc.assert(
    fc.property(fc.string(), (words) => {
      fc.pre(!words.includes("spiffe://"));
      const out = phrases(words).map(({ text, name }) => (name ? `\`${text}\`` : text));
      assert.equal(out.join(""), words);
    }),
  );
});
