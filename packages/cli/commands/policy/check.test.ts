import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { cedarSchema } from "@cordon/core/policy/cedar-schema";
import { run } from "./check.ts";

const good = `@id("a") permit(principal, action == Action::"infer", resource);\n`;
const bad = `@id("a")\npermit(principal, action, resource) when { resource.knd == "x" };\npermit(principal, action, resource);\n`;

async function file(t: TestContext, content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "policy-check-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "a.cedar");
  await writeFile(path, content);
  return path;
}

async function check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await run(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("counts policies that are fine", async (t) => {
  assert.deepEqual(await check(await file(t, good)), { code: 0, out: "1 policy in 1 file: no problems\n", err: "" });
});

test("lists every problem at its file, line and column, and exits 1", async (t) => {
  const path = await file(t, bad);
  const { code, out, err } = await check(path);
  assert.equal(code, 1);
  assert.deepEqual(
    out.split("\n").map((line) => line.split(": ")[0]),
    [`${path}:2:44`, `${path}:3:1`, ""],
  );
  assert.match(err, /2 problems in 1 file; none/);
});

test("--json writes one object", async (t) => {
  const path = await file(t, bad);
  const { code, out } = await check("--json", path);
  assert.equal(code, 1);
  const { policies, problems } = JSON.parse(out) as { policies: number; problems: { file: string; line: number }[] };
  assert.equal(policies, 2);
  assert.deepEqual(
    problems.map((problem) => [problem.file, problem.line]),
    [
      [path, 2],
      [path, 3],
    ],
  );
});

test("--namespace and --trust-domain decide which names are ours", async (t) => {
  const path = await file(
    t,
    `@id("a") permit(principal == Workload::"spiffe://bank.example/x", action, resource in Namespace::"payments");`,
  );
  assert.equal((await check(path)).code, 1);
  assert.equal((await check(path, "--namespace", "payments")).code, 0);
  const own = await file(t, good.replace("principal,", `principal == Workload::"spiffe://bank.example/ns/a/agent/b",`));
  assert.equal((await check(own)).code, 0);
  assert.equal((await check(own, "--trust-domain", "bank.example")).code, 1);
});

test("the same @id in two files of one namespace is a problem", async (t) => {
  const { code, out } = await check(await file(t, good), await file(t, good));
  assert.equal(code, 1);
  assert.match(out, /already taken/);
});

test("--schema prints the schema", async () => {
  assert.deepEqual(await check("--schema"), { code: 0, out: cedarSchema, err: "" });
});

test("exits 2 with the reason for a missing file, bytes that are no UTF-8, no file, and a wrong option", async (t) => {
  for (const [args, reason] of [
    [["/nonexistent/a.cedar"], /cannot read .*ENOENT/],
    [[await file(t, new Uint8Array([0x40, 0xff]))], /not UTF-8/],
    [[], /name at least one file/],
    [["--nope"], /Usage/],
    [[await file(t, good), "--namespace", "No Name"], /not a namespace/],
    [[await file(t, good), "--trust-domain", "UPPER"], /SPIFFE ID/],
  ] as const) {
    const { code, out, err } = await check(...args);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, reason);
  }
});
