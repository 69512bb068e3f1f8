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

/** [check, what is wrong, files, message] */
const planted: readonly (readonly [string, string, Record<string, string>, RegExp])[] = [
  ["format", "text that is not formatted", { "packages/core/layout.ts": "export   const a=1\n" }, /layout\.ts/],
  [
    "lint",
    "a promise that nobody waits for",
    { "packages/core/later.ts": "async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n" },
    /no-floating-promises.*later\.ts/s,
  ],
  ["lint", "any", { "packages/core/loose.ts": "export const a: any = 1;\n" }, /no-explicit-any.*loose\.ts/s],
  ["lint", "a console in a package", { "packages/core/loud.ts": 'console.log("x");\n' }, /no-console.*loud\.ts/s],
  [
    "lint",
    "files that import one another",
    {
      "packages/core/chicken.ts": 'import { b } from "./egg.ts";\nexport const a = (): unknown => b;\n',
      "packages/core/egg.ts": 'import { a } from "./chicken.ts";\nexport const b = (): unknown => a;\n',
    },
    /no-cycle.*chicken\.ts/s,
  ],
  ["types", "a wrong type", { "packages/core/wrong.ts": 'export const a: number = "x";\n' }, /wrong\.ts.*TS2322/],
  [
    "types",
    "a wrong type in the console, which has options of its own",
    {
      "packages/console/tsconfig.json":
        '{ "extends": "../../tsconfig.json", "compilerOptions": { "lib": ["es2024", "dom"] }, "include": ["*.ts"], "exclude": [] }\n',
      "packages/console/title.ts": "document.title = 7;\n",
    },
    /title\.ts.*TS2322/,
  ],
  ["imports", "a wrong arrow", { "packages/core/arrow.ts": 'import "@cordon/gateway/main";\n' }, /core may not import/],
  [
    "dependencies",
    "a lock file that holds nothing it could check",
    { "package-lock.json": "{}" },
    /the check itself failed/,
  ],
  ["repository", "a key file", { "a.pfx": "x\n" }, /a\.pfx:1: a key file/],
  ["budget", "a long file", { "packages/core/long.ts": "export {};\n".repeat(401) }, /401 lines/],
];

test("each check fails over what is planted for it, says where, and what to do", async (t) => {
  const { status, stdout, verdict } = check(t, Object.assign({}, ...planted.map(([, , files]) => files)));
  assert.equal(status, 1);
  for (const [name, what, , message] of planted) {
    await t.test(`${name}: ${what}`, () => {
      assert.equal(verdict(name), "FAIL", stdout);
      assert.match(stdout, message);
    });
  }
  assert.equal(stdout.match(/^ +-> /gm)?.length, 7);
});

test("on a clean repository every check passes and the budget is shown", (t) => {
  const { status, stdout } = check(t, {}, "format first");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok +budget: 4 files, lines median/m);
  assert.match(stdout, /^all 7 checks passed/m);
});
