import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDependencies } from "./dependency-rule.ts";
import { lock, manifest, plant, plantFiles } from "./planted.ts";

const zod = { "node_modules/zod": { version: "4.6.7", integrity: "sha512-abc" } };

const planted: readonly (readonly [string, Record<string, string | undefined>, RegExp])[] = [
  [
    "another version than the root's",
    { "packages/core/package.json": manifest({ name: "@cordon/core", dependencies: { zod: "4.6.8" } }) },
    /^packages\/core\/package\.json: `zod` is 4\.6\.8 here and 4\.6\.7 at the root$/,
  ],
  [
    "a dependency that the root lacks",
    { "packages/core/package.json": manifest({ name: "@cordon/core", dependencies: { zod: "4.6.7", left: "1.0.0" } }) },
    /^packages\/core\/package\.json: `left` is not in `dependencies` of the root/,
  ],
  [
    "a shipped dependency that the root has for development only",
    {
      "package.json": manifest({
        name: "cordon",
        dependencies: { node: "24.21.0", undici: "8.12.4" },
        devDependencies: { zod: "4.6.7" },
      }),
    },
    /^packages\/core\/package\.json: `zod` is not in `dependencies` of the root/,
  ],
  [
    "a range",
    {
      "package.json": manifest({ name: "cordon", dependencies: { node: "24.21.0", zod: "^4.6.7", undici: "8.12.4" } }),
    },
    /^package\.json: `zod`: `\^4\.6\.7` is not one exact version$/,
  ],
  [
    "a tag",
    { "package.json": manifest({ name: "cordon", devDependencies: { zod: "latest" } }) },
    /`latest` is not one exact version/,
  ],
  [
    "a version of ours that differs",
    { "packages/core/package.json": manifest({ name: "@cordon/core", version: "0.2.0" }) },
    /version 0\.2\.0 differs from the root's 0\.1\.0/,
  ],
  [
    "a folder and a name that differ",
    { "packages/core/package.json": manifest({ name: "@cordon/kernel" }) },
    /is named `@cordon\/kernel`/,
  ],
  [
    "a process without its runtime",
    { "packages/gateway/package.json": manifest({ name: "@cordon/gateway", dependencies: { undici: "8.12.4" } }) },
    /depend on `node`/,
  ],
  [
    "a declaration that nothing uses",
    { "packages/gateway/main.ts": 'import "@cordon/core/errors";\n' },
    /^packages\/gateway\/package\.json: `undici` is declared and no source imports it$/,
  ],
  ["a lock file that locks nothing", { "package-lock.json": lock({}) }, /checked nothing/],
  ["no lock file", { "package-lock.json": undefined }, /there is no lock file/],
  [
    "a lock entry that names a host",
    {
      "package-lock.json": lock({
        "node_modules/zod": { version: "4.6.7", integrity: "sha512-abc", resolved: "https://mirror.example/zod.tgz" },
      }),
    },
    /names where it was fetched from/,
  ],
  [
    "a lock entry without its digest",
    { "package-lock.json": lock({ ...zod, "node_modules/undici": { version: "8.12.4" } }) },
    /`node_modules\/undici` has no SHA-512 integrity/,
  ],
  [
    "a lock entry with a weak digest",
    { "package-lock.json": lock({ "node_modules/zod": { version: "4.6.7", integrity: "sha1-abc" } }) },
    /has no SHA-512 integrity/,
  ],
];

test("manifests that agree have no violation", (t) => {
  assert.deepEqual(checkDependencies(plant(t)), []);
});

for (const [what, files, message] of planted) {
  test(`refuses: ${what}`, (t) => {
    const found = checkDependencies(plant(t, files)).map((violation) => `${violation.file}: ${violation.message}`);
    assert.ok(
      found.some((text) => message.test(text)),
      found.join("\n"),
    );
  });
}

test("a lock entry's violation names its line", (t) => {
  const root = plant(t, { "package-lock.json": lock({ ...zod, "node_modules/undici": { version: "8.12.4" } }) });
  const [violation] = checkDependencies(root);
  assert.equal(violation?.line, 11);
});

test("fails when it finds no package to check", (t) => {
  const root = plantFiles(t, { "package.json": manifest({ name: "cordon" }) });
  assert.match(checkDependencies(root)[0]?.message ?? "", /checked nothing/);
});
