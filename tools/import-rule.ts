/**
 * The import rule: a trust boundary is a package boundary. In: a repository root. Out: how many files were read, and
 * every import that crosses a boundary it may not, with file and line.
 *
 * Reading no file at all is a violation too: a check that checks nothing must not be green.
 */
import { builtinModules } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { arrows, impureNames, ownFileReaders, pureBuiltins, pureThirdParty } from "./architecture.ts";
import { readManifests, type Manifest, type Manifests } from "./manifests.ts";
import { readModuleRecord, type ModuleRecord, type ModuleReference } from "./module-record.ts";
import { isSource, isTest, listFiles } from "./source-files.ts";
import type { Violation } from "./violation.ts";

export interface ImportRuleResult {
  readonly files: number;
  readonly references: number;
  readonly violations: readonly Violation[];
}

export interface Source {
  readonly file: string;
  /** The package's folder (`packages/core`), or the top folder (`test`, `tools`) of what is in no package. */
  readonly zone: string;
  /** The name without `@cordon/`, undefined for what is in no package. */
  readonly package: string | undefined;
  readonly test: boolean;
  readonly record: ModuleRecord;
}

const ours = "@cordon/";
const builtins = new Set(builtinModules.filter((name) => !name.startsWith("node:")));

/** Checks every source file under `root` against the arrows of architecture.ts and the packages' manifests. */
export function checkImports(root: string): ImportRuleResult {
  const manifests = readManifests(root);
  const sources = readSources(root, manifests);
  const violations = [...exportViolations(root, manifests)];
  let references = 0;
  for (const source of sources) {
    if (source.record.syntaxError !== undefined) {
      violations.push({ file: source.file, line: 1, message: `does not parse: ${source.record.syntaxError}` });
    }
    if (source.package !== undefined && !(source.package in arrows)) {
      violations.push({
        file: source.file,
        line: 1,
        message: `package \`${source.package}\` has no arrows in tools/architecture.ts`,
      });
    }
    for (const reference of source.record.references) {
      references++;
      const message = referenceViolation(root, source, reference, manifests);
      if (message !== undefined) violations.push({ file: source.file, line: reference.line, message });
    }
    violations.push(...purityViolations(source));
  }
  if (!sources.some((source) => source.package !== undefined)) {
    violations.push({
      file: "packages",
      line: 1,
      message: "no source file was found: the import rule checked nothing",
    });
  } else if (references === 0) {
    violations.push({
      file: "packages",
      line: 1,
      message: "no import was found in any file: the import rule checked nothing",
    });
  }
  return { files: sources.length, references, violations };
}

/** The module records of every source file under `root`. */
export function readSources(root: string, manifests: Manifests = readManifests(root)): Source[] {
  const byFolder = new Map([...manifests.packages].map(([name, { folder }]) => [folder, name]));
  return listFiles(root)
    .filter(isSource)
    .map((file) => {
      const [top = "", second = ""] = file.split("/");
      const folder = `${top}/${second}`;
      // A folder under packages/ without a manifest is held to the rules too: it has no arrows.
      const name = byFolder.get(folder) ?? (top === "packages" && file !== folder ? second : undefined);
      const record = readModuleRecord(file, readFileSync(join(root, file), "utf8"));
      return { file, zone: name === undefined ? top : folder, package: name, test: isTest(file), record };
    });
}

function referenceViolation(
  root: string,
  from: Source,
  reference: ModuleReference,
  manifests: Manifests,
): string | undefined {
  const { specifier } = reference;
  if (reference.kind === "computed") {
    return from.package === undefined || from.test
      ? undefined
      : "a dynamic import whose path is not a literal cannot be checked";
  }
  if (specifier.startsWith(".")) return relativeViolation(root, from, reference);
  if (specifier.startsWith("/") || /^[a-z]+:\/\//.test(specifier) || specifier.startsWith("data:")) {
    return `\`${specifier}\`: import by relative path or by package name only`;
  }
  if (specifier.startsWith("#")) return `\`${specifier}\`: subpath imports hide the package that is meant`;
  if (specifier.startsWith("node:") || builtins.has(specifier)) return builtinViolation(from, reference);
  if (specifier.startsWith(ours)) return packageViolation(from, specifier, manifests);
  return thirdPartyViolation(from, reference, manifests);
}

function relativeViolation(root: string, from: Source, { specifier, kind }: ModuleReference): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(from.file), specifier));
  if (target !== from.zone && !target.startsWith(`${from.zone}/`)) {
    // A program started beside this one (a test that runs the command) is not loaded into it.
    if (kind === "worker" && from.package === undefined && !target.startsWith("..")) return undefined;
    return `\`${specifier}\` leaves ${from.zone}: import other packages by name, through their exports`;
  }
  if (!/\.[a-z]+$/.test(specifier)) return `\`${specifier}\`: a relative import names its file, with \`.ts\``;
  return existsSync(join(root, target)) ? undefined : `\`${specifier}\`: there is no such file`;
}

