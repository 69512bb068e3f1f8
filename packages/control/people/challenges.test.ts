import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { challengeTtlMs, openChallenges, sameText } from "./challenges.ts";

const start = 1_800_000_000_000;

test("a challenge is good for what it was issued for, for two minutes, once", () => {
  let now = start;
  const challenges = openChallenges(() => now);
  const { id, bytes } = challenges.issue("approve", "aa");
  const expected = Buffer.from(bytes).toString("base64url");
  assert.equal(challenges.expected(id, "approve", "aa"), expected);
  assert.notEqual(challenges.expected(id, "deny", "aa"), expected);
  assert.notEqual(challenges.expected(id, "approve", "ab"), expected);
  assert.equal(challenges.spend(id), true);
  assert.equal(challenges.spend(id), false);
  const other = challenges.issue("approve", "aa");
  now += challengeTtlMs;
  assert.equal(challenges.expected(other.id, "approve", "aa"), undefined);
  assert.equal(challenges.spend(other.id), false);
});

test("asking for challenges keeps nothing and drives nobody's out", () => {
  const challenges = openChallenges(() => start);
  const { id } = challenges.issue("sign-in", "aa");
  for (let n = 0; n < 20_000; n++) challenges.issue("sign-in", String(n));
  assert.notEqual(challenges.expected(id, "sign-in", "aa"), undefined);
});

test("a challenge of another run, or one that somebody made up, is none", () => {
  const [one, two] = [openChallenges(() => start), openChallenges(() => start)];
  const { id, bytes } = one.issue("sign-in", "aa");
  assert.notEqual(two.expected(id, "sign-in", "aa"), Buffer.from(bytes).toString("base64url"));
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom(`${start + 10 * challengeTtlMs}.${"a".repeat(22)}`, "")),
      (text) => {
        assert.equal(one.expected(text, "sign-in", "aa"), undefined);
        assert.equal(one.spend(text), false);
      },
    ),
  );
});

test("texts are compared whole", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(sameText(a, b), a === b)));
});
