/**
 * `npm run check`: everything but the tests, in seconds. Out: one line a check, what is wrong and what to do about it;
 * exit 1 when anything is.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { budgetViolations, describeBudget, measure } from "./budget.ts";
import { checkDependencies } from "./dependency-rule.ts";
import { checkImports } from "./import-rule.ts";
import { checkRepository } from "./repository-rule.ts";
import { describeViolation, type Violation } from "./violation.ts";

interface CheckResult {
  readonly ok: boolean;
  /** Shown beside the name. */
  readonly summary: string;
  /** Shown when it failed. */
  readonly detail: string;
}

interface Check {
  readonly name: string;
  /** What to do when it fails. */
  readonly remedy: string;
  readonly run: () => Promise<CheckResult> | CheckResult;
}

/** npm runs scripts in the repository root. */
const root = process.cwd();

const checks: readonly Check[] = [
  { name: "format", remedy: "run `npm run format`", run: () => program("oxfmt", ["--check"]) },
  {
    name: "lint",
    remedy: "fix the code; .oxlintrc.json holds the rules",
    run: () => program("oxlint", ["--type-aware", "--deny-warnings"]),
  },
  { name: "types", remedy: "fix the types; tsconfig.json holds the options", run: typesCheck },
  { name: "imports", remedy: "keep to the arrows; tools/architecture.ts holds them", run: importsCheck },
  {
    name: "dependencies",
    remedy: "make the manifests agree, then `npm install`",
    run: () => listed(checkDependencies(root)),
  },
  {
    name: "repository",
    remedy: "take it out of the file, and out of the history",
    run: () => listed(checkRepository(root)),
  },
  { name: "budget", remedy: "split the file, break the ring", run: budgetCheck },
];

/** The console's sources know a browser's globals, and nothing else does: they have options of their own. */
async function typesCheck(): Promise<CheckResult> {
  const projects = ["tsconfig.json", "packages/console/tsconfig.json"].filter((file) => existsSync(join(root, file)));
  const results = await Promise.all(projects.map((project) => program("tsc", ["-p", project])));
  return {
    ok: results.every(({ ok }) => ok),
    summary: "",
    detail: results
      .map(({ detail }) => detail)
      .filter((detail) => detail !== "")
      .join("\n"),
  };
}

function importsCheck(): CheckResult {
  const { files, references, violations } = checkImports(root);
  return { ...listed(violations), summary: `${references} imports in ${files} files` };
}

function budgetCheck(): CheckResult {
  const budget = measure(root);
  return { ...listed(budgetViolations(root, budget)), summary: describeBudget(budget) };
}

function listed(violations: readonly Violation[]): CheckResult {
  return { ok: violations.length === 0, summary: "", detail: violations.map(describeViolation).join("\n") };
}

/** Runs a program of node_modules/.bin. One that cannot start, or is killed, has failed. */
function program(name: string, args: readonly string[]): Promise<CheckResult> {
  return new Promise((resolve) => {
    const child = spawn(join(root, "node_modules/.bin", name), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) =>
      resolve({ ok: false, summary: "", detail: `${name} did not start: ${error.message}` }),
    );
    child.on("close", (code, signal) => {
      const detail = signal === null ? output.trim() : `${output.trim()}\n${name} was ended by ${signal}`;
      resolve({ ok: code === 0, summary: "", detail });
    });
  });
}

async function main(): Promise<void> {
  const started = performance.now();
  // Programs run beside one another; the checks in this process wait for nobody.
  const results = await Promise.all(
    checks.map(async (check) => {
      try {
        return { check, result: await check.run() };
      } catch (error) {
        return { check, result: { ok: false, summary: "", detail: `the check itself failed: ${String(error)}` } };
      }
    }),
  );
  for (const { check, result } of results) {
    console.log(`${result.ok ? "ok  " : "FAIL"} ${check.name}${result.summary === "" ? "" : `: ${result.summary}`}`);
    if (!result.ok) console.log(`${result.detail.replace(/^/gm, "     ")}\n     -> ${check.remedy}`);
  }
  const failed = results.filter(({ result }) => !result.ok).length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    failed === 0
      ? `all ${checks.length} checks passed in ${seconds} s`
      : `${failed} of ${checks.length} checks failed in ${seconds} s`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
