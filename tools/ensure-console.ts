/**
 * Builds the console's pages where they are missing or older than their sources. In: the repository. Out: an up to date
 * `packages/console/dist`, and one line when something was built. `npm start` runs this first; it takes seconds, once.
 *
 * Sources are compared by content: after a clone or an unpacked archive, times say nothing.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTest, listFiles } from "./source-files.ts";

/** Beside the pages, and never served: its name begins with a dot. */
export const stampFile = "packages/console/dist/.built-from";

/** Digest of all that the pages are made from: the console, the contract that it imports, the versions of libraries. */
export function consoleSources(root: string): string {
  const digest = createHash("sha256");
  const isMade = (file: string): boolean =>
    (file.startsWith("packages/console/") && !file.startsWith("packages/console/dist/") && !isTest(file)) ||
    (file.startsWith("packages/core/contract/") && file.endsWith(".ts") && !isTest(file)) ||
    file === "tools/build-console.ts" ||
    file === "package-lock.json";
  for (const file of listFiles(root).filter(isMade)) {
    const bytes = readFileSync(join(root, file));
    digest.update(`${file}\0${bytes.byteLength}\0`).update(bytes);
  }
  return digest.digest("hex");
}

/** Whether the pages are there and made from the sources as they are. */
export function isConsoleBuilt(root: string, sources = consoleSources(root)): boolean {
  const stamp = join(root, stampFile);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
}

/** Builds the pages unless they are up to date. Resolves to whether it had to. */
export async function ensureConsole(root: string): Promise<boolean> {
  const sources = consoleSources(root);
  if (isConsoleBuilt(root, sources)) return false;
  const { buildConsole } = await import("./build-console.ts");
  await buildConsole(root);
  writeFileSync(join(root, stampFile), sources);
  return true;
}

/** npm runs scripts in the repository root. */
if (import.meta.main) {
  const started = performance.now();
  try {
    if (await ensureConsole(process.cwd()))
      console.log(`console: built its pages in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    // The gateway does not need them; the console's server says what is missing.
    const words = error instanceof Error ? error.message.split("\n")[0] : String(error);
    console.error(`console: its pages could not be built, Cordon starts without them: ${words}`);
  }
}
