/**
 * `cordon config check [FILE] [--json]`: reads a `cordon.yaml` and the policies it names as `cordon up` would, changes
 * nothing, and says everything that is wrong, with the line and a caret. Exit 0 fine, 1 problems, 2 cannot be read.
 */
import { readFile } from "node:fs/promises";
import { isCordonError } from "@cordon/core/errors";
import { problemsOf, type ConfigurationProblem } from "@cordon/core/contract/configuration-problems";
import { secretShape } from "@cordon/core/contract/secret-shapes";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { checkPolicies } from "@cordon/core/policy/policy-check";
import type { PolicySource } from "@cordon/core/policy/engine";
import { configurationObjects } from "@cordon/control/registry/configuration-objects";
import { loadConfiguration, type LoadedConfiguration } from "@cordon/control/registry/load-configuration";
import type { PolicyValue } from "@cordon/control/registry/objects";
import type { Io } from "../../io.ts";

const usage = "usage: cordon config check [FILE] [--json]\n\nChecks FILE (default cordon.yaml) and its policies.\n";
const maxLineCharacters = 160;

/** Runs the check. Problems go to stderr, or to stdout as JSON. */
export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  if (args.includes("--help")) {
    io.stdout(usage);
    return 0;
  }
  const json = args.includes("--json");
  const [path = "cordon.yaml", ...more] = args.filter((arg) => arg !== "--json");
  if (more.length > 0 || path.startsWith("-")) {
    io.stderr(usage);
    return 2;
  }
  const report = await checkConfiguration(path);
  if (json) io.stdout(`${JSON.stringify({ file: path, ok: report.exit === 0, problems: report.problems })}\n`);
  else if (report.exit === 0) io.stdout(`${path} is valid: ${report.words}\n`);
  else io.stderr(await render(report, path));
  return report.exit;
}

export interface Report {
  readonly exit: 0 | 1 | 2;
  readonly problems: readonly Omit<ConfigurationProblem, "line" | "column">[] | readonly ConfigurationProblem[];
  readonly words: string;
}

/** Reads a configuration and its policies as `cordon up` would. Changes nothing. */
export async function checkConfiguration(path: string): Promise<Report> {
  let loaded: LoadedConfiguration;
  try {
    loaded = await loadConfiguration(path, path);
  } catch (error) {
    if (isCordonError(error, "CONFIG_INVALID")) return { exit: 1, problems: problemsOf(error), words: "" };
    if (isCordonError(error, "CONFIG_UNREADABLE"))
      return { exit: 2, problems: [{ file: path, message: error.message }], words: error.message };
    throw error;
  }
  const problems = policyProblems(loaded);
  return { exit: problems.length > 0 ? 1 : 0, problems, words: summary(loaded) };
}

function policyProblems({ configuration, policyTexts, folder }: LoadedConfiguration): ConfigurationProblem[] {
  const sources: PolicySource[] = configurationObjects(configuration, policyTexts, folder)
    .filter(({ key }) => key.kind === "policy")
    .map(({ key, value }) => ({ namespace: key.namespace, ...(value as PolicyValue) }));
  const { problems } = checkPolicies(sources, { trustDomain: parseTrustDomain(configuration.trustDomain) });
  return problems.map(({ origin, line, column, words }) => ({ file: origin, line, column, message: words }));
}

function summary({ configuration }: LoadedConfiguration): string {
  const count = (items: readonly unknown[], one: string, many: string): string =>
    `${items.length} ${items.length === 1 ? one : many}`;
  return [
    count(configuration.components, "component", "components"),
    count(configuration.upstreams, "upstream", "upstreams"),
    count(configuration.routes, "route", "routes"),
    count(configuration.policies, "policy", "policies"),
  ].join(", ");
}

async function render(report: Report, path: string): Promise<string> {
  if (report.exit === 2) return `error: ${report.words}\n`;
  const source = (await readFile(path, "utf8")).split("\n");
  const problems = report.problems as readonly ConfigurationProblem[];
  // A line with a secret on it is never printed, whichever problem points there.
  const hidden = new Set(problems.filter((problem) => problem.holdsSecret).map((problem) => problem.line));
  const texts = problems.map((problem) => {
    const head = `${problem.file}:${problem.line}:${problem.column} error: ${problem.message}\n`;
    const line = source[problem.line - 1];
    if (problem.file !== path || line === undefined || hidden.has(problem.line) || secretShape(line)) return head;
    return head + excerpt(line.replace(/\r$/, ""), problem);
  });
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return `${texts.join("")}${count}; nothing of this configuration would be in force\n`;
}

/** The line and a caret below the column; of a long line, the part around it. */
function excerpt(line: string, problem: ConfigurationProblem): string {
  const start = Math.max(0, Math.min(problem.column - 1 - maxLineCharacters / 2, line.length - maxLineCharacters));
  // Only what a terminal shows as one cell each; anything else could move the cursor.
  const shown = line.slice(start, start + maxLineCharacters).replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, " ");
  const gutter = String(problem.line);
  const blank = " ".repeat(gutter.length);
  return `  ${gutter} | ${shown}\n  ${blank} | ${" ".repeat(problem.column - 1 - start)}^\n`;
}
