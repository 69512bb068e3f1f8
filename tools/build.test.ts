import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { linkModules, manifest, plant } from "./planted.ts";

/** Builds the planted repository. */
function build(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = plant(t, files);
  linkModules(root);
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "build.ts")], {
    cwd: root,
    encoding: "utf8",
  });
  return { root, status, stderr };
}

test("the bundle holds our packages, leaves third parties outside, and finds its worker and its files", (t) => {
  const { root, status, stderr } = build(t, {
    "packages/cli/main.ts":
      'import { label } from "@cordon/core/contract/labels";\n' +
      'const { start } = await import("@cordon/gateway/main");\n' +
      "console.log(label.parse(await start()));\n",
    "packages/gateway/main.ts":
      'import { readFileSync } from "node:fs";\nimport { Worker } from "node:worker_threads";\n' +
      'import { suffix } from "./log/suffix.ts";\nimport { request } from "undici";\n' +
      "export function start(): Promise<string> {\n" +
      '  const policy = readFileSync(new URL("./demo/policy.cedar", import.meta.url), "utf8").trim();\n' +
      '  const worker = new Worker(new URL("./log/log-worker.ts", import.meta.url), { workerData: policy });\n' +
      '  return new Promise((resolve) => worker.on("message", (text: string) => resolve(text + suffix + typeof request)));\n}\n',
    "packages/gateway/log/log-worker.ts":
      'import { parentPort, workerData } from "node:worker_threads";\nimport { suffix } from "./suffix.ts";\n' +
      "parentPort?.postMessage(`from the worker: ${String(workerData)}${suffix}`);\n",
    "packages/gateway/log/suffix.ts": 'export const suffix: string = "!";\n',
    "packages/gateway/demo/policy.cedar": "permit(principal, action, resource);\n",
  });
  assert.equal(status, 0, stderr);
  const bundle = readFileSync(join(root, "dist/cordon.js"), "utf8");
  assert.match(bundle, /from "zod"/);
  assert.doesNotMatch(bundle, /@cordon\//);
  assert.ok(existsSync(join(root, "dist/cordon.js.map")));
  assert.ok(existsSync(join(root, "dist/log-worker.js")));
  const ran = spawnSync(process.execPath, [join(root, "dist/cordon.js")], { encoding: "utf8", timeout: 30_000 });
  assert.equal(ran.stdout, "from the worker: permit(principal, action, resource);!!function\n", ran.stderr);
});

const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  [
    "a module that asks for its own folder",
    { "packages/gateway/main.ts": "export const main = import.meta.dirname;\n" },
    /bundling moves/,
  ],
  [
    "a file beside it that is not there",
    { "packages/gateway/main.ts": 'export const main = new URL("./gone.cedar", import.meta.url);\n' },
    /packages\/gateway\/main\.ts:1: `\.\/gone\.cedar`: there is no such file/,
  ],
  [
    "two workers of one name",
    { "packages/gateway/a/log-worker.ts": "export {};\n", "packages/core/log-worker.ts": "export {};\n" },
    /would both become dist\/log-worker\.js/,
  ],
  [
    "a third party that would not be installed",
    { "package.json": manifest({ name: "cordon", dependencies: { zod: "4.6.7" } }) },
    /not in `dependencies` of package\.json/,
  ],
];

for (const [what, files, message] of refused) {
  test(`refuses: ${what}`, (t) => {
    const { status, stderr } = build(t, files);
    assert.notEqual(status, 0);
    assert.match(stderr, message);
  });
}
