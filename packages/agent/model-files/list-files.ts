/**
 * What lies where a served model should be. In: a path to a file or folder. Out: every file with what the kernel says of it
 * (device, inode, size, times): two lists that are equal are of files that nobody touched in between. Links, devices and
 * names that two systems read differently are problems, for a loader would follow them somewhere else.
 */
import { lstat, readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { decodeFileName, pathProblem } from "@cordon/core/supply/canonical-path";

/** One file, as it is now. */
export interface FileState {
  /** Path in the model; empty for a model that is one file. */
  readonly path: string;
  readonly absolute: string;
  /** Differs whenever the file was written, replaced, moved or relinked. */
  readonly identity: string;
  readonly bytes: number;
  /** When its inode changed last, in milliseconds. */
  readonly changedAtMs: number;
}

export interface ModelState {
  readonly kind: "file" | "folder";
  readonly files: readonly FileState[];
  /** The model's own folders, or the folder of its only file. */
  readonly folders: readonly string[];
}

const maxFiles = 20_000;
const maxDepth = 32;
/** OMS v1.0, section 6.2: not part of a model, at its top only. And the signature, which covers the rest. */
const notOfTheModel = new Set([".git", ".gitattributes", ".github", ".gitignore", "model.sig"]);

/** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` with a problem in words */
export async function listModel(path: string): Promise<ModelState> {
  try {
    // The path may lead over links: where they lead is part of what is there.
    const root = await realpath(path);
    const top = await stateOf("", root);
    if (top.kind === "file") return { kind: "file", files: [top.file], folders: [dirname(root)] };
    const files: FileState[] = [];
    const folders = [root];
    await walk("", root, 0, files, folders);
    return { kind: "folder", files, folders };
  } catch (cause) {
    if (cause instanceof CordonError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `the model's files cannot be looked at (${code})`, { cause });
  }
}

async function walk(
  prefix: string,
  folder: string,
  depth: number,
  files: FileState[],
  folders: string[],
): Promise<void> {
  if (depth > maxDepth) throw invalid(`it nests deeper than ${maxDepth} folders`);
  for (const bytes of (await readdir(folder, { encoding: "buffer" })).toSorted((a, b) => Buffer.compare(a, b))) {
    const name = decodeFileName(bytes);
    if (name === undefined) throw invalid("a name in it is not valid UTF-8");
    if (prefix === "" && notOfTheModel.has(name)) continue;
    const path = prefix + name;
    const problem = pathProblem(path);
    if (problem !== undefined) throw invalid(`${JSON.stringify(path)}: ${problem}`);
    const absolute = join(folder, name);
    const found = await stateOf(path, absolute);
    if (found.kind === "folder") {
      folders.push(absolute);
      await walk(`${path}/`, absolute, depth + 1, files, folders);
    } else if (files.push(found.file) > maxFiles) throw invalid(`it holds more than ${maxFiles} files`);
  }
}

type Found = { readonly kind: "folder" } | { readonly kind: "file"; readonly file: FileState };

async function stateOf(path: string, absolute: string): Promise<Found> {
  const stat = await lstat(absolute, { bigint: true });
  if (stat.isDirectory()) return { kind: "folder" };
  if (!stat.isFile())
    throw invalid(`${JSON.stringify(path)} is a ${stat.isSymbolicLink() ? "symbolic link" : "special file"}`);
  const identity = [absolute, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join("\0");
  return {
    kind: "file",
    file: { path, absolute, identity, bytes: Number(stat.size), changedAtMs: Number(stat.ctimeNs / 1_000_000n) },
  };
}

/** Whether what was read is the file that was listed, and not another in its place. */
export function isOfFile(
  { identity }: FileState,
  read: { readonly dev: bigint; readonly ino: bigint; readonly ctimeNs: bigint },
): boolean {
  const [, dev, ino, , , ctimeNs] = identity.split("\0");
  return `${read.dev}` === dev && `${read.ino}` === ino && `${read.ctimeNs}` === ctimeNs;
}

function invalid(why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `what lies there is no model that can be vouched for: ${why}`);
}
