/**
 * What no file of a model says of itself: who made it, on what data, with what configuration, on which machines. In: a
 * YAML file that people write beside the model (`--provenance FILE`). Out: its facts, checked for form. They are claims;
 * what a BOM measured itself and what it was told are told apart by their properties.
 */
import { parse } from "yaml";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";

const text = z.string().min(1).max(10_000);
const time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const url = z.string().min(1).max(2000);
const scalar = z.union([z.string().max(2000), z.number(), z.boolean()]);
const metric = z.strictObject({ name: text, value: scalar, slice: text.optional() });
const texts = z.array(text).max(200);

const datasetSchema = z.strictObject({
  name: text,
  version: text.optional(),
  use: z.enum(["training", "validation", "evaluation", "other"]).default("training"),
  source: url.optional(),
  identifier: url.optional(),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  licence: text.optional(),
  description: text.optional(),
  content: text.optional(),
  provenance: text.optional(),
  statistics: text.optional(),
  owner: text.optional(),
  sensitivity: z.enum(["public", "internal", "confidential", "restricted"]).optional(),
  categories: texts.optional(),
});

const provenanceSchema = z.strictObject({
  version: z.literal(1),
  author: text.optional(),
  system: z
    .strictObject({
      name: text.optional(),
      version: text.optional(),
      producer: text.optional(),
      released: time.optional(),
      dataFlow: text.optional(),
      dataUsage: text.optional(),
      inputsAndOutputs: text.optional(),
      intendedUse: texts.optional(),
    })
    .optional(),
  model: z
    .strictObject({
      name: text.optional(),
      version: text.optional(),
      producer: text.optional(),
      released: time.optional(),
      description: text.optional(),
      identifier: url.optional(),
      licence: text.optional(),
      approach: z
        .enum(["supervised", "unsupervised", "reinforcement-learning", "semi-supervised", "self-supervised"])
        .optional(),
      task: text.optional(),
      inputs: texts.optional(),
      outputs: texts.optional(),
      limitations: texts.optional(),
    })
    .optional(),
  lineage: z
    .array(z.strictObject({ name: text, version: text.optional(), identifier: url.optional() }))
    .max(100)
    .optional(),
  training: z
    .strictObject({
      by: text.optional(),
      finished: time.optional(),
      pipeline: url.optional(),
      configuration: z.record(z.string().min(1).max(200), scalar).optional(),
      preprocessing: text.optional(),
    })
    .optional(),
  datasets: z.array(datasetSchema).max(1000).optional(),
  infrastructure: z
    .strictObject({
      hardware: z
        .array(z.strictObject({ name: text, vendor: text.optional(), count: z.int().positive().optional() }))
        .max(100)
        .optional(),
      software: z
        .array(z.strictObject({ name: text, version: text.optional(), purl: url.optional() }))
        .max(1000)
        .optional(),
      cloud: z
        .array(z.strictObject({ name: text, provider: text, region: text.optional(), url: url.optional() }))
        .max(100)
        .optional(),
    })
    .optional(),
  security: z
    .strictObject({ controls: texts.optional(), compliance: texts.optional(), policy: url.optional() })
    .optional(),
  metrics: z
    .strictObject({ operational: z.array(metric).max(200).optional(), security: z.array(metric).max(200).optional() })
    .optional(),
});

export type Provenance = z.infer<typeof provenanceSchema>;
export type DatasetFacts = z.infer<typeof datasetSchema>;

export const maxProvenanceBytes = 1024 * 1024;

/** Reads a provenance file. @throws {CordonError} `SUPPLY_INPUT_INVALID` naming the field */
export function parseProvenance(bytes: Uint8Array, file: string): Provenance {
  if (bytes.length > maxProvenanceBytes) throw invalid(file, `it is longer than ${maxProvenanceBytes} bytes`);
  let tree: unknown;
  try {
    tree = parse(Buffer.from(bytes).toString("utf8"), { schema: "core", maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(file, (cause as Error).message.split("\n", 1)[0] ?? "", cause);
  }
  const parsed = provenanceSchema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(file, `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it does not fit"}`);
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file} is no provenance file: ${why}`, { cause });
}
