import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configurationPage } from "./docs-configuration.ts";

test("docs/configuration.md says what the schema says; run `node tools/docs-configuration.ts` after a change", () => {
  const page = readFileSync(new URL("../docs/configuration.md", import.meta.url), "utf8");
  assert.equal(page, configurationPage());
});

test("every field on the page has words", () => {
  const rows = configurationPage().match(/^\| `[^`]+` \|.*$/gm) ?? [];
  assert.ok(rows.length > 50);
  for (const row of rows) assert.doesNotMatch(row, /\| {2}\|$/, row);
});