function builtinViolation(from: Source, { specifier, typeOnly }: ModuleReference): string | undefined {
  if (!specifier.startsWith("node:")) return `\`${specifier}\`: write \`node:${specifier}\``;
  if (from.package === "console" && !from.test) return `\`${specifier}\`: the console runs in a browser`;
  // The type of a socket is no socket: type stripping leaves nothing that core could do I/O with.
  if (from.package !== "core" || from.test || typeOnly || pureBuiltins.has(specifier)) return undefined;
  if (specifier === "node:fs" && ownFileReaders.has(from.file)) return undefined;
  return `core may not import \`${specifier}\`: it does no I/O and has no clock (tools/architecture.ts lists what it may)`;
}

function packageViolation(from: Source, specifier: string, manifests: Manifests): string | undefined {
  const [name = "", ...rest] = specifier.slice(ours.length).split("/");
  const subpath = rest.join("/");
  if (name === from.package) return `\`${specifier}\`: inside a package, import by relative path`;
  // A test of an example may use everything, as the end-to-end tests do; one inside packages/ keeps to the arrows.
  const free = from.test && !from.zone.startsWith("packages/");
  if (from.package !== undefined && !free) {
    const allowed = arrows[from.package] ?? [];
    if (!allowed.some((arrow) => arrow === name || `${name}/${subpath}`.startsWith(`${arrow}/`))) {
      const may = allowed.length === 0 ? "none of ours" : allowed.join(", ");
      return `${from.package} may not import \`${specifier}\`: it may import ${may}`;
    }
    const declared = manifests.packages.get(from.package);
    if (declared?.dependencies[ours + name] === undefined && declared?.devDependencies[ours + name] === undefined) {
      return `\`${ours}${name}\` is not a dependency in ${from.zone}/package.json`;
    }
  }
  const target = manifests.packages.get(name);
  if (target === undefined) return `\`${specifier}\`: there is no package \`${name}\``;
  const key = subpath === "" ? "." : `./${subpath}`;
  return key in target.exports
    ? undefined
    : `\`${specifier}\`: ${target.folder}/package.json does not export \`${key}\``;
}

function thirdPartyViolation(
  from: Source,
  { specifier, typeOnly }: ModuleReference,
  manifests: Manifests,
): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const { root } = manifests;
  const everywhere = (manifest: Manifest): string | undefined =>
    manifest.dependencies[name] ?? manifest.devDependencies[name];
  if (from.package === undefined || from.test) {
    const own = from.package === undefined ? undefined : manifests.packages.get(from.package);
    if (everywhere(root) !== undefined || (own && everywhere(own) !== undefined)) return undefined;
    return `\`${name}\` is not declared in package.json`;
  }
  const own = manifests.packages.get(from.package);
  const version =
    own?.dependencies[name] ?? (typeOnly || from.package === "console" ? own?.devDependencies[name] : undefined);
  if (version === undefined) return `\`${name}\` is not declared in ${from.zone}/package.json`;
  if (from.package === "core" && !pureThirdParty.has(name)) {
    return `core may not import \`${name}\` (tools/architecture.ts lists what it may)`;
  }
  return undefined;
}

function purityViolations(source: Source): Violation[] {
  if (source.package !== "core" || source.test) return [];
  return source.record.names.flatMap(({ name, line }) => {
    const reason = impureNames.get(name);
    return reason === undefined ? [] : [{ file: source.file, line, message: `\`${name}\`: ${reason}` }];
  });
}

function* exportViolations(root: string, manifests: Manifests): Generator<Violation> {
  for (const manifest of manifests.packages.values()) {
    const file = `${manifest.folder}/package.json`;
    for (const [key, target] of Object.entries(manifest.exports)) {
      if (typeof target !== "string" || key.includes("*") || target.includes("*")) {
        yield { file, line: 1, message: `export \`${key}\`: name one file for each path` };
      } else if (
        !target.startsWith("./") ||
        target.includes("..") ||
        !existsSync(join(root, manifest.folder, target))
      ) {
        yield { file, line: 1, message: `export \`${key}\`: \`${target}\` is not a file of the package` };
      } else if (isTest(target)) {
        yield { file, line: 1, message: `export \`${key}\`: \`${target}\` is a test` };
      }
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { files, references, violations } = checkImports(process.cwd());
  for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
  console.log(`${references} imports in ${files} files, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
