import assert from "node:assert/strict";
import { test } from "node:test";
import { deployedLexicon, entryOf, readLexicon } from "@cordon/core/inspection/gloss/lexicon";
import { hashesOf, packLexicon, readLists } from "./build.ts";

test("the deployed lexicon is what the lists say", () => {
  const { languages, entries } = readLists(new URL("words/", import.meta.url));
  const made = readLexicon(packLexicon(languages, entries));
  const deployed = deployedLexicon();
  for (const part of ["languages", "meanings", "hashes", "language", "meaning", "longestRun"] as const)
    assert.deepEqual(made[part], deployed[part], `${part}: run node tools/injection/glosses/build.ts`);
});

test("words, phrases and words of scripts without spaces have a place; what is neither has none", () => {
  assert.equal(hashesOf("abaikan")?.opens, undefined);
  assert.notEqual(hashesOf("hệ thống")?.opens, undefined);
  assert.equal(hashesOf("密码")?.run?.length, 2);
  for (const none of ["", "  ", "...", "one two three four five six", "密码 abc", "密".repeat(13)])
    assert.equal(hashesOf(none), undefined, none);
});

test("the first meaning of a word of a language counts, and languages do not mix", () => {
  const hash = hashesOf("die")?.own ?? 0;
  const lexicon = readLexicon(
    packLexicon(
      ["en", "de", "nl"],
      [
        { hash, language: 1, meaning: "the" },
        { hash, language: 1, meaning: "who" },
        { hash, language: 2, meaning: "that" },
      ],
    ),
  );
  const meaningIn = (language: number): string | undefined =>
    lexicon.meanings[lexicon.meaning[entryOf(lexicon, hash, language)] ?? -1];
  assert.deepEqual([meaningIn(0), meaningIn(1), meaningIn(2)], [undefined, "the", "that"]);
});

test("a lexicon that is cut off, or damaged, is refused", () => {
  const whole = packLexicon(["en", "de"], [{ hash: 7, language: 1, meaning: "the" }]);
  assert.throws(() => readLexicon(whole.subarray(0, whole.length >> 1)));
  assert.throws(() => readLexicon(Buffer.alloc(64)));
});
