/**
 * `package-lock.json` (versions 1 to 3) and `npm-shrinkwrap.json`. In: the text. Out: every installed package with its
 * exact version, once; links to workspaces are the project's own, and what comes from Git or a file is unread.
 */
import { z } from "zod";
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

const entrySchema = z.looseObject({
  name: z.string().max(300).optional(),
  version: z.string().max(2000).optional(),
  resolved: z.union([z.string().max(4000), z.boolean()]).optional(),
  link: z.boolean().optional(),
});

const lockSchema = z.looseObject({
  packages: z.record(z.string(), entrySchema).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
});

/** Reads a lock. @throws whatever the parser or the schema says is wrong */
export function readPackageLock(text: string, file: string): PackagesRead {
  const lock = lockSchema.parse(JSON.parse(text));
  const found = new Map<string, PackageFound>();
  const unread: { words: string }[] = [];
  const add = (name: string, version: string | undefined, resolved: unknown): void => {
    if (found.size > maxPackages) throw new Error(`it lists more than ${maxPackages} packages`);
    if (typeof resolved === "string" && !/^https?:/.test(resolved))
      unread.push({ words: `${name} comes from ${resolved.slice(0, 80)}` });
    else found.set(`${name}@${version ?? ""}`, { ecosystem: "npm", name, version, file });
  };
  for (const [path, entry] of Object.entries(lock.packages ?? {})) {
    const at = path.lastIndexOf("node_modules/");
    if (at < 0 || entry.link === true) continue; // the project and its workspaces
    add(entry.name ?? path.slice(at + "node_modules/".length), entry.version, entry.resolved);
  }
  if (lock.packages === undefined) addNested(lock.dependencies ?? {}, add, 0);
  return { packages: [...found.values()], unread };
}

const nestedSchema = z.looseObject({
  version: z.string().max(2000),
  dependencies: z.record(z.string(), z.unknown()).optional(),
});

function addNested(
  dependencies: Readonly<Record<string, unknown>>,
  add: (name: string, version: string, resolved: unknown) => void,
  depth: number,
): void {
  if (depth > 64) throw new Error("it nests deeper than 64 levels");
  for (const [name, entry] of Object.entries(dependencies)) {
    const { version, dependencies: inner } = nestedSchema.parse(entry);
    // Version 1 writes the place into the version where it is no registry.
    const elsewhere = /^(?:git|file|https?|github):|^git\+/.test(version);
    add(name, version, elsewhere ? version.replace(/^https?:/, "url:") : undefined);
    if (inner !== undefined) addNested(inner, add, depth + 1);
  }
}
