import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImports } from "./import-rule.ts";
import { manifest, plant, plantFiles } from "./planted.ts";

/** [what is wrong, file, text, line, message] */
const planted: readonly (readonly [string, string, string, number, RegExp])[] = [
  // arrows
  ["core imports the gateway", "packages/core/a.ts", 'import "@cordon/gateway/main";\n', 1, /core may not import/],
  [
    "core imports a type of the gateway",
    "packages/core/a.ts",
    '\nimport type { main } from "@cordon/gateway/main";\n',
    2,
    /core may not/,
  ],
  [
    "core names a type by import()",
    "packages/core/a.ts",
    'export type T = import("@cordon/gateway/main").main;\n',
    1,
    /core may not/,
  ],
  [
    "core re-exports the gateway",
    "packages/core/a.ts",
    'export * from "@cordon/gateway/main";\n',
    1,
    /core may not import/,
  ],
  [
    "core re-exports one name",
    "packages/core/a.ts",
    '\n\nexport { main } from "@cordon/gateway/main";\n',
    3,
    /core may not import/,
  ],
  [
    "core loads the gateway later",
    "packages/core/a.ts",
    'await import("@cordon/gateway/main");\n',
    1,
    /core may not import/,
  ],
  ["core loads by template", "packages/core/a.ts", "await import(`@cordon/gateway/main`);\n", 1, /core may not import/],
  [
    "core resolves the gateway",
    "packages/core/a.ts",
    'import.meta.resolve("@cordon/gateway/main");\n',
    1,
    /core may not import|import\.meta/,
  ],
  [
    "the gateway imports the command line",
    "packages/gateway/a.ts",
    'import "@cordon/cli/main";\n',
    1,
    /gateway may not import/,
  ],
  [
    "the gateway requires the command line",
    "packages/gateway/a.ts",
    'require("@cordon/cli/main");\n',
    1,
    /gateway may not import/,
  ],
  [
    "a test of the gateway imports the command line",
    "packages/gateway/a.test.ts",
    'import "@cordon/cli/main";\n',
    1,
    /may not import/,
  ],
  ["a package that nobody drew", "packages/other/a.ts", "export {};\n", 1, /has no arrows/],
  // doors
  [
    "a relative import leaves its package",
    "packages/gateway/a.ts",
    'import "../core/errors.ts";\n',
    1,
    /leaves packages\/gateway/,
  ],
  [
    "a worker of another package",
    "packages/gateway/a.ts",
    'new Worker(new URL("../core/errors.ts", import.meta.url));\n',
    1,
    /leaves/,
  ],
  [
    "a test reaches into a package",
    "test/e2e/a.test.ts",
    'import "../../packages/core/errors.ts";\n',
    1,
    /leaves test/,
  ],
  [
    "a path that is not exported",
    "packages/gateway/a.ts",
    'import "@cordon/core/contract/labels.ts";\n',
    1,
    /does not export/,
  ],
  [
    "a package's root that is not exported",
    "packages/gateway/a.ts",
    'import "@cordon/core";\n',
    1,
    /does not export `\.`/,
  ],
  [
    "an undeclared package of ours",
    "packages/control/a.ts",
    'import "@cordon/core/errors";\n',
    1,
    /is not a dependency/,
  ],
  ["its own name", "packages/gateway/a.ts", 'import "@cordon/gateway/main";\n', 1, /by relative path/],
  ["an absolute path", "packages/gateway/a.ts", 'import "/etc/passwd";\n', 1, /by relative path or by package name/],
  ["a URL", "packages/gateway/a.ts", 'import "https://example.com/x.js";\n', 1, /by relative path or by package name/],
  [
    "a data URL",
    "packages/gateway/a.ts",
    'import "data:text/javascript,1";\n',
    1,
    /by relative path or by package name/,
  ],
  ["a subpath import", "packages/gateway/a.ts", 'import "#core";\n', 1, /subpath imports/],
  ["a path made at run time", "packages/gateway/a.ts", "await import(process.argv[2] ?? '');\n", 1, /not a literal/],
  ["a file that is not there", "packages/gateway/a.ts", 'import "./b.ts";\n', 1, /no such file/],
  [
    "a worker that is not there",
    "packages/gateway/a.ts",
    'new Worker(new URL("./b-worker.ts", import.meta.url));\n',
    1,
    /no such file/,
  ],
  ["a file without its ending", "packages/gateway/a.ts", 'import "./main";\n', 1, /names its file/],
  // third parties and built-ins
  [
    "an undeclared third party",
    "packages/gateway/a.ts",
    'import "zod";\n',
    1,
    /`zod` is not declared in packages\/gateway/,
  ],
  [
    "a subpath of an undeclared third party",
    "packages/gateway/a.ts",
    'import "@x/y/z";\n',
    1,
    /`@x\/y` is not declared/,
  ],
  [
    "a type of an undeclared third party",
    "packages/gateway/a.ts",
    'import type { Z } from "zod";\n',
    1,
    /is not declared/,
  ],
  ["a test's undeclared third party", "test/a.test.ts", 'import "fast-check";\n', 1, /not declared in package\.json/],
  ["a built-in by its old name", "packages/gateway/a.ts", 'import "fs";\n', 1, /write `node:fs`/],
  // purity
  ...[
    "fs",
    "fs/promises",
    "net",
    "http",
    "https",
    "child_process",
    "worker_threads",
    "timers",
    "timers/promises",
    "os",
  ].map(
    (name) =>
      [
        `core imports ${name}`,
        "packages/core/a.ts",
        `import "node:${name}";\n`,
        1,
        /core may not import `node:/,
      ] as const,
  ),
  ...[
    "process.env",
    "fetch",
    "Date.now()",
    "new Date()",
    "Date()",
    "Math.random()",
    'Math["random"]()',
    "performance.now()",
  ].map(
    (use) =>
      [
        `core uses ${use}`,
        "packages/core/a.ts",
        `\nexport const x = ${use};\n`,
        2,
        /core has no|core does no/,
      ] as const,
  ),
  ...["setTimeout(f)", "setInterval(f)", "globalThis.fetch", "crypto.randomUUID()", "crypto?.getRandomValues(b)"].map(
    (use) =>
      [`core uses ${use}`, "packages/core/a.ts", `${use};\n`, 1, /core has no|core does no|hidden global/] as const,
  ),
  ["core imports randomness", "packages/core/a.ts", 'import { randomBytes } from "node:crypto";\n', 1, /no randomness/],
  [
    "core renames randomness",
    "packages/core/a.ts",
    'import { randomBytes as b } from "node:crypto";\n',
    1,
    /no randomness/,
  ],
  [
    "core hides a global by a name of its own",
    "packages/core/a.ts",
    "export function f(process: string) { return process; }\n",
    1,
    /`process`/,
  ],
  ["core evaluates", "packages/core/a.ts", 'eval("1");\n', 1, /evaluates no text/],
  ["a text that does not parse", "packages/core/a.ts", "import {\n", 1, /does not parse/],
];

test("a clean repository has no violation", (t) => {
  const result = checkImports(plant(t));
  assert.deepEqual(result.violations, []);
  assert.equal(result.files, 4);
  assert.ok(result.references > 0);
});

for (const [what, file, text, line, message] of planted) {
  test(`refuses: ${what}`, (t) => {
    const root = plant(t, { [file]: text, "packages/control/package.json": manifest({ name: "@cordon/control" }) });
    const found = checkImports(root).violations.filter((violation) => violation.file === file);
    assert.ok(found.length > 0, "nothing was found");
    for (const violation of found) assert.equal(violation.line, line, violation.message);
    assert.ok(
      found.some((violation) => message.test(violation.message)),
      found.map((v) => v.message).join("\n"),
    );
  });
}

test("core reads a file of its own where architecture.ts says so, and does nothing else there", (t) => {
  const file = "packages/core/inspection/encoder/deployed.ts";
  const root = plant(t, { [file]: 'import { readFileSync } from "node:fs";\nimport "node:net";\n' });
  const found = checkImports(root).violations.filter((violation) => violation.file === file);
  assert.deepEqual(
    found.map(({ line }) => line),
    [2],
  );
});

test("permits what a rule's nearest neighbour is", (t) => {
  const root = plant(t, {
    "packages/core/pure.ts":
      'import type { TLSSocket } from "node:tls";\n' +
      "export const at = (now: number): Date => new Date(now);\n" +
      "export const take = (deps: { fetch: () => TLSSocket }): TLSSocket => deps.fetch();\n",
    "packages/core/pure.test.ts": 'import "node:fs";\nimport "./pure.ts";\nexport const now = Date.now();\n',
    "packages/gateway/log-worker.ts": "export {};\n",
    "packages/gateway/a.ts": 'new Worker(new URL("./log-worker.ts", import.meta.url));\nawait import("./main.ts");\n',
    "test/e2e.test.ts":
      'import "@cordon/cli/main";\nimport "undici";\nexport const program = new URL("../packages/cli/main.ts", import.meta.url);\n',
    "packages/cli/package.json": manifest({
      name: "@cordon/cli",
      exports: { "./main": "./main.ts" },
      dependencies: { "@cordon/core": "0.1.0", "@cordon/gateway": "0.1.0", node: "24.21.0" },
    }),
  });
  assert.deepEqual(checkImports(root).violations, []);
});

test("the console may import core's contract and nothing else of core", (t) => {
  const browser = manifest({ name: "@cordon/console", dependencies: { "@cordon/core": "0.1.0" } });
  const root = plant(t, {
    "packages/console/package.json": browser,
    "packages/console/good.tsx": 'import "@cordon/core/contract/labels";\n',
    "packages/console/bad.tsx": 'import "@cordon/core/errors";\n',
    "packages/console/worse.tsx": 'import "node:fs";\n',
  });
  const files = checkImports(root).violations.map(({ file }) => file);
  assert.deepEqual(files.toSorted(), ["packages/console/bad.tsx", "packages/console/worse.tsx"]);
});

test("an example keeps to its arrows, and its test may use everything", (t) => {
  const root = plant(t, {
    "package.json": manifest({ name: "cordon", workspaces: ["packages/*", "examples/demo"] }),
    "examples/demo/package.json": manifest({ name: "@cordon/demo", dependencies: { "@cordon/core": "0.1.0" } }),
    "examples/demo/bad.ts": 'import "@cordon/gateway/main";\n',
    "examples/demo/good.ts": 'import "@cordon/core/errors";\n',
    "examples/demo/good.test.ts": 'import "@cordon/gateway/main";\nimport "./good.ts";\n',
  });
  const found = checkImports(root).violations.filter(({ file }) => file.startsWith("examples/"));
  assert.deepEqual(
    found.map(({ file }) => file),
    ["examples/demo/bad.ts"],
  );
});

test("refuses exports that are patterns, tests, outside the package or missing", (t) => {
  const targets = {
    "./*": "./*.ts",
    "./gone": "./gone.ts",
    "./out": "../cli/main.ts",
    "./t": "./a.test.ts",
    "./many": { import: "./main.ts" },
  };
  const root = plant(t, {
    "packages/gateway/a.test.ts": 'import "./main.ts";\n',
    "packages/gateway/package.json": manifest({
      name: "@cordon/gateway",
      exports: { "./main": "./main.ts", ...targets },
      dependencies: { "@cordon/core": "0.1.0", undici: "8.12.4" },
    }),
  });
  assert.equal(checkImports(root).violations.length, Object.keys(targets).length);
});

test("fails when it finds no file to check", (t) => {
  const empty = plantFiles(t, { "package.json": manifest({ name: "cordon" }) });
  const elsewhere = plantFiles(t, {
    "package.json": manifest({ name: "cordon" }),
    "tools/a.ts": 'import "node:fs";\n',
  });
  for (const root of [empty, elsewhere]) {
    assert.match(checkImports(root).violations[0]?.message ?? "", /checked nothing/);
  }
});

test("fails when it finds files and not one import in them", (t) => {
  const root = plantFiles(t, {
    "package.json": manifest({ name: "cordon" }),
    "packages/core/package.json": manifest({ name: "@cordon/core" }),
    "packages/core/a.ts": "export const a = 1;\n",
  });
  assert.match(checkImports(root).violations[0]?.message ?? "", /checked nothing/);
});
