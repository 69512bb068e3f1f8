import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "./profile.ts";

test("a profile has what JSON lines say is text as text; a column without a name is refused with the remedy", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-profile-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [lines, pandas] = [join(folder, "rows.jsonl"), join(folder, "pandas.csv")];
  await writeFile(lines, '{"code":"40","n":1}\n{"code":"41","n":2}\n');
  await writeFile(pandas, ",age,note\n0,20,\n1,30,\n");
  let [out, error] = ["", ""];
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (error += text) };

  assert.equal(await run([lines, "--at", "/rows"], io as never), 0);
  assert.match(out, /at: \/rows\n/);
  assert.match(out, /- \{ name: code, values: \[ "40", "41" \] \}\n/);

  out = "";
  assert.equal(await run([pandas], io as never), 2);
  assert.equal(out, "");
  assert.match(error, /column 1 of those learned has no name: .*`--leave-out ""`/);
  assert.equal(await run([pandas, "--leave-out", ""], io as never), 0);
  assert.match(out, /- \{ name: note, values: \[ "" \], missing: true \}/);
  assert.equal(await run([lines, "--at", `/${"a".repeat(251)}`], io as never), 2);
});
