/**
 * The demo estate's own folder: a copy of its configuration that the user may change and watch take effect. In: where
 * to put it. Out: the path of its `cordon.yaml`. What is there already is kept.
 */
import { access, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoFiles } from "@cordon/demo/files";

export async function prepareDemo(folder: string): Promise<string> {
  const configuration = join(folder, "cordon.yaml");
  try {
    await access(configuration);
    return configuration;
  } catch {
    // the first start
  }
  await mkdir(join(folder, "policies"), { recursive: true, mode: 0o700 });
  await copyFile(demoFiles.policies, join(folder, "policies", "default.cedar"));
  await copyFile(demoFiles.configuration, configuration);
  return configuration;
}

/** Paths of the programs that the first screen tells people to run. */
export function demoPrograms(): { readonly ask: string; readonly readTrainingData: string } {
  return { ask: fileURLToPath(demoFiles.ask), readTrainingData: fileURLToPath(demoFiles.readTrainingData) };
}
