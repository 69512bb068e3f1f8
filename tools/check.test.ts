import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { linkModules, plant } from "./planted.ts";

const repository = join(import.meta.dirname, "..");

/** Runs `npm run check`'s program on a planted repository with this repository's own rules. */
function check(t: TestContext, files: Readonly<Record<string, string>>, format?: "format first") {
  const root = plant(t, files);
  linkModules(root);
  for (const name of ["tsconfig.json", ".oxlintrc.json", ".oxfmtrc.json"])
    cpSync(join(repository, name), join(root, name));
  if (format) spawnSync(join(repository, "node_modules/.bin/oxfmt"), { cwd: root });
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "check.ts")], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stdout, verdict: (name: string) => new RegExp(`^(ok|FAIL) +${name}\\b`, "m").exec(stdout)?.[1] };
}

const planted: readonly (readonly [string, string, Record<string, string>, RegExp])[] = [
  ["format", "text that is not formatted", { "packages/core/a.ts": "export   const a=1\n" }, /packages\/core\/a\.ts/],
  [
    "lint",
    "a promise that nobody waits for",
    { "packages/core/a.ts": "async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n" },
    /no-floating-promises/,
  ],
  ["lint", "any", { "packages/core/a.ts": "export const a: any = 1;\n" }, /no-explicit-any/],
  ["lint", "a console in a package", { "packages/core/a.ts": 'console.log("x");\n' }, /no-console/],
  [
    "lint",
    "files that import one another",
    {
      "packages/core/a.ts": 'import { b } from "./b.ts";\nexport const a = (): unknown => b;\n',
      "packages/core/b.ts": 'import { a } from "./a.ts";\nexport const b = (): unknown => a;\n',
    },
    /no-cycle/,
  ],
  [
    "types",
    "a wrong type",
    { "packages/core/a.ts": 'export const a: number = "x";\n' },
    /packages\/core\/a\.ts.*TS2322/s,
  ],
  ["imports", "a wrong arrow", { "packages/core/a.ts": 'import "@cordon/gateway/main";\n' }, /core may not import/],
  ["repository", "a key file", { "a.pfx": "x\n" }, /a\.pfx:1: a key file/],
  ["budget", "a long file", { "packages/core/a.ts": "export {};\n".repeat(401) }, /401 lines/],
];

for (const [name, what, files, message] of planted) {
  test(`${name} fails over ${what}, says where, and what to do`, (t) => {
    const { status, stdout, verdict } = check(t, files);
    assert.equal(status, 1);
    assert.equal(verdict(name), "FAIL", stdout);
    assert.match(stdout, message);
    assert.match(stdout, / -> /);
  });
}

test("on a clean repository every check passes and the budget is shown", (t) => {
  const { status, stdout } = check(t, {}, "format first");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok +budget: 4 files, lines median/m);
  assert.match(stdout, /^all 7 checks passed/m);
});
