import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { contentDigest } from "@cordon/core/supply/content-digest";
import { readAdult } from "./adult.ts";
import { application, featureNames, featuresOf } from "./credit-features.ts";
import { parseCreditModel } from "./credit-model.ts";

const committed = readFileSync(join(import.meta.dirname, "credit-model.json"), "utf8");
const repository = join(import.meta.dirname, "../../..");
const header = "age,workclass,education_num,occupation,sex,capital_gain,capital_loss,hours_per_week,income";

test("the committed model is better than guessing, and says where its data are from", () => {
  const model = parseCreditModel(committed);
  const alwaysNo = 1 - model.heldOut.positives / model.heldOut.rows;
  assert.ok(model.heldOut.auc > 0.8 && model.heldOut.accuracy > alwaysNo + 0.04);
  assert.ok(model.data.rows > 30_000);
  assert.match(model.data.licence, /^CC-BY/);
});

test("the model sees no trait that must not decide on credit", () => {
  assert.doesNotMatch(featureNames.join(), /sex|race|country|marital|relationship/i);
});

test("the training commands make the committed models again, to the last digit", (t) => {
  const data = join(repository, "../shared/data/tabular/adult_uci.csv");
  if (!existsSync(data)) return t.skip("the Adult data set is not on this machine");
  const folder = mkdtempSync(join(tmpdir(), "cordon-train-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, "model.json");
  const program = "examples/demo/train/train-credit-model.ts";
  const before = readFileSync(join(import.meta.dirname, "credit-model-1.json"), "utf8");
  for (const [penalty, expected] of [
    ["1", committed],
    ["2000", before],
  ] as const) {
    const args = [program, "--out", out, "--penalty", penalty];
    const trained = spawnSync(process.execPath, args, { cwd: repository, encoding: "utf8" });
    assert.equal(trained.status, 0, trained.stderr);
    assert.deepEqual(JSON.parse(readFileSync(out, "utf8")), JSON.parse(expected));
  }
});

test("the demo's configuration states both models by their digest", () => {
  const configuration = readFileSync(join(import.meta.dirname, "..", "cordon.yaml"), "utf8");
  const sha = (file: string): string =>
    createHash("sha256")
      .update(readFileSync(join(import.meta.dirname, file)))
      .digest("hex");
  for (const model of ["credit-model", "credit-model-1"]) {
    const digest = contentDigest([
      ["README.md", sha(`${model}.md`)],
      ["model.json", sha(`${model}.json`)],
    ]);
    assert.ok(configuration.includes(`modelDigest: "sha256:${digest}"`), `${model} is sha256:${digest}`);
  }
});

test("training without its data says which data it wants", () => {
  const program = "examples/demo/train/train-credit-model.ts";
  const { status, stderr } = spawnSync(process.execPath, [program, "no-such.csv"], {
    cwd: repository,
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /no-such\.csv cannot be read.*Adult data set/s);
});

test("a file that is no model for these features is refused", () => {
  const model = JSON.parse(committed) as Record<string, unknown>;
  for (const changed of [
    { format: "cordon-demo-credit-model/2" },
    { weights: [1, 2, 3] },
    { features: featureNames.toReversed() },
    { intercept: "0" },
    { heldOut: undefined },
  ])
    assert.throws(() => parseCreditModel(JSON.stringify({ ...model, ...changed })), JSON.stringify(changed));
  assert.throws(() => parseCreditModel("{"));
});

test("rows are read as applications; a torn row or a missing column is refused", () => {
  const row = "39,State-gov,13,Adm-clerical,Male,2174,0,40,<=50K";
  const [read] = readAdult(`${header}\n${row}\n`);
  assert.deepEqual(application.parse(read?.application), read?.application);
  assert.equal(read?.application.workclass, "Government");
  assert.equal(featuresOf(read.application).length, featureNames.length);
  assert.throws(() => readAdult(`${header}\n39,State-gov\n`), /row 2 has 2 cells/);
  assert.throws(() => readAdult(`${header.replace("occupation", "work")}\n${row}\n`), /no column `occupation`/);
});
