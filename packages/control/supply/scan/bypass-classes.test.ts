import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bypassClasses, bypassTable } from "./testing/bypass-classes.ts";
import { scanBytes } from "./testing/scan-bytes.ts";

for (const { what, name, bytes, ours } of bypassClasses)
  test(`${what}: ${ours}`, () => {
    const report = scanBytes(bytes, name);
    assert.equal(report.verdict, ours, JSON.stringify(report.findings));
    assert.ok(report.findings.every(({ words, atlas }) => words !== "" && /^AML\.T\d{4}(?:\.\d{3})?$/.test(atlas)));
  });

test("docs/model-scanning.md prints this table", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/model-scanning.md"), "utf8");
  const squeezed = (text: string): string => text.replace(/[ -]+/g, " ");
  assert.ok(squeezed(page).includes(squeezed(bypassTable())), `put this into the page:\n\n${bypassTable()}\n`);
});
