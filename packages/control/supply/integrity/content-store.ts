/**
 * A content-addressed, read-only store of model files. In: files as they lie anywhere. Out: copies named by the SHA-256
 * of what was copied, mode 0444, and views: folders of hard links that hold a verified model and nothing else. A digest
 * is computed over the very bytes that are written, so nothing can change between the check and the load.
 */
import { createHash, randomBytes } from "node:crypto";
import { link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { hashFile, type FileDigest, type HashOptions } from "./hash-file.ts";

export interface ContentStore {
  /**
   * Copies a file in, hashing as it goes.
   *
   * @returns the digest asked for, and the copy's name (SHA-256 of the content, lower-case hex)
   */
  readonly take: (file: string, how: HashOptions) => Promise<{ readonly digest: FileDigest; readonly blob: string }>;
  /** Makes, or finds, the folder of a model's verified files. Its name is the root digest. */
  readonly view: (rootDigest: string, files: ReadonlyMap<string, string>) => Promise<string>;
}

/** Opens a store in `folder`, making it where it is missing (mode 0700). */
export async function openContentStore(folder: string): Promise<ContentStore> {
  await mkdir(join(folder, "blobs"), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, "models"), { recursive: true, mode: 0o700 });
  return {
    take: (file, how) => take(folder, file, how),
    view: (rootDigest, files) => view(folder, rootDigest, files),
  };
}

async function take(
  folder: string,
  file: string,
  how: HashOptions,
): Promise<{ readonly digest: FileDigest; readonly blob: string }> {
  const temporary = join(folder, "blobs", `.incoming-${randomBytes(8).toString("hex")}`);
  const copy = await open(temporary, "wx", 0o600);
  // Whole files by SHA-256 name themselves; anything else is hashed once more for its name.
  const content = how.type === "sha256" && how.shardBytes === undefined ? undefined : createHash("sha256");
  try {
    const digest = await hashFile(file, {
      ...how,
      tee: async (bytes) => {
        content?.update(bytes);
        await copy.writeFile(bytes);
      },
    });
    await copy.chmod(0o444);
    await copy.sync();
    const blob = content === undefined ? (digest.digests[0] ?? "") : content.digest("hex");
    await rename(temporary, join(folder, "blobs", blob));
    return { digest, blob };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await copy.close();
  }
}

async function view(folder: string, rootDigest: string, files: ReadonlyMap<string, string>): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(rootDigest))
    throw new CordonError("SUPPLY_INPUT_INVALID", "a view is named by a SHA-256 root digest");
  const target = join(folder, "models", rootDigest);
  const building = join(folder, "models", `.building-${randomBytes(8).toString("hex")}`);
  await mkdir(building, { mode: 0o700 });
  for (const [path, blob] of files) {
    const place = join(building, path);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await link(join(folder, "blobs", blob), place);
  }
  // A view of the same root holds the same files under the same names, unless somebody changed it: always the fresh one.
  if (await exists(target)) await rename(target, `${building}-old`);
  await rename(building, target);
  await rm(`${building}-old`, { recursive: true, force: true });
  return target;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
