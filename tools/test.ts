/**
 * `npm test [-- PATH... FLAG...]`: the checks, then every test file. Out: a line a file, failures in full, what was
 * skipped and why, and last a line `N passed, N failed`. Exit 1 on any failure, and when no test ran.
 *
 * PATH is a folder, file or glob; with one, the checks are left out. FLAGs go to node (`--test-name-pattern=word`),
 * but for `--file-timeout=SECONDS` and `--concurrency=N`, which are ours.
 */
import { spawn } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { listFiles } from "./source-files.ts";
import { runTestFile, type FileOutcome, type RunOptions } from "./test-run.ts";

interface Arguments {
  readonly paths: readonly string[];
  readonly flags: readonly string[];
  readonly fileTimeoutMs: number;
  readonly concurrency: number;
}

/** npm runs scripts in the repository root. */
const root = process.cwd();
const testFile = /\.test\.[cm]?[jt]s$/;

function parseArguments(args: readonly string[]): Arguments {
  const number = (name: string, fallback: number): number => {
    const value = args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
    const parsed = value === undefined ? fallback : Number(value);
    if (!(parsed > 0)) throw new Error(`--${name}: \`${value}\` is no positive number`);
    return parsed;
  };
  return {
    paths: args.filter((arg) => !arg.startsWith("-")),
    flags: args.filter((arg) => arg.startsWith("-") && !/^--(?:file-timeout|concurrency)=/.test(arg)),
    fileTimeoutMs: number("file-timeout", 180) * 1000,
    concurrency: number("concurrency", availableParallelism()),
  };
}

/** The test files under the given folders, files and globs; all of the repository when there are none. */
function findTestFiles(paths: readonly string[]): string[] {
  const all = listFiles(root).filter((file) => testFile.test(file));
  if (paths.length === 0) return all;
  const found = paths.flatMap((path) => {
    const wanted = relative(root, resolve(path));
    if (!existsSync(path)) return globSync(path).map((file) => relative(root, resolve(file)));
    return statSync(path).isDirectory()
      ? all.filter((file) => wanted === "" || file.startsWith(`${wanted}/`))
      : [wanted];
  });
  return [...new Set(found)].filter((file) => testFile.test(file) && !file.includes("node_modules/")).toSorted();
}

function runChecks(): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "check.ts")], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", () => done(false));
    child.on("close", (code) => done(code === 0));
  });
}

async function runAll(files: readonly string[], options: RunOptions, concurrency: number): Promise<FileOutcome[]> {
  const waiting = [...files];
  const outcomes: FileOutcome[] = [];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !options.signal.aborted; file = waiting.shift()) {
      const outcome = await runTestFile(file, options);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return outcomes;
}

function report({ file, passed, skipped, failed, notes, seconds, output }: FileOutcome): void {
  const parts = [`${passed} passed`];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`);
  console.log(`${failed.length === 0 ? "ok  " : "FAIL"} ${file}: ${parts.join(", ")} (${seconds.toFixed(1)} s)`);
  for (const note of notes) console.log(indent(note));
  if (failed.length === 0) return;
  for (const { name, line, error } of failed) {
    console.log(`\n  ${name}${line === undefined ? "" : ` (${file}:${line})`}\n${indent(error)}\n`);
  }
  if (output.trim() !== "") console.log(`  what it wrote:\n${indent(output.trim())}\n`);
}

function indent(text: string): string {
  return text
    .split("\n")
    .filter(
      (line) =>
        !/^\s+at .*\(node:internal|^\s+at (?:async )?(?:Test|Suite)\.|^\s+at TestContext\.<anonymous> \(node:/.test(
          line,
        ),
    )
    .map((line) => `    ${line}`)
    .join("\n");
}

function summarize(outcomes: readonly FileOutcome[], checksFailed: boolean, interrupted: boolean): void {
  const skipped = outcomes.flatMap(({ file, skipped: tests }) => tests.map((test) => ({ file, ...test })));
  if (skipped.length > 0) console.log("\nSkipped:");
  for (const { file, name, why } of skipped) console.log(`  ${file}: ${name}: ${why === "" ? "no reason given" : why}`);

  const failures = outcomes.flatMap(({ file, failed }) => failed.map(({ name }) => `${file}: ${name}`));
  if (checksFailed) failures.push("npm run check (above)");
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  if (interrupted) failures.push("the run was interrupted");
  if (passed === 0 && failures.length === 0) failures.push("no test passed: nothing was shown to work");
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
  console.log(
    `\n${passed} passed, ${failures.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function main(): Promise<void> {
  const { paths, flags, fileTimeoutMs, concurrency } = parseArguments(process.argv.slice(2));
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  const files = findTestFiles(paths);
  const checksFailed = paths.length === 0 && flags.length === 0 ? !(await runChecks()) : false;
  const mayBeEmpty = flags.some((flag) => /^--test-(?:name-pattern|skip-pattern|only)/.test(flag));
  const options = { root, timeoutMs: fileTimeoutMs, flags, mayBeEmpty, signal: interrupt.signal };
  console.log(`\n${files.length} test files, ${concurrency} at a time, node ${process.versions.node}`);
  const outcomes = await runAll(files, options, concurrency);
  summarize(outcomes, checksFailed, interrupt.signal.aborted);
}

await main();
