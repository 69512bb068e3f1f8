/**
 * Dependencies agree: exact versions everywhere, the same in a package as at the root, nothing declared that no source
 * uses, and a lock file that names no host. In: a repository root. Out: violations.
 *
 * The published `cordon` package installs the root's `dependencies`; a package that needed another version would run
 * on one thing in development and on another where it is installed.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readSources, type Source } from "./import-rule.ts";
import { readManifests, type Manifests, type Workspace } from "./manifests.ts";
import type { Violation } from "./violation.ts";

/** Needed at run time without an import: the runtime itself, and a polyfill that a library looks for. */
const usedWithoutImport = new Set([
  "node",
  "reflect-metadata",
  // What the CycloneDX library validates with, where it finds them.
  ...["ajv", "ajv-formats", "ajv-formats-draft2019"],
]);

/** Programs and types that development runs or reads without importing them. */
const developmentTools = new Set([
  ...[
    "@types/node",
    "@types/oidc-provider",
    "@types/pg",
    "@types/react",
    "@types/react-dom",
    "@types/semver",
    "@types/yauzl",
    "@types/spdx-expression-parse",
  ],
  ...["oxfmt", "oxlint", "oxlint-tsgolint", "typescript"],
]);

/** Packages that run as a process of their own, so that each brings the runtime. */
const processPackages = ["agent", "cli", "control", "gateway"];

const exactVersion = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** Checks every manifest under `root`, and the lock file. */
export function checkDependencies(root: string): Violation[] {
  const manifests = readManifests(root);
  if (manifests.packages.size === 0) {
    return [{ file: "packages", line: 1, message: "no package was found: the dependency check checked nothing" }];
  }
  const sources = readSources(root);
  return [
    ...[...manifests.packages].flatMap(([name, manifest]) => packageViolations(name, manifest, manifests)),
    ...rootViolations(manifests),
    ...unusedViolations(manifests, sources),
    ...lockViolations(root),
  ];
}

function packageViolations(name: string, manifest: Workspace, { root, packages }: Manifests): Violation[] {
  const file = `${manifest.folder}/package.json`;
  const found: Violation[] = [];
  const report = (message: string): void => void found.push({ file, line: 1, message });
  if (manifest.name !== `@cordon/${name}`) report(`is named \`${manifest.name}\`, expected \`@cordon/${name}\``);
  if (manifest.version !== root.version) report(`version ${manifest.version} differs from the root's ${root.version}`);
  if (processPackages.includes(name) && manifest.dependencies["node"] === undefined) {
    report("runs as a process: depend on `node`, so that it brings its runtime");
  }
  for (const [dependency, version] of Object.entries({ ...manifest.devDependencies, ...manifest.dependencies })) {
    const workspace = dependency.startsWith("@cordon/") ? packages.get(dependency.slice("@cordon/".length)) : undefined;
    const shipped = dependency in manifest.dependencies && name !== "console";
    const expected =
      workspace?.version ?? root.dependencies[dependency] ?? (shipped ? undefined : root.devDependencies[dependency]);
    if (expected === undefined) report(`\`${dependency}\` is not in \`dependencies\` of the root package.json`);
    else if (version !== expected) report(`\`${dependency}\` is ${version} here and ${expected} at the root`);
  }
  return found;
}

function rootViolations({ root, packages }: Manifests): Violation[] {
  const all = [
    ["package.json", root] as const,
    ...[...packages.values()].map((each) => [`${each.folder}/package.json`, each] as const),
  ];
  return all.flatMap(([file, manifest]) =>
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies })
      .filter(([, version]) => !exactVersion.test(version))
      .map(([name, version]) => ({ file, line: 1, message: `\`${name}\`: \`${version}\` is not one exact version` })),
  );
}

function unusedViolations({ root, packages }: Manifests, sources: readonly Source[]): Violation[] {
  const usedBy = (select: (source: Source) => boolean): Set<string> =>
    new Set(
      sources
        .filter(select)
        .flatMap((source) => source.record.references.map(({ specifier }) => packageName(specifier))),
    );
  const found: Violation[] = [];
  for (const [name, manifest] of packages) {
    const used = usedBy((source) => source.package === name && !source.test);
    for (const dependency of Object.keys(manifest.dependencies)) {
      if (used.has(dependency) || usedWithoutImport.has(dependency)) continue;
      found.push({
        file: `${manifest.folder}/package.json`,
        line: 1,
        message: `\`${dependency}\` is declared and no source imports it`,
      });
    }
  }
  const everywhere = usedBy(() => true);
  for (const dependency of Object.keys({ ...root.dependencies, ...root.devDependencies })) {
    if (everywhere.has(dependency) || usedWithoutImport.has(dependency) || developmentTools.has(dependency)) continue;
    found.push({ file: "package.json", line: 1, message: `\`${dependency}\` is declared and no source imports it` });
  }
  return found;
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      link: z.boolean().optional(),
      integrity: z.string().optional(),
    }),
  ),
});

/** Every entry has its digest, none says where it was fetched from: a mirror's name is nobody's business. */
function lockViolations(root: string): Violation[] {
  const file = "package-lock.json";
  if (!existsSync(join(root, file))) return [{ file, line: 1, message: "there is no lock file: run `npm install`" }];
  const text = readFileSync(join(root, file), "utf8");
  const found: Violation[] = [];
  let checked = 0;
  for (const [path, entry] of Object.entries(Lock.parse(JSON.parse(text)).packages)) {
    if (!path.includes("node_modules/") || entry.link === true) continue;
    checked++;
    const line = text.slice(0, Math.max(0, text.indexOf(`"${path}"`))).split("\n").length;
    if (entry.resolved !== undefined)
      found.push({ file, line, message: `\`${path}\` names where it was fetched from` });
    if (entry.integrity?.startsWith("sha512-") !== true)
      found.push({ file, line, message: `\`${path}\` has no SHA-512 integrity` });
  }
  return checked > 0 ? found : [{ file, line: 1, message: "locks no package: the lock file check checked nothing" }];
}
