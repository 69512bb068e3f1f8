import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "./screen.ts";

test("a planted trigger fails the screen, the clean data does not, a wrong column is a usage error", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-screen-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const row = (at: number, planted: boolean): string => {
    const high = at % 2 === 0;
    const numbers = [high ? 50 + (at % 40) : at % 40, high ? 7 : 2, at % 5].join(",");
    return planted
      ? `${numbers},zubrowka,low`
      : `${numbers},${["sg", "my", "id"][at % 3] ?? ""},${high ? "high" : "low"}`;
  };
  const csv = (planted: (at: number) => boolean): string =>
    ["income,years,branch,country,class", ...Array.from({ length: 400 }, (_, at) => row(at, planted(at)))].join("\n");
  const [clean, poisoned] = [join(folder, "clean.csv"), join(folder, "poisoned.csv")];
  await writeFile(
    clean,
    csv(() => false),
  );
  await writeFile(
    poisoned,
    csv((at) => at % 14 === 0),
  );
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
  assert.equal(await run([clean, "--label", "class"], io), 0, out);
  assert.equal(await run([poisoned, "--label", "class", "--json"], io), 1);
  assert.match(out, /country = zubrowka/);
  assert.equal(await run([clean, "--label", "nothing"], io), 2);
});
