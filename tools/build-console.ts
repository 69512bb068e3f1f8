/**
 * `npm run build:console`: the web console as files. In: `packages/console`. Out: `packages/console/dist`, an
 * `index.html` and hashed assets that need nothing from any other host.
 */
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { build } from "vite";

/** Builds the console; where the files lie afterwards. */
export async function buildConsole(root: string): Promise<string> {
  const folder = join(root, "packages/console");
  await build({
    root: folder,
    configFile: false,
    envDir: false,
    logLevel: "warn",
    plugins: [react()],
    build: {
      outDir: "dist",
      emptyOutDir: true,
      target: "es2024",
      modulePreload: { polyfill: false },
      // The console's policy lets no `data:` address in: every font and picture is a file.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1_000,
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [
              { name: "react", test: /node_modules\/(?:react|react-dom|scheduler)\// },
              { name: "graph", test: /node_modules\/(?:@xyflow|d3-)/ },
              { name: "components", test: /node_modules\/@mantine\// },
            ],
          },
        },
      },
    },
  });
  return join(folder, "dist");
}

/** npm runs scripts in the repository root. */
if (import.meta.main) {
  await buildConsole(process.cwd());
  console.log("packages/console/dist is built");
}
