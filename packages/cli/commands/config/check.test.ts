import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "./check.ts";
import { run as runSchema } from "./schema.ts";

const head =
  "version: 1\ntrustDomain: bank.example\ncomponents:\n  - { name: gateway, kind: service, boundary: api }\n";

async function check(t: TestContext, text: string | undefined, ...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-check-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "cordon.yaml");
  if (text !== undefined) await writeFile(file, text);
  let out = "";
  let err = "";
  const exit = await run([file, ...args], { stdout: (s) => void (out += s), stderr: (s) => void (err += s) });
  return { exit, out: out.replaceAll(file, "cordon.yaml"), err: err.replaceAll(file, "cordon.yaml") };
}

test("says of a valid file what is in it, and exits 0", async (t) => {
  const { exit, out, err } = await check(t, head);
  assert.deepEqual(
    { exit, out, err },
    { exit: 0, out: "cordon.yaml is valid: 1 component, 0 upstreams, 0 routes, 0 policies\n", err: "" },
  );
});

test("prints each problem with its line and a caret, and exits 1", async (t) => {
  const { exit, out, err } = await check(t, `${head}stalenes: 1\ngateway: { drainSeconds: -1 }\n`);
  assert.equal(exit, 1);
  assert.equal(out, "");
  assert.equal(
    err,
    [
      "cordon.yaml:5:1 error: unknown field `stalenes`; did you mean `staleness`?",
      "  5 | stalenes: 1",
      "    | ^",
      "cordon.yaml:6:26 error: `drainSeconds` must be at least 0",
      "  6 | gateway: { drainSeconds: -1 }",
      "    |                          ^",
      "2 problems; nothing of this configuration would be in force",
      "",
    ].join("\n"),
  );
});

test("never prints a line that holds a secret", async (t) => {
  const secret = `sk-${"0a".repeat(12)}`;
  for (const line of [
    `state: ${secret}`,
    `apiKey: hunter2-${secret}`,
    `keys: { root: { passphrase: hunter2 } }`,
    `statee: {x: ${secret}`,
  ]) {
    for (const args of [[], ["--json"]]) {
      const { exit, out, err } = await check(t, `${head}${line}\n`, ...args);
      assert.equal(exit, 1);
      assert.doesNotMatch(out + err, /0a0a|hunter2/);
      assert.match(out + err, /cordon\.yaml/);
    }
  }
});

test("shows the part of a long line that the caret points into", async (t) => {
  const { err } = await check(
    t,
    `${head}  - { description: "${"x".repeat(400)}", name: a, kind: tol, boundary: api }\n`,
  );
  const [, line = "", caret = ""] = err.split("\n");
  assert.ok(line.length < 180);
  assert.ok(line.slice(caret.indexOf("^")).startsWith("tol"));
});

test("checks the policies too, at their line", async (t) => {
  const { exit, err } = await check(t, `${head}policies: [ { text: "permit (principal, action" } ]\n`);
  assert.equal(exit, 1);
  assert.match(err, /cordon\.yaml policy inline:1:\d+ error: /);
});

test("answers in JSON", async (t) => {
  const { exit, out } = await check(t, `${head}stalenes: 1\n`, "--json");
  assert.equal(exit, 1);
  const answer = JSON.parse(out) as { ok: boolean; problems: { line: number; column: number }[] };
  assert.equal(answer.ok, false);
  assert.deepEqual(
    answer.problems.map(({ line, column }) => [line, column]),
    [[5, 1]],
  );
});

test("exits 2 for a file that cannot be read and for arguments it does not know", async (t) => {
  const missing = await check(t, undefined);
  assert.equal(missing.exit, 2);
  assert.match(missing.err, /there is no such file/);
  assert.equal((await check(t, head, "another")).exit, 2);
  const unknown = await run(["--yaml"], { stdout: () => undefined, stderr: () => undefined });
  assert.equal(unknown, 2);
});

test("`config schema` prints JSON Schema and nothing else", async () => {
  let out = "";
  const io = { stdout: (s: string) => void (out += s), stderr: () => assert.fail("no complaint expected") };
  assert.equal(await runSchema([], io), 0);
  assert.equal((JSON.parse(out) as { $schema: string }).$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(await runSchema(["extra"], { stdout: () => undefined, stderr: () => undefined }), 2);
});
