/**
 * A small repository in a temporary folder, for tests that plant a violation and see it found. In: files by path. Out:
 * the folder, removed when the test ends.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { readManifests } from "./manifests.ts";

/** A clean repository: three packages that keep every rule. */
export const cleanRepository: Readonly<Record<string, string>> = {
  "package.json": manifest({ name: "cordon", dependencies: { node: "24.21.0", zod: "4.6.7", undici: "8.12.4" } }),
  "package-lock.json": lock({ "node_modules/zod": { version: "4.6.7", integrity: "sha512-abc" } }),
  "packages/core/package.json": manifest({
    name: "@cordon/core",
    exports: { "./errors": "./errors.ts", "./contract/labels": "./contract/labels.ts" },
    dependencies: { zod: "4.6.7" },
  }),
  "packages/core/errors.ts": 'import { createHash } from "node:crypto";\nexport const hash = createHash;\n',
  "packages/core/contract/labels.ts":
    'import { z } from "zod";\nimport { hash } from "../errors.ts";\nexport const label = z.string();\nexport const digest = hash;\n',
  "packages/gateway/package.json": manifest({
    name: "@cordon/gateway",
    exports: { "./main": "./main.ts" },
    dependencies: { "@cordon/core": "0.1.0", node: "24.21.0", undici: "8.12.4" },
  }),
  "packages/gateway/main.ts":
    'import { hash } from "@cordon/core/errors";\nimport { request } from "undici";\nexport const main = hash;\nexport const send = request;\n',
  "packages/cli/package.json": manifest({
    name: "@cordon/cli",
    dependencies: { "@cordon/core": "0.1.0", "@cordon/gateway": "0.1.0", node: "24.21.0" },
  }),
  "packages/cli/main.ts":
    'import { main } from "@cordon/gateway/main";\nimport { hash } from "@cordon/core/errors";\nexport const same = main === hash;\n',
};

/** Writes the clean repository with `files` over it; an `undefined` leaves a file out. */
export function plant(t: TestContext, files: Readonly<Record<string, string | undefined>> = {}): string {
  return plantFiles(t, { ...cleanRepository, ...files });
}

/** Writes just `files`. */
export function plantFiles(t: TestContext, files: Readonly<Record<string, string | undefined>>): string {
  const root = mkdtempSync(join(tmpdir(), "cordon-planted-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

/** Links what a planted or copied repository needs to run: its own packages as npm links workspaces, the rest from ours. */
export function linkModules(root: string): void {
  const ours = join(import.meta.dirname, "../node_modules");
  mkdirSync(join(root, "node_modules/@cordon"), { recursive: true });
  for (const name of readdirSync(ours)) {
    if (name !== "@cordon") symlinkSync(join(ours, name), join(root, "node_modules", name));
  }
  for (const [name, { folder }] of readManifests(root).packages) {
    symlinkSync(join(root, folder), join(root, "node_modules/@cordon", name));
  }
}

/** A package.json of version 0.1.0. */
export function manifest(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ version: "0.1.0", type: "module", ...fields }, null, 2);
}

/** A lock file with the given entries. */
export function lock(packages: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "cordon" }, ...packages } }, null, 2);
}
