import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { linkModules } from "./planted.ts";

const repository = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "cordon-pack-"));
const installed = join(folder, "empty/node_modules/cordon");
const { NODE_TEST_CONTEXT: _, ...environment } = process.env;

/** Any old Node on the machine: what people start `npx cordon` with. */
const hostNode = ["/usr/bin/node", "/usr/local/bin/node"].find((file) => existsSync(file)) ?? process.execPath;

/** Packs a copy, so that the checkout's own dist is left alone, and unpacks it as npm would install it. */
before(() => {
  const copy = join(folder, "copy");
  for (const name of ["package.json", "tsconfig.json", "LICENSE", "bin", "tools", "packages", "examples"]) {
    cpSync(join(repository, name), join(copy, name), { recursive: true });
  }
  linkModules(copy);
  const packed = spawnSync("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: copy,
    env: environment,
    encoding: "utf8",
  });
  assert.equal(packed.status, 0, packed.stderr);
  mkdirSync(installed, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
  const unpacked = spawnSync("tar", [
    "-xzf",
    join(folder, `cordon-${version}.tgz`),
    "-C",
    installed,
    "--strip-components=1",
  ]);
  assert.equal(unpacked.status, 0);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Gives the installed package its dependencies, hoisted; those of the checkout stand in for the registry's. */
function installDependencies(t: { after: (fn: () => void) => void }): void {
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(installed, "..", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), link);
    t.after(() => rmSync(link));
  }
}

test("the package holds the program and no sources, tests or tools", () => {
  const listed = spawnSync("find", [".", "-type", "f"], { cwd: installed, encoding: "utf8" }).stdout.trim().split("\n");
  assert.ok(listed.includes("./dist/cordon.js"));
  assert.ok(listed.includes("./bin/cordon.js"));
  assert.ok(listed.includes("./LICENSE"));
  assert.ok(listed.includes("./dist/assets/core-inspection-encoder-weights.bin"), "the encoder's weights");
  assert.ok(listed.includes("./dist/console/index.html"), "the console's pages");
  assert.deepEqual(
    listed.filter((file) => /\.ts$|^\.\/(?:tools|packages|test)\//.test(file)),
    [],
  );
});

test("the installed command runs on the Node that it brings, started from the machine's own", (t) => {
  installDependencies(t);
  const { status, stdout, stderr } = spawnSync(hostNode, [join(installed, "bin/cordon.js"), "--version"], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^cordon \d+\.\d+\.\d+\n$/);
});

test("the installed command keeps the exit code", (t) => {
  installDependencies(t);
  const { status, stderr } = spawnSync(hostNode, [join(installed, "bin/cordon.js"), "no-such-command"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /^error USAGE: /);
});

test("a signal reaches the program, and its answer comes back", async (t) => {
  installDependencies(t);
  const program = join(installed, "dist/cordon.js");
  const real = readFileSync(program);
  t.after(() => writeFileSync(program, real));
  writeFileSync(
    program,
    'process.on("SIGTERM", () => { console.log("draining"); process.exit(7); });\n' +
      "setInterval(() => {}, 1000);\nconsole.log(`up ${process.versions.node}`);\n",
  );
  const child = spawn(hostNode, [join(installed, "bin/cordon.js")], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (text.startsWith("up")) child.kill("SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(output, `up ${process.versions.node}\ndraining\n`);
  assert.equal(code, 7);
});

test("a program ended by a signal is seen to have ended by it", (t) => {
  installDependencies(t);
  const program = join(installed, "dist/cordon.js");
  const real = readFileSync(program);
  t.after(() => writeFileSync(program, real));
  writeFileSync(program, 'process.kill(process.pid, "SIGKILL");\nsetInterval(() => {}, 1000);\n');
  assert.equal(spawnSync(hostNode, [join(installed, "bin/cordon.js")]).signal, "SIGKILL");
});

test("without its runtime the command says what is missing and what to do", (t) => {
  if (hostNode === process.execPath) return t.skip("there is no other Node on this machine");
  const { status, stderr } = spawnSync(hostNode, [join(installed, "bin/cordon.js"), "--version"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /^error: Cordon runs on Node 24\..*binary is missing.*npm approve-scripts node/s);
});
