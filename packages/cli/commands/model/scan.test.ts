import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { JsonReport } from "./scan-report.ts";
import { run } from "./scan.ts";

const harmless = Buffer.from("80055d2e", "hex");
/** `os.system("id")`, never unpickled. */
const attack = Buffer.from("cos\nsystem\n(S'id'\ntR.", "latin1");

async function folder(t: TestContext, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "model-scan-"));
  t.after(() => rm(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}

async function scan(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await run(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("exit code 0 where every file is proven safe, 1 where one is not, 2 where one cannot be read", async (t) => {
  const path = await folder(t, { "a.pkl": harmless, "b.pkl": attack });
  assert.equal((await scan(join(path, "a.pkl"))).code, 0);
  assert.equal((await scan(path)).code, 1);
  assert.equal((await scan(join(path, "none.pkl"))).code, 2);
  assert.equal((await scan()).code, 2);
  assert.equal((await scan("--nonsense", path)).code, 2);
});

test("--json has a verdict for every file, with findings that say where", async (t) => {
  const path = await folder(t, { "a.pkl": harmless, "b.pkl": attack });
  const report = JSON.parse((await scan("--json", path)).out) as JsonReport;
  assert.deepEqual(
    [report.version, report.verdict, report.counts["proven-safe"], report.counts.dangerous],
    [1, "dangerous", 1, 1],
  );
  assert.deepEqual(
    report.files.map(({ verdict, format }) => [verdict, format]),
    [
      ["proven-safe", "pickle"],
      ["dangerous", "pickle"],
    ],
  );
  const [finding] = report.files[1]?.findings ?? [];
  assert.deepEqual(
    [finding?.name, finding?.offset, finding?.opcode, finding?.resolution],
    ["os.system", 0, "GLOBAL", "constant"],
  );
});

test("SARIF and HTML name the file, the rule and the ATLAS technique, and escape what is a stranger's", async (t) => {
  const path = await folder(t, { "<b>.pkl": attack });
  const sarif = JSON.parse((await scan("--sarif", "-", path)).out) as {
    runs: { results: { ruleId: string; level: string }[] }[];
  };
  assert.deepEqual(
    [sarif.runs[0]?.results[0]?.ruleId, sarif.runs[0]?.results[0]?.level],
    ["scan/pickle/dangerous-import", "error"],
  );
  await scan("--html", join(path, "report.html"), join(path, "<b>.pkl"));
  const html = await readFile(join(path, "report.html"), "utf8");
  assert.match(html, /dangerous/);
  assert.match(html, /AML\.T0018\.002/);
  assert.doesNotMatch(html, /<b>/);
});

test("text for people names what runs, and control characters of a name do not reach the terminal", async (t) => {
  const path = await folder(t, { "a\u001b[2J.pkl": attack });
  const { out } = await scan(path);
  assert.match(out, /dangerous.*\n.*imports os\.system, which runs commands.*AML\.T0018\.002/);
  assert.ok(!out.includes("\u001b"));
});

test("links to folders are not followed and say so; what a file needs beside it is scanned too", async (t) => {
  const path = await folder(t, { "a.pkl": harmless });
  await mkdir(join(path, "elsewhere"));
  await symlink(join(path, "elsewhere"), join(path, "link"));
  const report = JSON.parse((await scan("--json", path)).out) as JsonReport;
  assert.deepEqual(
    report.files.map(({ format, verdict }) => [format, verdict]),
    [
      ["pickle", "proven-safe"],
      ["link", "unsupported"],
    ],
  );
});

test("a sparse file of 10 GB costs what its header costs", async (t) => {
  const header = Buffer.from('{"w":{"dtype":"U8","shape":[9999999936],"data_offsets":[0,9999999936]}}'.padEnd(72));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = await folder(t, { "big.safetensors": Buffer.concat([length, header]), "zeros.bin": new Uint8Array() });
  await truncate(join(path, "big.safetensors"), 8 + header.length + 9_999_999_936);
  await truncate(join(path, "zeros.bin"), 10_000_000_000);
  const before = process.memoryUsage().rss;
  const report = JSON.parse((await scan("--json", path)).out) as JsonReport;
  assert.deepEqual(report.files.map(({ verdict }) => verdict).toSorted(), ["proven-safe", "unsupported"]);
  assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20, "it took memory by the size of the file");
});
