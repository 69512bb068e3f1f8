import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import type { SecretReference } from "../policy/snapshot.ts";
import { maxSecretBytes, resolveSecret, type SecretEffects } from "./secret-reference.ts";

const value = "correct horse battery staple";

function effects(content: string | Uint8Array, mode = 0o100600): SecretEffects {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return {
    env: typeof content === "string" ? { KEY: content } : {},
    readFile: () => Promise.resolve({ bytes, mode }),
    exec: () => Promise.resolve(bytes),
  };
}

const references: readonly SecretReference[] = [
  { env: "KEY" },
  { file: "/run/key" },
  { exec: ["pass", "show", "key"] },
];

async function refuses(reference: SecretReference, given: SecretEffects, words: RegExp): Promise<void> {
  await assert.rejects(resolveSecret(reference, given), (error: unknown) => {
    assert.ok(isCordonError(error, "SECRET_UNAVAILABLE"), String(error));
    assert.match(error.message, words);
    const whole = `${error.message} ${String(error.cause)} ${error.stack}`;
    assert.ok(!whole.includes("horse"), "the message must not hold any of the value");
    return true;
  });
}

test("gives the secret without its trailing line break, from wherever it is", async () => {
  for (const reference of references) {
    for (const ending of ["", "\n", "\r\n"])
      assert.equal(await resolveSecret(reference, effects(value + ending)), value);
    assert.equal(await resolveSecret(reference, effects(` ${value} `)), ` ${value} `, "spaces are part of a secret");
  }
});

test("refuses what would break out of a header: CR, LF and NUL", async () => {
  for (const reference of references) {
    for (const inside of ["\n", "\r", "\0", "\r\nx-admin: 1", "\n\n"])
      await refuses(reference, effects(`${value}${inside}x`), /line break or a NUL/);
    await refuses(reference, effects(`${value}\n\n`), /line break/);
  }
});

test("refuses an empty, an absent and an endless secret", async () => {
  for (const reference of references) {
    await refuses(reference, effects(""), /it is empty/);
    await refuses(reference, effects("\n"), /it is empty/);
    await refuses(reference, effects("x".repeat(maxSecretBytes + 2)), /longer than/);
  }
  await refuses({ env: "OTHER" }, effects(value), /environment variable `OTHER`: it is not set/);
  await refuses({ env: "toString" }, effects(value), /it is not set/);
});

test("refuses a file that everybody may read or write", async () => {
  for (const mode of [0o644, 0o604, 0o602, 0o666])
    await refuses({ file: "/run/key" }, effects(value, 0o100000 | mode), /chmod o-rw/);
  for (const mode of [0o600, 0o400, 0o640])
    assert.equal(await resolveSecret({ file: "/run/key" }, effects(value, mode)), value);
});

test("refuses bytes that are not UTF-8", async () => {
  await refuses({ file: "/run/key" }, effects(Uint8Array.of(0xff, 0xfe)), /not UTF-8/);
});

test("names the reference and the system's code, never what a program said", async () => {
  const failing: SecretEffects = {
    env: {},
    readFile: () => Promise.reject(Object.assign(new Error(value), { code: "EACCES" })),
    exec: () => Promise.reject(Object.assign(new Error(`failed after printing ${value}`), { code: "ETIMEDOUT" })),
  };
  await refuses({ file: "/run/key" }, failing, /file `\/run\/key`: reading it failed \(EACCES\)/);
  await refuses({ exec: ["pass", "show", "horse"] }, failing, /program `pass`: running it failed \(ETIMEDOUT\)/);
});
