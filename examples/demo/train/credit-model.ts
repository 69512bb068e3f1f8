/** The credit model as a file. In: its JSON. Out: the model; a file that is not one is refused. */
import { z } from "zod";
import { featureNames } from "./credit-features.ts";

const figures = z.object({
  rows: z.number().int(),
  positives: z.number().int(),
  accuracy: z.number(),
  auc: z.number(),
  logLoss: z.number(),
});

export const creditModel = z.object({
  format: z.literal("cordon-demo-credit-model/1"),
  kind: z.literal("logistic regression"),
  /** What the probability is of. */
  positive: z.string(),
  data: z.object({
    name: z.string(),
    source: z.string(),
    licence: z.string(),
    sha256: z.string(),
    rows: z.number().int(),
    split: z.string(),
  }),
  training: z.object({ command: z.string(), penalty: z.number() }),
  heldOut: figures,
  /** Share of the held-out people whom the model would accept, by a trait that it does not see. */
  acceptedShareBySex: z.record(z.string(), z.number()),
  features: z.array(z.string()),
  intercept: z.number(),
  weights: z.array(z.number()),
});
export type CreditModel = z.infer<typeof creditModel>;

/** @throws when the file is no credit model, or one for other features */
export function parseCreditModel(text: string): CreditModel {
  const model = creditModel.parse(JSON.parse(text));
  if (model.features.join() !== featureNames.join() || model.weights.length !== featureNames.length)
    throw new Error("the credit model was trained on other features: train it again");
  return model;
}
