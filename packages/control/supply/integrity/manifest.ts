/**
 * A model's manifest: what each file's bytes are. In: a model's files. Out: resource descriptors in canonical order and
 * the root digest that names the model as a whole (OMS v1.0, sections 6.3 to 6.5). The same manifest is what a signature
 * covers and what `cordon model digest` writes for a model that nobody signed.
 */
import { createHash } from "node:crypto";
import { compareCodePoints } from "@cordon/core/supply/canonical-path";
import type { ModelFile } from "./enumerate-files.ts";
import { hashFile, type HashType } from "./hash-file.ts";

export interface Resource {
  /** Canonical path; `path:start:end` for a shard. */
  readonly name: string;
  /** Lower-case hex. */
  readonly digest: string;
  readonly algorithm: string;
}

/** How files become resources; the words are the specification's. */
export interface Serialization {
  readonly method: "files" | "shards";
  readonly hash_type: HashType;
  readonly allow_symlinks: boolean;
  readonly shard_size?: number;
  readonly ignore_paths?: readonly string[];
}

export interface Manifest {
  readonly resources: readonly Resource[];
  readonly serialization: Serialization;
}

/** OMS v1.0, section 6.3.2. */
export const defaultShardBytes = 1_000_000_000;

/** Hashes `files` into a manifest. `onBytes` hears of progress. */
export async function makeManifest(
  files: readonly ModelFile[],
  serialization: Serialization,
  onBytes?: (bytes: number) => void,
): Promise<Manifest> {
  const resources: Resource[] = [];
  for (const file of files) {
    const digest = await hashFile(file.absolute, {
      type: serialization.hash_type,
      ...(serialization.shard_size === undefined ? {} : { shardBytes: serialization.shard_size }),
      ...(onBytes === undefined ? {} : { onBytes }),
    });
    resources.push(...describeFile(file.path, digest, serialization));
  }
  return { resources: resources.toSorted((a, b) => compareCodePoints(a.name, b.name)), serialization };
}

/** The descriptors that one hashed file gives. A file of zero bytes has no shards. */
export function describeFile(
  path: string,
  { bytes, digests }: { readonly bytes: number; readonly digests: readonly string[] },
  { method, hash_type: algorithm, shard_size: shardBytes = defaultShardBytes }: Serialization,
): readonly Resource[] {
  if (method === "files") return [{ name: path, digest: digests[0] ?? "", algorithm }];
  return digests.map((digest, index) => {
    const start = index * shardBytes;
    return { name: `${path}:${start}:${Math.min(start + shardBytes, bytes)}`, digest, algorithm };
  });
}

/** SHA-256 over the raw digests in order (OMS v1.0, section 6.5.1), lower-case hex. */
export function rootDigest(resources: readonly Resource[]): string {
  const hash = createHash("sha256");
  for (const { digest } of resources) hash.update(Buffer.from(digest, "hex"));
  return hash.digest("hex");
}
