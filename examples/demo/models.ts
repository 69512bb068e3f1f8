/**
 * The models that the demo serves, as folders. In: where they are to lie. Out: each with its weights and its card, as
 * `cordon.yaml` states them by digest. What is there already stays: it may be what somebody swapped.
 */
import { access, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { demoFiles } from "./files.ts";

const sources = {
  "credit-model": { "model.json": demoFiles.creditModel, "README.md": demoFiles.creditModelCard },
  "credit-model-1": { "model.json": demoFiles.creditModelBefore, "README.md": demoFiles.creditModelBeforeCard },
} as const;

/** Names of the folders, and of the components that serve them. */
export const demoModels = Object.keys(sources) as readonly (keyof typeof sources)[];

/** The file of a model that its service reads. */
export function weightsOf(modelsFolder: string, model: string): string {
  return join(modelsFolder, model, "model.json");
}

/** Where somebody on the tool servers' machine writes what those are to say of their tools; there is no such file. */
export function definitionsIn(modelsFolder: string): string {
  return join(modelsFolder, "..", "tool-definitions.json");
}

/** Puts the models there that are not. */
export async function placeModels(modelsFolder: string): Promise<void> {
  for (const name of demoModels) {
    const folder = join(modelsFolder, name);
    if (await exists(folder)) continue;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [file, source] of Object.entries(sources[name])) await copyFile(source, join(folder, file));
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
