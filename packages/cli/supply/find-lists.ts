/**
 * Lists of packages in a folder. In: files and folders that the caller named. Out: the files, and in folders every lock
 * file and list that a reader knows by name. Installed packages (`node_modules`, virtual environments) are not entered.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";

const listName =
  /^(?:requirements.*\.txt|constraints.*\.txt|(?:poetry|uv|pdm)\.lock|pylock(?:\.[^.]+)?\.toml|Pipfile\.lock|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|Cargo\.lock|go\.mod|.*\.cdx\.json|bom\.json)$/;
const notEntered = new Set(["node_modules", ".git", ".venv", "venv", "site-packages", "__pycache__"]);
const maxFiles = 1000;
const maxVisited = 500_000;

/** Finds lists. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` when a folder holds none */
export async function findLists(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const entry = await lstat(path).catch((cause: Error) => {
      throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${path} cannot be read: ${cause.message}`, { cause });
    });
    if (!entry.isDirectory()) {
      found.push(path);
      continue;
    }
    const inside = await walk(path);
    if (inside.length === 0)
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `${path} holds no lock file or list of packages: nothing was judged`,
      );
    found.push(...inside);
  }
  return found;
}

async function walk(root: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [root];
  let visited = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (++visited > maxVisited || found.length > maxFiles)
        throw new CordonError("SUPPLY_INPUT_INVALID", `${root} is too large to search; name the lists themselves`);
      if (entry.isDirectory() && !notEntered.has(entry.name)) folders.push(join(folder, entry.name));
      else if (entry.isFile() && listName.test(entry.name)) found.push(join(folder, entry.name));
    }
  return found.toSorted();
}
