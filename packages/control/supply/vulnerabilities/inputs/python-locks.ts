/**
 * Lock files of Python tools: `poetry.lock`, `uv.lock`, `pdm.lock`, `pylock.toml` (PEP 751) in TOML, `Pipfile.lock` in
 * JSON. In: the text. Out: every package with its exact version; what comes from a path, a URL or Git is unread.
 */
import { parse } from "smol-toml";
import { z } from "zod";
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

const tomlSchema = z.looseObject({
  package: z.array(lockedPackage()).max(maxPackages).optional(),
  packages: z.array(lockedPackage()).max(maxPackages).optional(),
});

function lockedPackage() {
  return z.looseObject({
    name: z.string().min(1).max(300),
    version: z.string().max(300).optional(),
    source: z.looseObject({}).optional(),
    vcs: z.looseObject({}).optional(),
    directory: z.looseObject({}).optional(),
    archive: z.looseObject({}).optional(),
  });
}

/** Reads a TOML lock. @throws whatever the parser or the schema says is wrong */
export function readTomlLock(text: string, file: string): PackagesRead {
  const { package: poetry = [], packages: pylock = [] } = tomlSchema.parse(parse(text));
  const packages: PackageFound[] = [];
  const unread: { words: string }[] = [];
  for (const { name, version, source, vcs, directory, archive } of [...poetry, ...pylock]) {
    const origin = source ?? vcs ?? directory ?? archive;
    if (isOwnProject(source)) continue;
    if (origin !== undefined && !isRegistry(source))
      unread.push({ words: `${name} does not come from a package index` });
    else packages.push({ ecosystem: "PyPI", name, version, file });
  }
  return { packages, unread };
}

/** uv lists the project itself as `{ editable = "." }` or `{ virtual = "." }`. */
function isOwnProject(source: Readonly<Record<string, unknown>> | undefined): boolean {
  return source !== undefined && (source["editable"] === "." || source["virtual"] === ".");
}

/** uv says `registry`; Poetry says nothing for the default index and `legacy` for another one. */
function isRegistry(source: Readonly<Record<string, unknown>> | undefined): boolean {
  return source !== undefined && ("registry" in source || source["type"] === "legacy" || source["type"] === "pypi");
}

const pipfileSchema = z.looseObject({
  default: z.record(z.string(), z.looseObject({ version: z.string().max(300).optional() })).optional(),
  develop: z.record(z.string(), z.looseObject({ version: z.string().max(300).optional() })).optional(),
});

/** Reads `Pipfile.lock`. @throws whatever the parser or the schema says is wrong */
export function readPipfileLock(text: string, file: string): PackagesRead {
  const { default: main = {}, develop = {} } = pipfileSchema.parse(JSON.parse(text));
  const packages = [...Object.entries(main), ...Object.entries(develop)].map(([name, { version }]): PackageFound => ({
    ecosystem: "PyPI",
    name,
    version: version === undefined ? undefined : /^={2,3}([^\s,*]+)$/.exec(version)?.[1],
    file,
  }));
  return { packages, unread: [] };
}
