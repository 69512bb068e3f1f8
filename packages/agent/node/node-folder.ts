/**
 * The agent's own folder, for its user alone. In: a path. Out: small files, read and replaced whole: a crash leaves the
 * old one or the new one.
 */
import { lstat, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";

export interface NodeFolder {
  readonly path: string;
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}

/** @throws {CordonError} `USAGE` when the folder is not ours alone */
export async function openNodeFolder(path: string): Promise<NodeFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const held = await lstat(path);
  if (!held.isDirectory() || held.uid !== process.getuid?.() || (held.mode & 0o077) !== 0)
    throw new CordonError("USAGE", `${path} holds this node's key: it must be a folder of this user alone (mode 0700)`);
  return {
    path,
    async read(name) {
      try {
        return await readFile(join(path, name), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, text) {
      const target = join(path, name);
      const file = await open(`${target}.new`, "w", 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${target}.new`, target);
    },
  };
}
