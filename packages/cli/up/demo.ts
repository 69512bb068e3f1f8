/**
 * The demo estate of `cordon up --demo`: a folder of its own, with a copy of its configuration that the user may change and
 * watch take effect; and its services behind a running Cordon. What is in the folder already is kept.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CordonError } from "@cordon/core/errors";
import { servicePlans } from "@cordon/demo/estate";
import { demoFiles } from "@cordon/demo/files";
import { exists, placeModels } from "@cordon/demo/models";
import type { Demo } from "@cordon/demo/start";
import { admitDemoModels, makeModelRiskKeys } from "./demo-models.ts";
import type { Cordon } from "./wire.ts";

/** @returns the path of the demo's `cordon.yaml` */
export async function prepareDemo(folder: string): Promise<string> {
  const configuration = join(folder, "cordon.yaml");
  await mkdir(join(folder, "policies"), { recursive: true, mode: 0o700 });
  if (!(await exists(configuration))) {
    await copyFile(demoFiles.policies, join(folder, "policies", "default.cedar"));
    await copyFile(demoFiles.configuration, configuration);
  }
  await placeModels(join(folder, "models"));
  await makeModelRiskKeys(join(folder, "keys"));
  return configuration;
}

/**
 * Starts the demo's services where the configuration says that they are, and builds its help index.
 *
 * @throws {CordonError} `CONFIG_INVALID` when the configuration does not name them; `UPSTREAM_UNREACHABLE` when one does
 *   not start
 */
export async function openDemo(cordon: Cordon, folder: string): Promise<Demo> {
  const logs = join(folder, "logs");
  const { upstreams } = cordon.control.configuration;
  const listen: Record<string, string> = {};
  for (const { component, upstream } of servicePlans) {
    const found = upstreams.find(({ name, namespace }) => name === upstream && namespace === "default");
    if (found === undefined)
      throw new CordonError(
        "CONFIG_INVALID",
        `The demo's cordon.yaml has no upstream \`${upstream}\`. If its folder is from an older Cordon, remove it: ` +
          "the next start makes a new one.",
      );
    listen[component] = new URL(found.url).host;
  }
  const { indexHelpPages, startDemo } = await import("@cordon/demo/start");
  await using opening = new AsyncDisposableStack();
  await admitDemoModels(cordon, folder);
  const started = { socketPath: cordon.socketPath, folder: logs, models: join(folder, "models"), listen };
  const demo = opening.use(await startDemo(started));
  await indexHelpPages({ socketPath: cordon.socketPath, folder: logs });
  opening.move();
  return demo;
}

/** Path of the program that the first screen tells people to run. */
export function demoPrograms(): { readonly ask: string } {
  return { ask: fileURLToPath(demoFiles.ask) };
}
