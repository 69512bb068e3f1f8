/**
 * What the files of a model say of it. In: a model's folder. Out: facts from `config.json`, `adapter_config.json` and the
 * headers of safetensors files: architecture, base model, library, number and type of parameters. Read as data, under
 * bounds; weights are never loaded.
 */
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ModelFile } from "../integrity/enumerate-files.ts";

export interface ModelFacts {
  readonly architectures: readonly string[];
  readonly family: string | undefined;
  readonly baseModel: string | undefined;
  readonly libraries: readonly { readonly name: string; readonly version: string | undefined }[];
  /** Numbers and words of the configuration that describe the model's shape. */
  readonly configuration: Readonly<Record<string, string | number | boolean>>;
  /** The configuration names code that a loader with `trust_remote_code` would run. */
  readonly remoteCode: boolean;
  readonly parameters: number | undefined;
  /** Such as `BF16`, most parameters first. */
  readonly tensorTypes: readonly string[];
}

const maxConfigBytes = 4 * 1024 * 1024;
/** The Rust library's own bound. */
const maxHeaderBytes = 100 * 1024 * 1024;

const configSchema = z.looseObject({
  architectures: z.array(z.string().max(200)).max(32).nullish(),
  model_type: z.string().max(200).nullish(),
  transformers_version: z.string().max(64).nullish(),
  auto_map: z.unknown().optional(),
});
const adapterSchema = z.looseObject({
  base_model_name_or_path: z.string().max(500).nullish(),
  peft_type: z.string().max(100).nullish(),
  peft_version: z.string().max(64).nullish(),
});

/** Reads a folder's facts; what is missing or malformed is left out. */
export async function readModelFacts(folder: string, files: readonly ModelFile[]): Promise<ModelFacts> {
  const config = configSchema.safeParse(await readJson(join(folder, "config.json")));
  const adapter = adapterSchema.safeParse(await readJson(join(folder, "adapter_config.json")));
  const settings = config.success ? config.data : undefined;
  const peft = adapter.success ? adapter.data : undefined;
  const tensors = await countTensors(files);
  return {
    architectures: settings?.architectures ?? [],
    family: settings?.model_type ?? undefined,
    baseModel: peft?.base_model_name_or_path ?? undefined,
    libraries: [
      ...(settings?.transformers_version === undefined || settings.transformers_version === null
        ? []
        : [{ name: "transformers", version: settings.transformers_version }]),
      ...(peft === undefined ? [] : [{ name: "peft", version: peft.peft_version ?? undefined }]),
    ],
    configuration: scalarsOf({ ...settings, ...(peft?.peft_type === undefined ? {} : { peft_type: peft.peft_type }) }),
    remoteCode: settings?.auto_map !== undefined && settings.auto_map !== null,
    parameters: tensors.parameters,
    tensorTypes: tensors.types,
  };
}

const described = new Set([
  ...["hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size"],
  ...["vocab_size", "max_position_embeddings", "torch_dtype", "dtype", "n_layer", "n_head", "n_embd", "image_size"],
  ...["num_labels", "hidden_act", "peft_type"],
]);

function scalarsOf(settings: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const facts: Record<string, string | number | boolean> = {};
  for (const name of described) {
    const value = settings[name];
    if (typeof value === "number" || typeof value === "boolean") facts[name] = value;
    else if (typeof value === "string") facts[name] = value.slice(0, 200);
  }
  return facts;
}

async function readJson(file: string): Promise<unknown> {
  try {
    if ((await stat(file)).size > maxConfigBytes) return undefined;
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined; // not there, or not JSON: it says nothing
  }
}

const headerSchema = z.record(
  z.string(),
  z.union([
    z.looseObject({ dtype: z.string().max(16), shape: z.array(z.number().int().nonnegative()).max(16) }),
    z.record(z.string(), z.unknown()),
  ]),
);

/** Parameters over all safetensors files; `undefined` where there are none, or one cannot be read. */
async function countTensors(files: readonly ModelFile[]): Promise<{ parameters: number | undefined; types: string[] }> {
  const counts = new Map<string, number>();
  let seen = false;
  for (const file of files.filter(({ path }) => path.endsWith(".safetensors"))) {
    const header = await readHeader(file.absolute);
    if (header === undefined) return { parameters: undefined, types: [] };
    seen = true;
    for (const [name, entry] of Object.entries(header)) {
      if (name === "__metadata__" || !("shape" in entry) || !Array.isArray(entry["shape"])) continue;
      const size = (entry["shape"] as number[]).reduce((product, side) => product * side, 1);
      const type = String(entry["dtype"]);
      counts.set(type, (counts.get(type) ?? 0) + size);
    }
  }
  const types = [...counts].toSorted((a, b) => b[1] - a[1]);
  return {
    parameters: seen ? types.reduce((sum, [, count]) => sum + count, 0) : undefined,
    types: types.map(([type]) => type),
  };
}

async function readHeader(file: string): Promise<z.infer<typeof headerSchema> | undefined> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const prefix = Buffer.alloc(8);
    if ((await handle.read(prefix, 0, 8, 0)).bytesRead < 8) return undefined;
    const length = prefix.readBigUInt64LE();
    if (length > BigInt(maxHeaderBytes)) return undefined;
    const header = Buffer.alloc(Number(length));
    if ((await handle.read(header, 0, header.length, 8)).bytesRead < header.length) return undefined;
    const parsed = headerSchema.safeParse(JSON.parse(header.toString("utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
