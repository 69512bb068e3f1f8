/**
 * A BOM of a repository. In: its folder. Out: every package that its lock files and lists name, every model that lies in
 * it, and what depends on what. A package without an exact version is in it, marked as not pinned.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { PackageURL } from "packageurl-js";
import { z } from "zod";
import { weightsName } from "../cards/read-card.ts";
import { defaultIgnorePaths, enumerateModel } from "../integrity/enumerate-files.ts";
import type { PackageFound, PackagesRead } from "../vulnerabilities/inputs/package-found.ts";
import { assemble, type BomParts, type GenerateOptions } from "./assemble.ts";
import { property, some, type Bom, type Component } from "./cyclonedx.ts";
import { modelParts } from "./generate-model.ts";

const maxModels = 50;

/**
 * Makes the BOM of a repository.
 *
 * @param read what its lists say, as `readPackages` gives it
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID`
 */
export async function generateRepositoryBom(
  folder: string,
  read: readonly PackagesRead[],
  options: GenerateOptions,
): Promise<Bom> {
  const project = await readProject(folder);
  const subject: Component = {
    type: "application",
    "bom-ref": "repository",
    name: options.provenance?.system?.name ?? project.name ?? basename(resolve(folder)),
    ...(project.version === undefined ? {} : { version: project.version }),
  };
  const packages = read.flatMap((input) => input.packages).map(packageComponent);
  const models = await findModels(folder, options);
  const unread = read.flatMap((input) => input.unread);
  return assemble(
    {
      subject,
      phase: "pre-build",
      components: [...packages, ...models.flatMap((parts) => [parts.subject, ...parts.components])],
      dependencies: [
        {
          ref: "repository",
          dependsOn: [...packages, ...models.map((parts) => parts.subject)].flatMap((part) => part["bom-ref"] ?? []),
        },
        ...models.flatMap((parts) => parts.dependencies),
      ],
      ...some(
        "formulation",
        models.flatMap((parts) => parts.formulation ?? []),
      ),
      properties: unread.slice(0, 100).flatMap(({ words }) => property("unread", words)),
    },
    options,
  );
}

const purlTypes: Readonly<Record<string, string>> = {
  PyPI: "pypi",
  npm: "npm",
  Debian: "deb",
  Ubuntu: "deb",
  "crates.io": "cargo",
  Go: "golang",
};

function packageComponent(found: PackageFound): Component {
  const purl = found.purl ?? purlOf(found);
  return {
    type: "library",
    "bom-ref": purl ?? `package:${found.ecosystem ?? ""}/${found.name}@${found.version ?? ""}`,
    name: found.name,
    ...(found.version === undefined ? {} : { version: found.version }),
    ...(purl === undefined ? {} : { purl }),
    properties: [
      ...property("package:from", basename(found.file)),
      ...(found.version === undefined ? property("package:pinned", false) : []),
    ],
  };
}

function purlOf({ ecosystem, name, version }: PackageFound): string | undefined {
  const type = purlTypes[ecosystem?.split(":", 1)[0] ?? ""];
  if (type === undefined) return undefined;
  const slash = name.startsWith("@") ? name.indexOf("/") : type === "golang" ? name.lastIndexOf("/") : -1;
  const namespace =
    slash < 0 ? (type === "deb" ? ecosystem?.split(":", 1)[0]?.toLowerCase() : undefined) : name.slice(0, slash);
  try {
    return new PackageURL(
      type,
      namespace,
      slash < 0 ? name : name.slice(slash + 1),
      version,
      undefined,
      undefined,
    ).toString();
  } catch {
    return undefined; // a name that no purl can hold
  }
}

/** Folders that hold weights are models; the parts of each. */
async function findModels(folder: string, options: GenerateOptions): Promise<BomParts[]> {
  const { files } = await enumerateModel(folder, { ignore: [...defaultIgnorePaths, "node_modules", ".venv", "venv"] });
  const weights = files.filter(({ path }) => weightsName.test(path) && !path.includes("node_modules/"));
  const folders = [...new Set(weights.map(({ path }) => dirname(path)))].slice(0, maxModels);
  const models: BomParts[] = [];
  // Provenance describes one model; it is not spread over several.
  const { provenance: _provenance, ...plain } = options;
  for (const path of folders) models.push(await modelParts(join(folder, path), folders.length === 1 ? options : plain));
  return models;
}

const packageJson = z.looseObject({ name: z.string().max(300).optional(), version: z.string().max(100).optional() });

async function readProject(
  folder: string,
): Promise<{ readonly name?: string | undefined; readonly version?: string | undefined }> {
  try {
    return packageJson.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
  } catch {
    return {}; // not a Node project: the folder's name
  }
}
