/** The documents say what the program does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfiguration } from "@cordon/core/contract/configuration";
import { errorCodes } from "@cordon/core/errors";
import { commands } from "@cordon/cli/commands/table";

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

test("docs/errors.md lists every error code once, and no other", () => {
  const listed = [...read("docs/errors.md").matchAll(/^\| `([A-Z_]+)`\s*\|/gm)].map((match) => match[1]);
  assert.deepEqual(new Set(listed), new Set<string>(errorCodes));
  assert.equal(listed.length, errorCodes.length);
});

test("the configuration in the README is valid", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
  assert.equal(parseConfiguration(yaml, "README.md").trustDomain, "bank.example");
});

test("every cordon command that a document shows exists", () => {
  const names = Object.keys(commands);
  for (const file of [
    "docs/operations.md",
    "README.md",
    "docs/console.md",
    "docs/errors.md",
    "docs/ledger.md",
    "docs/policy.md",
    "docs/state.md",
    "ARCHITECTURE.md",
    "THREATMODEL.md",
  ]) {
    for (const [, words = ""] of read(file).matchAll(
      /(?:npm run -s cordon -- |`(?:npx )?cordon )([a-z]+(?: [a-z]+)?)/g,
    )) {
      const known =
        names.some(
          (name) =>
            words === name ||
            words.startsWith(`${name} `) ||
            name.startsWith(`${words} `) ||
            name === words.split(" ")[0],
        ) || words.startsWith("help");
      assert.ok(known, `${file}: cordon ${words}`);
    }
  }
});
