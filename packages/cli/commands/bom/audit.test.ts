import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../table.ts";
import { dispatch } from "../../dispatch.ts";

async function cordon(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  return { code: await dispatch(args, io, commands), out, err };
}

test("imports records, finds lists in a folder, and fails on what is known to be vulnerable", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-audit-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [osv, project] = [join(folder, "osv"), join(folder, "project")];
  for (const each of [osv, project, join(project, "node_modules")]) await mkdir(each);
  const record = {
    id: "GHSA-x",
    modified: new Date().toISOString(),
    affected: [{ package: { ecosystem: "PyPI", name: "torch" }, versions: ["2.5.1"] }],
    database_specific: { severity: "LOW" },
  };
  await writeFile(join(osv, "a.json"), JSON.stringify(record));
  await writeFile(join(project, "requirements.txt"), "torch==2.5.1\n");
  await writeFile(join(project, "node_modules", "requirements.txt"), "ignored==1\n");
  const database = join(folder, "osv.sqlite");
  assert.equal((await cordon("bom", "import-osv", osv, "--database", database)).code, 0);
  const low = await cordon("bom", "audit", project, "--database", database);
  assert.equal(low.code, 0, "a low finding does not fail by default");
  assert.match(low.out, /^1 packages in 1 lists: 0 malicious, 1 affected/);
  const sarif = join(folder, "audit.sarif");
  const strict = await cordon("bom", "audit", project, "--osv", osv, "--fail-on", "low", "--sarif", sarif, "--json");
  assert.equal(strict.code, 1);
  assert.equal((JSON.parse(strict.out) as { counts: { affected: number } }).counts.affected, 1);
  assert.match(await readFile(sarif, "utf8"), /vulnerability\/affected/);
  const html = join(folder, "audit.html");
  await writeFile(join(project, "yarn.lock"), 'torch@^1:\n  version "1.0.0"\n');
  const two = await cordon("bom", "audit", project, "--database", database, "--html", html);
  assert.match(two.out, /^2 packages in 2 lists/);
  assert.match(await readFile(html, "utf8"), /<h1>Vulnerabilities: findings<\/h1>[\s\S]*torch 2\.5\.1 is affected/);
  assert.equal(
    (await cordon("bom", "audit", osv, "--database", database)).code,
    2,
    "a folder without lists is not clean",
  );
  assert.equal((await cordon("bom", "audit", project)).code, 2, "no database is not clean");
});
