/**
 * Packages that only tests run, in exact versions: installed once into a folder of this machine. In: what to install. Out: the folder.
 *
 * Several test files may ask at once, and each may be ended in the middle: a folder gets its name when all is in it.
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * @param label a word for the folder's name
 * @param packages `name@version` each
 * @throws where neither the package cache nor a registry has them
 */
export async function installedOnce(label: string, packages: readonly string[]): Promise<string> {
  const versions = packages.map((each) => each.slice(each.lastIndexOf("@") + 1)).join("-");
  const folder = join(tmpdir(), `cordon-packages-${label}-${versions}-${process.getuid?.() ?? 0}`);
  if (isOurs(folder)) return folder;
  const beside = await mkdtemp(`${folder}-`);
  try {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", beside];
    await promisify(execFile)("npm", ["install", ...options, ...packages], { timeout: 240_000, cwd: beside });
    await rename(beside, folder);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // Another was quicker.
    if (!isOurs(folder)) throw error;
  }
  return folder;
}

/** Anybody may make a folder of that name before us: what lies in another's is not run. */
function isOurs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.uid === (process.getuid?.() ?? found.uid);
}
