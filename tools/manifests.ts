/**
 * The package.json files of the root and of each workspace. In: a repository root. Out: the fields that checks read.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const versions = z.record(z.string(), z.string()).default({});

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  exports: z.record(z.string(), z.unknown()).default({}),
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  peerDependencies: versions,
});

export type Manifest = z.infer<typeof Manifest>;

export interface Manifests {
  readonly root: Manifest;
  /** By folder name under packages/. */
  readonly packages: ReadonlyMap<string, Manifest>;
}

/** Reads every manifest; throws when one is missing its name or is no JSON. */
export function readManifests(root: string): Manifests {
  const folder = join(root, "packages");
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  const packages = names
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => [name, readManifest(join(folder, name, "package.json"))] as const);
  return { root: readManifest(join(root, "package.json")), packages: new Map(packages) };
}

function readManifest(file: string): Manifest {
  return Manifest.parse(JSON.parse(readFileSync(file, "utf8")));
}
