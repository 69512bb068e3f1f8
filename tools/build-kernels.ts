/**
 * `node tools/build-kernels.ts`: compiles the kernels of inspection (`packages/core/inspection/kernels/*.as`, AssemblyScript)
 * to WebAssembly and writes `code.ts` beside them. `--check` writes nothing and says whether it would. The same sources
 * give the same bytes.
 *
 * The compiler is no dependency of Cordon: `npm install --prefix tools/kernels --ignore-scripts` brings it, in the one version
 * that `tools/kernels/package.json` names.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

/** Each is the file that its kernel's functions stand in; what it imports is compiled with it. */
const kernels = ["encoder", "injection", "names", "scan"] as const;
const folder = new URL("../packages/core/inspection/kernels/", import.meta.url);
// No file of the repository: it is there once somebody has brought it.
const compilerUrl = pathToFileURL(join(import.meta.dirname, "kernels/node_modules/assemblyscript/dist/asc.js"));

if (!existsSync(compilerUrl)) {
  console.error("the compiler is not here: npm install --prefix tools/kernels --ignore-scripts");
  process.exit(2);
}
const compiler = (await import(compilerUrl.href)) as Compiler;
const lines = [
  "/** Kernels in WebAssembly, made by `node tools/build-kernels.ts` of the `.as` files beside this one. */",
];
for (const name of kernels)
  lines.push(`export const ${name}Kernel =\n  "${Buffer.from(await compile(name)).toString("base64")}";`);
const code = `${lines.join("\n")}\n`;
const target = new URL("code.ts", folder);
if (!process.argv.includes("--check")) writeFileSync(target, code);
else if (readFileSync(target, "utf8") !== code) {
  console.error("packages/core/inspection/kernels/code.ts is not what its sources give: node tools/build-kernels.ts");
  process.exit(1);
}

async function compile(name: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await compiler.main(
    [
      ...[`${name}.ts`, "-o", "kernel.wasm", "-Ospeed", "--noAssert", "--runtime", "stub"],
      ...["--enable", "simd", "--use", "abort=", "--initialMemory", "1"],
    ],
    {
      // The compiler knows sources by `.ts`; ours have a name of their own, since they are no TypeScript.
      readFile(file) {
        const url = new URL(file.replace(/\.ts$/, ".as"), folder);
        return existsSync(url) ? readFileSync(url, "utf8") : null;
      },
      writeFile(file, contents) {
        if (file.endsWith(".wasm")) binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) {
    console.error(stderr.toString());
    process.exit(1);
  }
  return binary;
}
