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

test("a model's BOM is generated, validated, scored and compared", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-bom-cli-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const model = join(folder, "model");
  await mkdir(model);
  await writeFile(join(model, "model.onnx"), "weights");
  await writeFile(join(model, "README.md"), "# Model\n\n## Training data\n\nTODO\n");
  const [first, second] = [join(folder, "1.cdx.json"), join(folder, "2.cdx.json")];
  assert.equal((await cordon("model", "bom", model, "--out", first)).code, 0);
  assert.match((await cordon("bom", "validate", first)).out, /^VALID .*CycloneDX 1\.7/);
  const score = await cordon("bom", "score", first, "--json", "--minimum", "90");
  assert.equal(score.code, 1);
  assert.equal((JSON.parse(score.out) as { models: number }).models, 1);
  await writeFile(join(model, "model.onnx"), "poison!");
  assert.equal((await cordon("bom", "generate", model, "--out", second)).code, 0);
  const diff = await cordon("bom", "diff", first, second, "--markdown");
  assert.equal(diff.code, 1);
  assert.match(diff.out, /\| changed \| machine-learning-model \| model \| digest:/);
  assert.equal((await cordon("bom", "diff", first, first)).code, 0);
  const spdx = await cordon("bom", "generate", model, "--format", "spdx");
  assert.match(spdx.out, /spdx-context\.jsonld/);
  await writeFile(first, (await readFile(first, "utf8")).replace('"version": 1', '"version": "one"'));
  const broken = await cordon("bom", "validate", first, "--json");
  assert.equal(broken.code, 1);
  assert.match(broken.out, /\/version: must be integer/);
  assert.equal((await cordon("bom", "score", first)).code, 2, "an invalid BOM has no score");
  const card = await cordon("model", "card", model, "--json");
  assert.equal(card.code, 1);
  const topics = (JSON.parse(card.out) as { topics: { topic: string; state: string }[] }).topics;
  assert.equal(topics.find(({ topic }) => topic === "training-data")?.state, "template");
});
