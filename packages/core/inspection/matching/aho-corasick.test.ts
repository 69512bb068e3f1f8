import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { createMatcher } from "./aho-corasick.ts";

const same = (unit: number): number => unit;

function matches(patterns: readonly string[], text: string): string[] {
  const found: string[] = [];
  createMatcher(patterns, same).scan(text, (pattern, end) => found.push(`${end}:${pattern}`));
  return found.sort();
}

function expected(patterns: readonly string[], text: string): string[] {
  const found: string[] = [];
  patterns.forEach((pattern, index) => {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1))
      found.push(`${at + pattern.length}:${index}`);
  });
  return found.sort();
}

test("finds every occurrence, overlapping and nested ones too", () => {
  assert.deepEqual(matches(["he", "she", "his", "hers"], "ushers"), expected(["he", "she", "his", "hers"], "ushers"));
});

test("agrees with searching for each pattern by itself", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "\ud83d"), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.array(word, { maxLength: 20 }), (patterns, words) => {
      assert.deepEqual(matches(patterns, words.join("")), expected(patterns, words.join("")));
    }),
  );
});

test("folds as it is told, and knows what is still open at the end", () => {
  const lower = (unit: number): number => (unit >= 65 && unit <= 90 ? unit | 32 : unit);
  const matcher = createMatcher(["secret", "cretan"], lower);
  const ends: number[] = [];
  matcher.scan("a SECRET", (_pattern, end) => ends.push(end));
  assert.deepEqual(ends, [8]);
  assert.equal(matcher.openTail("a SECRET"), 6);
  assert.equal(matcher.openTail("a secreta"), 5);
  assert.equal(matcher.openTail("nothing"), 0);
});

test("refuses an empty pattern, and more than its table holds", () => {
  assert.throws(() => createMatcher([""], same), /empty/);
  assert.throws(
    () =>
      createMatcher(
        Array.from({ length: 60_000 }, (_, at) => String.fromCharCode(at + 32).repeat(9)),
        same,
      ),
    /cells/,
  );
});

test("walks and the automaton report the same, in the same order", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "-", "é"), minLength: 1, maxLength: 6 });
  const long = "ab".repeat(40);
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 8 }),
      fc.array(word, { maxLength: 30 }),
      fc.nat(4),
      (patterns, words, from) => {
        const text = words.join("");
        const reported = (list: readonly string[]): string[] => {
          const found: string[] = [];
          createMatcher(list, same).scan(
            text,
            (pattern, end) => found.push(`${end}:${pattern}`),
            from,
            text.length - 1,
          );
          return found;
        };
        // A pattern that is too long to be walked to has the automaton do all of it.
        assert.deepEqual(reported(patterns), reported([...patterns, long]));
      },
    ),
  );
});
