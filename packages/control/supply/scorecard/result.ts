/**
 * OpenSSF Scorecard results. In: the JSON (version 2) that Scorecard writes: one result, a list, or one a line. Out:
 * results with each check's score, where inconclusive is not zero and not a pass. Other forms (probes, SARIF) hold no
 * checks and are refused by name.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";

export const maxScorecardBytes = 64 * 1024 * 1024;

const checkSchema = z.looseObject({
  name: z.string().min(1).max(200),
  score: z.int().min(-1).max(10),
  reason: z.string().max(10_000).default(""),
});

const resultSchema = z.looseObject({
  date: z.string().max(64),
  repo: z.looseObject({ name: z.string().min(1).max(500), commit: z.string().max(128) }),
  scorecard: z.looseObject({ version: z.string().max(64), commit: z.string().max(128) }),
  score: z.number().min(-1).max(10),
  checks: z.array(checkSchema).max(1000),
});

export type ScorecardResult = z.infer<typeof resultSchema>;

/** How much a check weighs: Scorecard's own risk. */
export const checkRisks = {
  "Dangerous-Workflow": "critical",
  Webhooks: "critical",
  Maintained: "high",
  "Dependency-Update-Tool": "high",
  "Binary-Artifacts": "high",
  "Branch-Protection": "high",
  "Code-Review": "high",
  "Signed-Releases": "high",
  "Token-Permissions": "high",
  Vulnerabilities: "high",
  Fuzzing: "medium",
  Packaging: "medium",
  "Pinned-Dependencies": "medium",
  SAST: "medium",
  SBOM: "medium",
  "Security-Policy": "medium",
  "CI-Tests": "low",
  "CII-Best-Practices": "low",
  Contributors: "low",
  License: "low",
} as const;

/** Reads results. @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function parseScorecard(bytes: Uint8Array, file: string): readonly ScorecardResult[] {
  if (bytes.length > maxScorecardBytes) throw invalid(file, `it is longer than ${maxScorecardBytes} bytes`);
  const trees = readTrees(Buffer.from(bytes).toString("utf8"), file);
  if (trees.length === 0) throw invalid(file, "it is empty");
  return trees.map((tree) => {
    const parsed = resultSchema.safeParse(tree);
    if (parsed.success) return checkNames(parsed.data, file);
    throw invalid(file, describe(tree) ?? firstProblem(parsed.error));
  });
}

function readTrees(text: string, file: string): unknown[] {
  try {
    const tree: unknown = JSON.parse(text);
    return Array.isArray(tree) ? tree : [tree];
  } catch (whole) {
    try {
      return text.split("\n").flatMap((line): unknown[] => (line.trim() === "" ? [] : [JSON.parse(line)]));
    } catch {
      throw invalid(file, (whole as Error).message.slice(0, 200), whole);
    }
  }
}

/** A check that is there twice could fail in one and pass in the other. */
function checkNames(result: ScorecardResult, file: string): ScorecardResult {
  const names = result.checks.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw invalid(file, `${result.repo.name} has a check twice`);
  return result;
}

function describe(tree: unknown): string | undefined {
  if (typeof tree !== "object" || tree === null) return undefined;
  if ("runs" in tree) return "it is SARIF; run scorecard with --format json";
  return "findings" in tree && !("checks" in tree) ? "it holds probes; run scorecard with --format json" : undefined;
}

function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it does not fit"}`;
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${file} is no Scorecard result: ${why}`, { cause });
}
