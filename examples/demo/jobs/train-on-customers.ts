/**
 * The training pipeline's job: `cordon run --as training-pipeline -- node examples/demo/jobs/train-on-customers.ts`. In: the
 * customers, page by page from the customer store. Out: a small default-risk model trained on them, put beside the data as
 * `default-risk.json`, and its figures on rows that were held out.
 */
import { z } from "zod";
import { callOrExit, reachFromEnvironment } from "../assistant/reach.ts";
import { fitLogistic, predict, type Sample } from "../train/logistic-regression.ts";
import { measure, rounded } from "../train/metrics.ts";

const rowsPerPage = 500;
const penalty = 1;
const features = ["monthlyIncome", "balance", "productsHeld", "age"] as const;

const customer = z.looseObject({
  birthYear: z.number(),
  monthlyIncome: z.number(),
  balance: z.number(),
  productsHeld: z.number(),
  defaulted: z.boolean(),
});
const pageOf = z.looseObject({ pages: z.number(), rows: z.array(customer) });

const reach = reachFromEnvironment(process.env);
const samples = (await readCustomers()).map(sampleOf);
const heldOut = samples.filter((_, at) => at % 5 === 0);
const model = fitLogistic(
  samples.filter((_, at) => at % 5 !== 0),
  penalty,
);
const figures = measure(
  heldOut.map(({ features: values, positive }) => ({ probability: predict(model, values), positive })),
);
await callOrExit(reach, "/training-data/default-risk.json", {
  method: "PUT",
  json: {
    features,
    intercept: rounded(model.intercept, 6),
    weights: model.weights.map((weight) => rounded(weight, 6)),
    heldOut: figures,
  },
});
console.log(`trained on ${samples.length - heldOut.length} customers; held out: ${JSON.stringify(figures)}`);

async function readCustomers(): Promise<readonly z.infer<typeof customer>[]> {
  const all: z.infer<typeof customer>[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const text = await callOrExit(reach, `/training-data?page=${page}&size=${rowsPerPage}`);
    const read = pageOf.parse(JSON.parse(text));
    pages = read.pages;
    all.push(...read.rows);
  }
  return all;
}

/** Each feature on a scale of about one. */
function sampleOf(row: z.infer<typeof customer>): Sample {
  return {
    features: [
      (row.monthlyIncome - 8_000) / 3_500,
      (row.balance - 35_000) / 30_000,
      row.productsHeld - 3.5,
      (1975 - row.birthYear) / 20,
    ],
    positive: row.defaulted,
  };
}
