/**
 * The package.json files of the root and of each workspace. In: a repository root. Out: the fields that checks read.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const versions = z.record(z.string(), z.string()).default({});

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  workspaces: z.array(z.string()).default(["packages/*"]),
  exports: z.record(z.string(), z.unknown()).default({}),
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
});

export type Manifest = z.infer<typeof Manifest>;

export interface Workspace extends Manifest {
  /** Relative to the root: `packages/core`. */
  readonly folder: string;
}

export interface Manifests {
  readonly root: Manifest;
  /** By the last part of the folder: `core` for `packages/core`. */
  readonly packages: ReadonlyMap<string, Workspace>;
}

/** Reads every manifest; throws when one is missing its name or is no JSON. */
export function readManifests(root: string): Manifests {
  const manifest = readManifest(join(root, "package.json"));
  const files = globSync(
    manifest.workspaces.map((pattern) => `${pattern}/package.json`),
    { cwd: root },
  );
  const packages = files.toSorted().map((file) => {
    const folder = dirname(file);
    return [folder.split("/").at(-1) ?? folder, { ...readManifest(join(root, file)), folder }] as const;
  });
  return { root: manifest, packages: new Map(packages) };
}

function readManifest(file: string): Manifest {
  return Manifest.parse(JSON.parse(readFileSync(file, "utf8")));
}
