import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { plantFiles } from "./planted.ts";

const header = 'import { test, describe } from "node:test";\n';

/** Runs `npm test`'s program in a folder with the given test files. */
function run(t: Parameters<typeof plantFiles>[0], files: Record<string, string>, ...args: string[]) {
  const root = plantFiles(t, files);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const program = join(import.meta.dirname, "test.ts");
  const result = spawnSync(process.execPath, [program, ".", ...args], { cwd: root, env, encoding: "utf8" });
  return {
    root,
    status: result.status,
    lines: result.stdout.trimEnd().split("\n"),
    output: result.stdout + result.stderr,
  };
}

test("the last line counts what passed and failed, and success is exit code 0", (t) => {
  const { status, lines, output } = run(t, {
    "a.test.ts": `${header}test("one", () => {});\ndescribe("suite", () => { test("two", () => {}); });\n`,
    "b/c.test.ts": `${header}test("three", async (t) => { await t.test("four", () => {}); });\n`,
  });
  assert.equal(lines.at(-1), "4 passed, 0 failed", output);
  assert.equal(status, 0);
});

const failures: readonly (readonly [string, string, RegExp])[] = [
  ["a failing assertion", 'test("bad", () => { throw new Error("seven"); });', /bad \(x\.test\.ts:3\)\n +Error: seven/],
  ["a failing test in a suite", 'describe("s", () => { test("bad", () => { throw new Error("x"); }); });', /s > bad/],
  ["a test marked todo that fails", 'test("bad", { todo: true }, () => { throw new Error("x"); });', /bad/],
  [
    "a rejection after the test",
    'test("bad", () => { setTimeout(() => { Promise.reject(new Error("late")); }, 20); });',
    /late/,
  ],
  [
    "an exception after the test",
    'test("bad", () => { setTimeout(() => { throw new Error("late"); }, 20); });',
    /late/,
  ],
  [
    "a crash",
    'test("bad", () => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });',
    /ended by SIGKILL/,
  ],
  ["leaving early as if all were well", 'test("bad", () => { process.exit(0); });', /left by process\.exit/],
  ["an exit code set aside", "process.exitCode = 3;", /exit code 3 although each test passed/],
  ["a text that does not parse", 'test("bad", () => {', /before its tests ended/],
  ["an import that is not there", 'import "./gone.ts";', /before its tests ended/],
];

for (const [what, text, message] of failures) {
  test(`counts as failed: ${what}`, (t) => {
    const { status, lines, output } = run(t, {
      "good.test.ts": `${header}test("good", () => {});\n`,
      "x.test.ts": `${header}test("ran", () => {});\n${text}\n`,
    });
    assert.equal(status, 1, output);
    assert.match(lines.at(-1) ?? "", /^[1-3] passed, 1 failed$/, output);
    assert.match(output, message);
  });
}

test("counts as failed: a file without a test", (t) => {
  const { status, lines } = run(t, {
    "good.test.ts": `${header}test("good", () => {});\n`,
    "x.test.ts": "export {};\n",
  });
  assert.equal(lines.at(-1), "1 passed, 1 failed");
  assert.equal(status, 1);
});

test("counts as failed: a file that hangs, and kills what it started", (t) => {
  const { root, status, lines, output } = run(
    t,
    {
      "x.test.ts":
        `${header}import { spawn } from "node:child_process";\nimport { writeFileSync } from "node:fs";\n` +
        'test("hangs", () => {\n  const child = spawn("sleep", ["600"]);\n' +
        '  writeFileSync("pid", String(child.pid));\n  return new Promise(() => setInterval(() => {}, 1000));\n});\n',
    },
    "--file-timeout=2",
  );
  assert.equal(lines.at(-1), "0 passed, 1 failed", output);
  assert.equal(status, 1);
  assert.match(output, /still running after 2 s/);
  const stat = `/proc/${readFileSync(join(root, "pid"), "utf8")}/stat`;
  // Killed and waiting to be collected by whoever adopted it counts as ended.
  if (existsSync(stat)) assert.match(readFileSync(stat, "utf8"), /\) [ZX] /);
});

test("a process left behind by a file that ended does not hold the run up", (t) => {
  const text =
    'import { spawn } from "node:child_process";\ntest("leaks", () => { spawn("sleep", ["600"], { stdio: "inherit" }).unref(); });\n';
  const { status, lines, output } = run(t, { "x.test.ts": header + text }, "--file-timeout=20");
  assert.equal(lines.at(-1), "1 passed, 0 failed", output);
  assert.equal(status, 0);
});

test("no test at all is a failure", (t) => {
  const { status, lines } = run(t, { "a.ts": "export {};\n" });
  assert.equal(lines.at(-1), "0 passed, 1 failed");
  assert.equal(status, 1);
});

test("tells which tests were skipped and why, and a run of skips alone is a failure", (t) => {
  const skip = `${header}test("needs it", { skip: "PostgreSQL is not there" }, () => {});\n`;
  const some = run(t, { "x.test.ts": skip, "good.test.ts": `${header}test("good", () => {});\n` });
  assert.equal(some.lines.at(-1), "1 passed, 0 failed, 1 skipped");
  assert.match(some.output, /x\.test\.ts: needs it: PostgreSQL is not there/);
  const all = run(t, { "x.test.ts": skip });
  assert.equal(all.status, 1);
  assert.equal(all.lines.at(-1), "0 passed, 1 failed, 1 skipped");
});

test("runs only the folder, file or glob that is named, and passes flags to node", (t) => {
  const files = {
    "a/one.test.ts": `${header}test("one", () => {});\ntest("other", () => {});\n`,
    "b/two.test.ts": `${header}test("two", () => {});\n`,
  };
  const root = plantFiles(t, files);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const last = (...args: string[]): string | undefined =>
    spawnSync(process.execPath, [join(import.meta.dirname, "test.ts"), ...args], { cwd: root, env, encoding: "utf8" })
      .stdout.trimEnd()
      .split("\n")
      .at(-1);
  assert.equal(last("a"), "2 passed, 0 failed");
  assert.equal(last("b/two.test.ts"), "1 passed, 0 failed");
  assert.equal(last("*/t*.test.ts"), "1 passed, 0 failed");
  assert.equal(last(".", "--test-name-pattern=one"), "1 passed, 0 failed");
  assert.equal(last("gone"), "0 passed, 1 failed");
});
