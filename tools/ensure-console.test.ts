import assert from "node:assert/strict";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { consoleSources, isConsoleBuilt, stampFile } from "./ensure-console.ts";
import { plantFiles } from "./planted.ts";

const files = {
  "package-lock.json": "{}",
  "packages/console/index.html": "<!doctype html>",
  "packages/console/app/main.tsx": "export const main = 1;\n",
  "packages/console/app/main.test.ts": "export {};\n",
  "packages/core/contract/console-api.ts": "export const api = 1;\n",
  "packages/gateway/gateway.ts": "export const gateway = 1;\n",
};

function built(root: string): void {
  const sources = consoleSources(root);
  mkdirSync(join(root, "packages/console/dist"), { recursive: true });
  writeFileSync(join(root, stampFile), sources);
}

test("the pages are up to date until something that they are made from changes", (t) => {
  for (const file of [
    "packages/console/app/main.tsx",
    "packages/console/index.html",
    "packages/core/contract/console-api.ts",
    "package-lock.json",
  ]) {
    const root = plantFiles(t, files);
    assert.equal(isConsoleBuilt(root), false, "never built");
    built(root);
    assert.equal(isConsoleBuilt(root), true);
    writeFileSync(join(root, file), "changed");
    assert.equal(isConsoleBuilt(root), false, file);
  }
});

test("a new or a removed source file makes the pages old", (t) => {
  const root = plantFiles(t, files);
  built(root);
  writeFileSync(join(root, "packages/console/app/new.ts"), "");
  assert.equal(isConsoleBuilt(root), false);
  built(root);
  rmSync(join(root, "packages/console/app/new.ts"));
  assert.equal(isConsoleBuilt(root), false);
});

test("times, tests and other packages make nothing old; a removed folder does", (t) => {
  const root = plantFiles(t, files);
  built(root);
  utimesSync(join(root, "packages/console/app/main.tsx"), 1, 1);
  writeFileSync(join(root, "packages/console/app/main.test.ts"), "changed");
  writeFileSync(join(root, "packages/gateway/gateway.ts"), "changed");
  writeFileSync(join(root, "packages/console/dist/index.html"), "built");
  assert.equal(isConsoleBuilt(root), true);
  rmSync(join(root, "packages/console/dist"), { recursive: true });
  assert.equal(isConsoleBuilt(root), false);
});
