/**
 * The files of a model. In: a path to a file or folder, and what to leave out. Out: every regular file under it with its
 * size, in code point order, and everything found on the way that is not a plain file inside the model (OMS v1.0,
 * section 6.1). Symbolic links are never followed unless asked, and never out of the model: the specification only warns.
 */
import type { Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { compareCodePoints, decodeFileName, isUnder, pathProblem } from "@cordon/core/supply/canonical-path";

/** Bounds on a folder that a stranger made. */
export const maxModelFiles = 200_000;
export const maxModelDepth = 64;

export interface ModelFile {
  /** Canonical path within the model; the file's name for a model that is a single file. */
  readonly path: string;
  /** Where it lies on this machine. */
  readonly absolute: string;
  readonly bytes: number;
}

/** Something under the model's folder that is not a plain file of it. */
export interface Oddity {
  readonly path: string;
  readonly what: "symlink" | "special-file" | "bad-name";
  readonly words: string;
}

export interface ModelFiles {
  /** A single file, or a folder. */
  readonly kind: "file" | "folder";
  /** Name of the model's file or folder. */
  readonly name: string;
  readonly files: readonly ModelFile[];
  readonly oddities: readonly Oddity[];
  /** Files left out because they lie under an ignored path. */
  readonly ignored: readonly ModelFile[];
}

export interface EnumerateOptions {
  /** Canonical paths; each hides itself and everything under it. */
  readonly ignore?: readonly string[];
  /** Absolute paths of files that are not part of the model: the signature itself. */
  readonly exclude?: readonly string[];
  readonly followSymlinks?: boolean;
}

/** OMS v1.0, section 6.2: only at the top of the model. */
export const defaultIgnorePaths: readonly string[] = [".git", ".gitattributes", ".github", ".gitignore"];

interface Walk {
  readonly root: string;
  readonly options: EnumerateOptions;
  readonly excluded: ReadonlySet<string>;
  readonly files: ModelFile[];
  readonly ignored: ModelFile[];
  readonly oddities: Oddity[];
}

/**
 * Lists a model's files.
 *
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE` (missing, not readable), `SUPPLY_INPUT_INVALID` (over a bound)
 */
export async function enumerateModel(path: string, options: EnumerateOptions = {}): Promise<ModelFiles> {
  const { root, top } = await openRoot(path);
  if (top.isFile()) {
    const file = { path: basename(root), absolute: root, bytes: top.size };
    const problem = pathProblem(file.path);
    const oddities: Oddity[] = problem === undefined ? [] : [{ path: file.path, what: "bad-name", words: problem }];
    return { kind: "file", name: file.path, files: [file], oddities, ignored: [] };
  }
  if (!top.isDirectory())
    throw new CordonError("SUPPLY_INPUT_INVALID", `${path} is neither a file nor a folder, so it is no model`);
  const excluded = new Set(await Promise.all((options.exclude ?? []).map((file) => realpath(file).catch(() => file))));
  const walk: Walk = { root, options, excluded, files: [], ignored: [], oddities: [] };
  await walkFolder(walk, "", root, 0);
  const byPath = (a: { path: string }, b: { path: string }): number => compareCodePoints(a.path, b.path);
  return {
    kind: "folder",
    name: basename(root),
    files: walk.files.toSorted(byPath),
    oddities: walk.oddities.toSorted(byPath),
    ignored: walk.ignored.toSorted(byPath),
  };
}

async function openRoot(path: string): Promise<{ readonly root: string; readonly top: Stats }> {
  try {
    const root = await realpath(path);
    return { root, top: await lstat(root) };
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function walkFolder(walk: Walk, prefix: string, folder: string, depth: number): Promise<void> {
  if (depth > maxModelDepth)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${walk.root} nests deeper than ${maxModelDepth} folders`);
  for (const bytes of await listNames(folder)) {
    const name = decodeFileName(bytes);
    const path = prefix + (name ?? bytes.toString("latin1"));
    const problem = name === undefined ? "its name is not valid UTF-8" : pathProblem(path);
    if (name === undefined || problem !== undefined) {
      walk.oddities.push({ path, what: "bad-name", words: problem ?? "" });
      continue;
    }
    await visit(walk, path, join(folder, name), depth);
  }
}

async function listNames(folder: string): Promise<Buffer[]> {
  try {
    return await readdir(folder, { encoding: "buffer" });
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${folder} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function visit(walk: Walk, path: string, absolute: string, depth: number): Promise<void> {
  if (walk.excluded.has(absolute)) return;
  let found = await lstat(absolute);
  let place = absolute;
  if (found.isSymbolicLink()) {
    const target = walk.options.followSymlinks === true ? await resolveInside(walk.root, absolute) : undefined;
    if (target === undefined) {
      const words =
        walk.options.followSymlinks === true
          ? "it is a symbolic link that leaves the model, points nowhere or runs in a ring"
          : "it is a symbolic link, and links are not followed";
      walk.oddities.push({ path, what: "symlink", words });
      return;
    }
    place = target;
    found = await stat(target);
    if (found.isDirectory() && (absolute === target || absolute.startsWith(target + sep))) {
      walk.oddities.push({ path, what: "symlink", words: "it is a symbolic link to a folder that holds it" });
      return;
    }
  }
  if (found.isDirectory()) return walkFolder(walk, `${path}/`, place, depth + 1);
  if (!found.isFile()) {
    walk.oddities.push({ path, what: "special-file", words: "it is a device, pipe or socket" });
    return;
  }
  if (walk.files.length + walk.ignored.length >= maxModelFiles)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${walk.root} holds more than ${maxModelFiles} files`);
  const file: ModelFile = { path, absolute: place, bytes: found.size };
  (isUnder(path, walk.options.ignore ?? []) ? walk.ignored : walk.files).push(file);
}

async function resolveInside(root: string, link: string): Promise<string | undefined> {
  try {
    const target = await realpath(link);
    return target === root || target.startsWith(root + sep) ? target : undefined;
  } catch {
    return undefined; // dangling, or a ring of links
  }
}
