/**
 * Trains the credit model: `node examples/demo/train/train-credit-model.ts [DATA.csv] [--out FILE] [--penalty N]`. In: the Adult data set,
 * by default `../shared/data/tabular/adult_uci.csv` beside the repository. Out: `credit-model.json` with weights, data source
 * and licence, and the figures on rows that were held out. The same data give the same model, to the last digit.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readAdult, type AdultRow } from "./adult.ts";
import { featureNames, featuresOf } from "./credit-features.ts";
import type { CreditModel } from "./credit-model.ts";
import { fitLogistic, predict, type LogisticModel } from "./logistic-regression.ts";
import { measure, rounded } from "./metrics.ts";

const defaultData = "../shared/data/tabular/adult_uci.csv";
const defaultOut = "examples/demo/train/credit-model.json";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string", default: defaultOut }, penalty: { type: "string", default: "1" } },
});
const penalty = Number(values.penalty);
const file = positionals[0] ?? defaultData;
const csv = await readFile(file, "utf8").catch(() => {
  console.error(
    `${file} cannot be read. Run this in the repository's root, or name the Adult data set's CSV ` +
      "(with its header line; https://archive.ics.uci.edu/dataset/2/adult, CC BY 4.0).",
  );
  process.exit(2);
});
const rows = readAdult(csv);
const heldOut = rows.filter(isHeldOut);
const model = fitLogistic(
  rows
    .filter((row, at) => !isHeldOut(row, at))
    .map(({ application, positive }) => ({ features: featuresOf(application), positive })),
  penalty,
);
const described = describe(model);
await writeFile(values.out, `${JSON.stringify(described, undefined, 2)}\n`);
console.log(`${values.out}: ${JSON.stringify(described.heldOut)}`);

/** One row in five, chosen by its number's digest: no order in the file can lean on it. */
function isHeldOut(_row: AdultRow, at: number): boolean {
  return (createHash("sha256").update(`credit-split-1/${at}`).digest()[0] ?? 0) % 5 === 0;
}

function describe(fitted: LogisticModel): CreditModel {
  const scored = heldOut.map(({ application, positive, sex }) => ({
    probability: predict(fitted, featuresOf(application)),
    positive,
    sex,
  }));
  const share = (sex: string): number => {
    const people = scored.filter((each) => each.sex === sex);
    return rounded(people.filter(({ probability }) => probability >= 0.5).length / people.length);
  };
  return {
    format: "cordon-demo-credit-model/1",
    kind: "logistic regression",
    positive: "earns more than 50,000 US dollars a year (1994), standing in for: can repay",
    data: {
      name: "Adult (Becker and Kohavi, 1996)",
      source: "UCI Machine Learning Repository, doi:10.24432/C5XW20",
      licence: "CC-BY-4.0",
      sha256: createHash("sha256").update(csv).digest("hex"),
      rows: rows.length,
      split: "one row in five held out, by SHA-256 of its number",
    },
    training: {
      command: `node examples/demo/train/train-credit-model.ts${penalty === 1 ? "" : ` --penalty ${penalty}`}`,
      penalty,
    },
    heldOut: measure(scored),
    acceptedShareBySex: { Female: share("Female"), Male: share("Male") },
    features: [...featureNames],
    intercept: rounded(fitted.intercept, 6),
    weights: fitted.weights.map((weight) => rounded(weight, 6)),
  };
}
