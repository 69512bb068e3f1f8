/**
 * `npm run build`: the published program. In: the packages' sources. Out: `dist/`, flat: `cordon.js`, one file for each
 * worker, shared chunks, `assets/` with the files that modules read at run time, and `console/` with the console's pages.
 *
 * Our packages are bundled in; third-party packages stay outside and are installed as the root's dependencies, so an
 * advisory about one can be met without a new Cordon. Every dist file lies in one folder, so a URL beside any of them
 * is right wherever the bundler moved the code that asks.
 */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { build, type BuildResult, type Plugin } from "esbuild";
import { ensureConsole, stampFile } from "./ensure-console.ts";
import { readManifests } from "./manifests.ts";
import { findModuleUrls, rewriteModuleUrls } from "./module-urls.ts";
import { isSource, isTest, listFiles } from "./source-files.ts";

/** npm runs scripts in the repository root. */
const root = process.cwd();
const dist = join(root, "dist");
const manifests = readManifests(root);
const folders = [...manifests.packages.values()].map(({ folder }) => folder);
const programs: Readonly<Record<string, string>> = { "packages/cli/main.ts": "cordon" };

/**
 * dist names of the entries: the programs, and the workers. A worker is a file called `x-worker.ts`, which keeps its
 * name (`x-worker.js`), or any other source that a module names by `new URL("./file.ts", import.meta.url)`.
 */
function findEntries(): Map<string, string> {
  const entries = new Map(Object.entries(programs));
  const add = (file: string, name: string): void => {
    const taken = [...entries].find(([other, otherName]) => otherName === name && other !== file);
    if (taken) throw new Error(`${file} and ${taken[0]} would both become dist/${name}.js: rename one`);
    entries.set(file, name);
  };
  for (const file of listFiles(root).filter(isBundled)) {
    if (/-worker\.[cm]?ts$/.test(file)) add(file, basename(file).replace(/\.[cm]?ts$/, ""));
    for (const { specifier, line } of findModuleUrls(file, readFileSync(join(root, file), "utf8")).urls) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      if (!existsSync(join(root, target))) throw new Error(`${file}:${line}: \`${specifier}\`: there is no such file`);
      if (!isSource(target) || entries.has(target) || /-worker\.[cm]?ts$/.test(target)) continue;
      add(target, flatName(target).replace(/\.[cm]?[jt]s$/, ""));
    }
  }
  return entries;
}

/** Sources of our packages. The console is a bundle of its own; what is no package is not published. */
function isBundled(file: string): boolean {
  const folder = folders.find((each) => file.startsWith(`${each}/`));
  return folder !== undefined && folder !== "packages/console" && isSource(file) && !isTest(file);
}

/** `packages/control/demo/policy.cedar` -> `control-demo-policy.cedar` */
function flatName(file: string): string {
  return file.replace(/^(?:packages|examples)\//, "").replaceAll("/", "-");
}

/** Points each `new URL("./file", import.meta.url)` at where the file lies in dist, and copies data files there. */
function placeFilesBeside(entries: ReadonlyMap<string, string>): Plugin {
  return {
    name: "files-beside",
    setup(plugin) {
      plugin.onLoad({ filter: /\.[cm]?tsx?$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const file = relative(root, path);
        if (!isBundled(file)) return undefined;
        const { urls, unbundleable } = findModuleUrls(path, text);
        const errors = unbundleable.map((line) => ({
          text: 'bundling moves this module: name files with `new URL("./file", import.meta.url)`',
          location: { file, line },
        }));
        const contents = rewriteModuleUrls(text, urls, (specifier) => {
          const target = relative(root, resolve(dirname(path), specifier));
          const entry = entries.get(target);
          if (entry !== undefined) return `./${entry}.js`;
          const asset = `assets/${flatName(target)}`;
          cpSync(join(root, target), join(dist, asset), { recursive: true });
          return `./${asset}${specifier.endsWith("/") ? "/" : ""}`;
        });
        return { contents, loader: path.endsWith("x") ? "tsx" : "ts", errors };
      });
    },
  };
}

/** A third-party module in the bundle was not declared at the root: nobody would be told of it, nor could update it. */
function refuseBundledThirdParty(result: BuildResult<{ metafile: true }>): void {
  const strangers = Object.keys(result.metafile.inputs).filter((input) => input.includes("node_modules/"));
  if (strangers.length === 0) return;
  throw new Error(`not in \`dependencies\` of package.json, yet needed to run: ${strangers.slice(0, 5).join(", ")}`);
}

/** The console's pages, built by their own bundler, beside the program that serves them. */
async function placeConsole(): Promise<void> {
  if (!existsSync(join(root, "packages/console"))) return; // a small repository of a test
  await ensureConsole(root);
  const isPublished = (file: string): boolean => basename(file) !== basename(stampFile);
  cpSync(join(root, "packages/console/dist"), join(dist, "console"), { recursive: true, filter: isPublished });
}

async function main(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const entries = findEntries();
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...entries].map(([file, name]) => [name, file])),
    outdir: dist,
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    sourcemap: "linked",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    external: Object.keys(manifests.root.dependencies),
    plugins: [placeFilesBeside(entries)],
  });
  refuseBundledThirdParty(result);
  await placeConsole();
  const outputs = Object.entries(result.metafile.outputs).filter(([file]) => file.endsWith(".js"));
  const bytes = outputs.reduce((sum, [, output]) => sum + output.bytes, 0);
  const names = [...entries.values()].map((name) => basename(name)).join(", ");
  console.log(`dist: ${names}; ${outputs.length} files, ${(bytes / 1024).toFixed(0)} kB`);
}

await main();
