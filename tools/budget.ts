/**
 * The numbers that show whether the house stays readable. In: sources. Out: file lengths, import cycles, `any`, and
 * dependency counts; and a violation for each that is over its bar.
 */
import { posix } from "node:path";
import { readSources, type Source } from "./import-rule.ts";
import { readManifests } from "./manifests.ts";
import type { Violation } from "./violation.ts";

/** A file longer than this holds more than one idea. */
export const maxFileLines = 400;

export interface Budget {
  readonly files: number;
  readonly medianLines: number;
  readonly p95Lines: number;
  readonly longest: { readonly file: string; readonly lines: number };
  readonly testLines: number;
  readonly sourceLines: number;
  /** Groups of files that import one another for their values, directly or in a ring. */
  readonly cycles: readonly (readonly string[])[];
  readonly anyCount: number;
  /** Third-party run-time dependencies by package. */
  readonly dependencies: Readonly<Record<string, number>>;
}

/** Measures the packages under `root`. */
export function measure(root: string): Budget {
  const sources = readSources(root).filter((source) => source.package !== undefined);
  const code = sources.filter((source) => !source.test).toSorted((a, b) => a.record.lines - b.record.lines);
  const at = (share: number): number =>
    code[Math.min(code.length - 1, Math.floor(code.length * share))]?.record.lines ?? 0;
  const total = (list: readonly Source[]): number => list.reduce((sum, { record }) => sum + record.lines, 0);
  const longest = code.at(-1);
  const dependencies = [...readManifests(root).packages].map(
    ([name, manifest]) =>
      [
        name,
        Object.keys(manifest.dependencies).filter((d) => !d.startsWith("@cordon/") && d !== "node").length,
      ] as const,
  );
  return {
    files: code.length,
    medianLines: at(0.5),
    p95Lines: at(0.95),
    longest: { file: longest?.file ?? "", lines: longest?.record.lines ?? 0 },
    sourceLines: total(code),
    testLines: total(sources) - total(code),
    cycles: valueCycles(code),
    anyCount: sources.reduce((sum, { record }) => sum + record.anyCount, 0),
    dependencies: Object.fromEntries(dependencies),
  };
}

/** What is over its bar. Dependency counts and the median are shown, not judged. */
export function budgetViolations(root: string, budget: Budget): Violation[] {
  if (budget.files === 0)
    return [{ file: "packages", line: 1, message: "no source file was found: nothing was measured" }];
  const long = readSources(root)
    .filter(({ package: name, test, record }) => name !== undefined && !test && record.lines > maxFileLines)
    .map(({ file, record }) => ({
      file,
      line: maxFileLines,
      message: `${record.lines} lines, at most ${maxFileLines}: split by idea`,
    }));
  const rings = budget.cycles.map((files) => ({
    file: files[0] ?? "",
    line: 1,
    message: `imports in a ring: ${files.join(" -> ")}`,
  }));
  return [...long, ...rings];
}

/** One line for people. */
export function describeBudget(budget: Budget): string {
  const dependencies = Object.entries(budget.dependencies).map(([name, count]) => `${name} ${count}`);
  return (
    `${budget.files} files, lines median ${budget.medianLines} / p95 ${budget.p95Lines} / max ${budget.longest.lines} ` +
    `(${budget.longest.file}); tests ${budget.testLines} lines to ${budget.sourceLines}; value cycles ${budget.cycles.length}; ` +
    `any ${budget.anyCount}; dependencies ${dependencies.join(", ")}`
  );
}

/** Strongly connected groups (Tarjan 1972) of the graph of relative value imports. */
function valueCycles(sources: readonly Source[]): string[][] {
  const graph = new Map(sources.map((source) => [source.file, valueTargets(source)]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const connect = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.size - 1);
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue;
      if (!index.has(target)) connect(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file) ?? 0, low.get(target) ?? 0));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1 || graph.get(file)?.includes(file) === true) groups.push(group);
  };
  for (const file of graph.keys()) if (!index.has(file)) connect(file);
  return groups;
}

function valueTargets({ file, record }: Source): string[] {
  return record.references
    .filter(
      ({ kind, typeOnly, specifier }) =>
        !typeOnly && (kind === "import" || kind === "export") && specifier.startsWith("."),
    )
    .map(({ specifier }) => posix.normalize(posix.join(posix.dirname(file), specifier)));
}
