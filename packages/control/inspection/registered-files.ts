/**
 * The files of registered documents. In: what the configuration says. Out: their absolute paths, and a mark of their state by
 * which a change is noticed without reading them. Bounded.
 */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";

const mostFiles = 2_000;
const mostDepth = 16;

export interface RegisteredFiles {
  readonly name: string;
  readonly paths: readonly string[];
}

/** @throws {CordonError} `CONFIG_INVALID` for a folder that cannot be listed, is empty, or holds too much or what is no file */
export async function registeredFiles(
  { inspection }: Configuration,
  folder: string,
): Promise<readonly RegisteredFiles[]> {
  const out: RegisteredFiles[] = [];
  let count = 0;
  for (const item of inspection?.registered ?? []) {
    const refuse = (path: string, why: string): CordonError =>
      new CordonError("CONFIG_INVALID", `\`inspection.registered\` ${item.name}: ${path} ${why}`);
    const paths: string[] = [];
    const list = async (path: string, depth: number): Promise<void> => {
      if (depth > mostDepth) throw refuse(path, `lies more than ${mostDepth} folders deep`);
      const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        throw refuse(path, `cannot be listed (${error.code ?? "unknown"})`);
      });
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (entry.name.startsWith(".")) continue;
        const at = join(path, entry.name);
        if (entry.isDirectory()) await list(at, depth + 1);
        else if (!entry.isFile())
          throw refuse(at, "is neither a file nor a folder; a link is not followed: name its target");
        else if (paths.push(at) + count > mostFiles)
          throw refuse(path, `makes more than ${mostFiles} files; register fewer, or join them`);
      }
    };
    if (item.file !== undefined) paths.push(resolve(folder, item.file));
    else await list(resolve(folder, item.folder ?? ""), 0);
    if (paths.length === 0) throw refuse(resolve(folder, item.folder ?? ""), "holds no file");
    count += paths.length;
    out.push({ name: item.name, paths });
  }
  return out;
}

/** Another text whenever a file of documents or marks is another, or cannot be read any more. Empty where there are none. */
export async function registeredState(configuration: Configuration, folder: string): Promise<string> {
  const { registered = [], canaries = [] } = configuration.inspection ?? {};
  const marks = canaries.flatMap(({ file, mark }) => file ?? (mark !== undefined && "file" in mark ? mark.file : []));
  if (registered.length === 0 && marks.length === 0) return "";
  let files: readonly RegisteredFiles[];
  try {
    files = await registeredFiles(configuration, folder);
  } catch (error) {
    return (error as Error).message;
  }
  const lines: string[] = [];
  for (const path of [...files.flatMap(({ paths }) => paths), ...marks.map((file) => resolve(folder, file))]) {
    const state = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => error.code ?? "unknown");
    const words = typeof state === "string" ? state : `${state.size} ${state.mtimeNs} ${state.ctimeNs} ${state.ino}`;
    lines.push(`${path} ${words}`);
  }
  return lines.join("\n");
}
