#!/usr/bin/env node
/**
 * Starts Cordon with the Node that it brings along, whatever Node this is. Runs on old releases: keep the syntax plain.
 *
 * The `node` package holds the pinned runtime. Signals are passed on, the exit code comes back.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeEnvironment, nodeFlags } from "./runtime-flags.js";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = JSON.parse(readFileSync(join(home, "package.json"), "utf8")).dependencies.node;

/** The folder of an installed package, hoisted or nested; undefined when it is not installed. */
function packageFolder(name) {
  try {
    return dirname(createRequire(import.meta.url).resolve(name + "/package.json"));
  } catch {
    return undefined;
  }
}

/** The pinned runtime's binary; this process's own when it is the same major; else undefined. */
function findNode() {
  const file = process.platform === "win32" ? "node.exe" : "node";
  for (const name of ["node", "node-" + process.platform + "-" + process.arch]) {
    const folder = packageFolder(name);
    if (folder !== undefined && existsSync(join(folder, "bin", file))) return join(folder, "bin", file);
  }
  return process.versions.node.split(".")[0] === pinned.split(".")[0] ? process.execPath : undefined;
}

/** The sources in a checkout, the compiled program where Cordon is installed. */
function findProgram() {
  return [join(home, "packages", "cli", "main.ts"), join(home, "dist", "cordon.js")].find((file) => existsSync(file));
}

function fail(message) {
  process.stderr.write("error: " + message + "\n");
  process.exit(2);
}

const node = findNode();
const program = findProgram();
if (node === undefined) {
  fail(
    "Cordon runs on Node " +
      pinned +
      ", which its `node` package brings, but that binary is missing.\n" +
      "The package fetches it in an install script. If your npm holds install scripts back, allow this one:\n" +
      "  npm approve-scripts node && npm rebuild node\n" +
      "or run Cordon with Node " +
      pinned.split(".")[0] +
      " yourself. This is Node " +
      process.versions.node +
      ".",
  );
}
if (program === undefined)
  fail("the compiled program is missing: in a checkout, run `npm run build`; else install again");

const flags = [...nodeFlags, "--enable-source-maps", "--disable-warning=ExperimentalWarning"];
const child = spawn(node, [...flags, program, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: nodeEnvironment(process.argv[2], process.env),
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]) {
  process.on(signal, () => {
    // A terminal sends Ctrl-C and Ctrl-\ to both of us; a second copy would turn a graceful stop into a forced one.
    const fromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
    if (!fromTerminal) child.kill(signal);
  });
}
child.on("error", (error) => fail("cannot start " + node + ": " + error.message));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  // End as the child ended, so that a shell or supervisor sees the same.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100);
});
