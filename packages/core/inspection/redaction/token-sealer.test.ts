import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { openedToken } from "./token-detector.ts";
import { tokenShapes } from "./token-format.ts";
import { createTokenSealer, maxTokenValueBytes } from "./token-sealer.ts";

const hour = 3_600_000;
const key = createSecretKey(randomBytes(32));
let now = 1_790_000_000_000;
const sealer = (scope = "a", with_ = key) =>
  createTokenSealer({ key: with_, scope, lifetimeHours: 24, now: () => now });
const seal = (value: string, scope?: string): string => sealer(scope).seal("pii/sg-nric", "pii", value) ?? "";

test("a token opens to the value and its category, and is the same each time within its scope", () => {
  const values = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((value) => !value.endsWith("\0"));
  fc.assert(
    fc.property(values, (value) => {
      const token = sealer().seal("secret/api-key", "secret", value);
      assert.match(token ?? "", /^tok_api-key_[a-z2-7]{9,}$/);
      assert.equal(sealer().seal("secret/api-key", "secret", value), token);
      assert.deepEqual(openedToken(sealer(), token ?? ""), { value, category: "secret" });
      const letters = token?.slice("tok_api-key_".length) ?? "";
      assert.ok(!letters.includes(value) || value.length < 8, "short ones may come up by chance");
    }),
  );
});

test("a token of another scope, namespace key or type does not open, nor does one with any letter changed", () => {
  const token = seal("S1234567D");
  assert.equal(openedToken(sealer("b"), token), undefined);
  assert.equal(openedToken(sealer("a", createSecretKey(randomBytes(32))), token), undefined);
  assert.equal(openedToken(sealer(), token.replace("sg-nric", "email")), undefined);
  assert.notEqual(seal("S1234567D", "b"), token);
  const first = token.indexOf("_", 4) + 2;
  for (let at = first; at < token.length; at++) {
    const forged = `${token.slice(0, at)}${token[at] === "b" ? "c" : "b"}${token.slice(at + 1)}`;
    assert.equal(openedToken(sealer(), forged), undefined, forged);
  }
});

test("what nobody sealed opens never: shapes at random, and halves of two tokens put together", () => {
  const [a, b] = [seal("S1234567D"), seal("S7654321Z")];
  const spliced = a.slice(0, 30) + b.slice(30);
  assert.equal(openedToken(sealer(), spliced), undefined);
  const letters = fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567".split("")),
    minLength: 40,
    maxLength: 40,
  });
  fc.assert(
    fc.property(letters, (text) => {
      assert.equal(openedToken(sealer(), `tok_sg-nric_f${text}`), undefined);
    }),
  );
});

test("a token opens for its lifetime at least, and never after twice that", () => {
  const made = now;
  const token = seal("S1234567D");
  const one = sealer();
  assert.equal(openedToken(one, token)?.value, "S1234567D");
  now = made + 24 * hour - 1;
  assert.equal(openedToken(one, token)?.value, "S1234567D");
  now = made + 48 * hour;
  assert.equal(openedToken(one, token), undefined, "what was remembered expires too");
  assert.equal(openedToken(sealer(), token), undefined);
  now = made;
});

test("a value that a token cannot hold exactly gets none", () => {
  for (const value of ["", "x".repeat(maxTokenValueBytes + 1), "half \ud83d", "ends in nul\0"])
    assert.equal(sealer().seal("pii/email", "pii", value), undefined, JSON.stringify(value));
  assert.equal(openedToken(sealer(), seal("x".repeat(maxTokenValueBytes)))?.value, "x".repeat(maxTokenValueBytes));
});

test("shapes by the ten thousand cost a bounded number of digests, and what comes after them is none", () => {
  const one = sealer();
  const token = seal("S1234567D");
  const letters = (at: number): string =>
    at
      .toString(32)
      .padStart(40, "0")
      .replaceAll(/[0189]/g, "a");
  const before = process.cpuUsage().user;
  for (let at = 0; at < 50_000; at++) one.open({ type: "x", letters: letters(at) });
  assert.ok(process.cpuUsage().user - before < 2_000_000, "a fraction of what 50,000 would cost");
  assert.equal(openedToken(one, token), undefined);
  assert.equal(openedToken(sealer(), token)?.value, "S1234567D");
});

test("shapes are read where they end, whatever stands behind them", () => {
  const token = seal("S1234567D");
  for (const text of [`${token}s`, `${token}${token}`, `${token}_x`, `tok_${token}`]) {
    const opened = tokenShapes(text).filter((shape) => sealer().open(shape) !== undefined);
    assert.equal(opened[0]?.end, text.indexOf(token) + token.length, text);
  }
});
