import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearest } from "./nearest.ts";

test("finds a word with a letter missing, added, changed, swapped, or in another case", () => {
  const known = ["listen", "limits", "dnsNames", "drainSeconds"];
  const table: readonly (readonly [string, string | undefined])[] = [
    ["lisen", "listen"],
    ["listten", "listen"],
    ["lusten", "listen"],
    ["lsiten", "listen"],
    ["LISTEN", "listen"],
    ["dnsnames", "dnsNames"],
    ["drainSecs", "drainSeconds"],
    ["zzz", undefined],
    ["", undefined],
    ["l".repeat(65), undefined],
  ];
  for (const [word, meant] of table) assert.equal(nearest(word, known), meant, word);
});

test("a known word is its own nearest", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{3,12}$/), { minLength: 1, maxLength: 8 }), (known) => {
      for (const word of known) assert.equal(nearest(word, known), word);
    }),
  );
});
