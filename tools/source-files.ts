/**
 * Which files the repository consists of. In: a root folder. Out: paths relative to it, with `/`, sorted.
 *
 * Git decides where there is a repository (tracked and new files, ignored ones left out); elsewhere (an unpacked
 * archive, a test's temporary folder) the folder is walked.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const skippedFolders = new Set([".git", "node_modules", "dist", "coverage", ".cordon", "state"]);

/** Every file that belongs to the repository at `root`. */
export function listFiles(root: string): string[] {
  const files = existsSync(join(root, ".git")) ? (listByGit(root) ?? walk(root, "")) : walk(root, "");
  return files.filter((file) => statSync(join(root, file), { throwIfNoEntry: false })?.isFile() === true).toSorted();
}

/** A program text that imports can be read from (declaration files hold none of ours). */
export function isSource(file: string): boolean {
  return /\.(?:ts|tsx|mts|js|jsx|mjs|cjs)$/.test(file) && !file.endsWith(".d.ts");
}

/**
 * A file that only tests load: `x.test.ts`, a suite that several tests run (`x.contract.ts`), a program that a test
 * starts (`x.child.ts`), a fuzz target, what tests share (`test-estate.ts`), or anything in a folder named `test`,
 * `testing` or `fixtures`.
 */
export function isTest(file: string): boolean {
  return (
    /\.(?:test|contract|suite|child|fuzz|bench|fixture)\.[cm]?[jt]sx?$/.test(file) ||
    /(?:^|\/)(?:test|testing|fixtures)\/|^packages\/.*\/test-[^/]*$/.test(file)
  );
}

function listByGit(root: string): string[] | undefined {
  const result = spawnSync("git", ["-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) return undefined;
  return [...new Set(result.stdout.split("\0").filter((file) => file !== ""))];
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}
