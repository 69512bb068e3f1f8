/**
 * Whether what Scorecard found is good enough. In: results, a policy, the dependencies that must have one, now. Out: a
 * verdict for each dependency and in total, and findings. Failed, inconclusive and missing are three things: a check that
 * could not decide has not passed, and a project that nobody measured is unknown.
 */
import { parse } from "yaml";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { supplyFinding, type SupplyFinding, type SupplySeverity } from "../finding.ts";
import { checkRisks, type ScorecardResult } from "./result.ts";

const policySchema = z.strictObject({
  version: z.literal(1),
  /** As in scorecard-action: the least score of a check, where it is enforced. */
  policies: z.record(
    z.string().min(1),
    z.strictObject({ score: z.int().min(0).max(10), mode: z.enum(["enforced", "disabled"]) }),
  ),
  minimumScore: z.number().min(0).max(10).optional(),
  maxAgeDays: z.number().positive().optional(),
  /** What each dependency's source is, and the commit that is in use, where it is known. */
  dependencies: z
    .record(
      z.string().min(1).describe("name or purl"),
      z.strictObject({
        repo: z.string().min(1),
        commit: z
          .string()
          .regex(/^[0-9a-f]{7,64}$/)
          .optional(),
      }),
    )
    .optional(),
});

export type ScorecardPolicy = z.infer<typeof policySchema>;

/** What holds when nobody gives a policy: the checks whose failure lets somebody else's code in. */
export const defaultScorecardPolicy: ScorecardPolicy = {
  version: 1,
  policies: {
    "Dangerous-Workflow": { score: 10, mode: "enforced" },
    "Binary-Artifacts": { score: 8, mode: "enforced" },
    "Token-Permissions": { score: 5, mode: "enforced" },
    "Code-Review": { score: 3, mode: "enforced" },
    Maintained: { score: 3, mode: "enforced" },
    Vulnerabilities: { score: 5, mode: "enforced" },
  },
  minimumScore: 5,
  maxAgeDays: 90,
};

/** Reads a policy (YAML). @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function parseScorecardPolicy(text: string, file: string): ScorecardPolicy {
  try {
    return policySchema.parse(parse(text, { schema: "core", maxAliasCount: 0 }));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? (cause.issues[0]?.message ?? "") : (cause as Error).message;
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no Scorecard policy: ${words.split("\n", 1)[0] ?? ""}`, {
      cause,
    });
  }
}

export type CheckState = "passed" | "failed" | "inconclusive" | "missing";

export interface DependencyScore {
  readonly name: string;
  readonly repo: string;
  /** `unknown`: there is no result, or it is about another commit. */
  readonly verdict: "passed" | "failed" | "inconclusive" | "unknown";
  readonly score?: number;
  readonly commit?: string;
  readonly measuredAt?: string;
  readonly checks: readonly {
    readonly name: string;
    readonly state: CheckState;
    readonly score?: number;
    readonly wanted: number;
  }[];
}

export interface ScorecardReport {
  readonly dependencies: readonly DependencyScore[];
  readonly findings: readonly SupplyFinding[];
  /** Over all that were measured; absent when none was. */
  readonly total: {
    readonly measured: number;
    readonly unknown: number;
    readonly lowest?: number;
    readonly mean?: number;
  };
}

const dayMs = 86_400_000;

/** Judges results; without `dependencies` in the policy, every result is one. */
export function judgeScorecard(
  results: readonly ScorecardResult[],
  policy: ScorecardPolicy,
  now: Instant,
): ScorecardReport {
  const wanted = Object.entries(
    policy.dependencies ?? Object.fromEntries(results.map(({ repo }) => [repo.name, { repo: repo.name }])),
  );
  const judged = wanted.map(([name, { repo, commit }]: [string, { repo: string; commit?: string | undefined }]) =>
    judgeDependency(name, repo, commit, newestOf(results, repo, commit), policy, now),
  );
  const scores = judged.flatMap(({ dependency }) => dependency.score ?? []);
  return {
    dependencies: judged.map(({ dependency }) => dependency),
    findings: judged.flatMap(({ findings }) => findings),
    total: {
      measured: scores.length,
      unknown: judged.filter(({ dependency }) => dependency.verdict === "unknown").length,
      ...(scores.length === 0
        ? {}
        : { lowest: Math.min(...scores), mean: scores.reduce((sum, score) => sum + score, 0) / scores.length }),
    },
  };
}

/** The newest result of a repository; one of the wanted commit first. */
function newestOf(
  results: readonly ScorecardResult[],
  repo: string,
  commit: string | undefined,
): ScorecardResult | undefined {
  const own = results
    .filter((result) => normalRepo(result.repo.name) === normalRepo(repo))
    .toSorted((a, b) => Date.parse(b.date) - Date.parse(a.date));
  return own.find((result) => commit !== undefined && isCommit(result, commit)) ?? own[0];
}

/** `https://github.com/A/B.git` is `github.com/a/b`. */
export function normalRepo(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/^(?:git\+)?[a-z]+:\/\//, "")
    .replace(/^git@([^:]+):/, "$1/")
    .replace(/(?:\.git)?\/*$/, "");
}

function isCommit({ repo }: ScorecardResult, commit: string): boolean {
  return repo.commit.toLowerCase().startsWith(commit.toLowerCase());
}

function judgeDependency(
  name: string,
  repo: string,
  commit: string | undefined,
  result: ScorecardResult | undefined,
  policy: ScorecardPolicy,
  now: Instant,
): { readonly dependency: DependencyScore; readonly findings: readonly SupplyFinding[] } {
  const find = (rule: string, severity: SupplySeverity, words: string): SupplyFinding =>
    supplyFinding(`scorecard/${rule}`, severity, `${name}: ${words}`, { subject: repo });
  if (result === undefined)
    return {
      dependency: { name, repo, verdict: "unknown", checks: [] },
      findings: [find("no-result", "medium", `there is no Scorecard result for ${repo}`)],
    };
  const about = { name, repo, commit: result.repo.commit, measuredAt: result.date };
  if (commit !== undefined && !isCommit(result, commit))
    return {
      dependency: { ...about, verdict: "unknown", checks: [] },
      findings: [
        find(
          "other-commit",
          "medium",
          `the result is of commit ${result.repo.commit.slice(0, 12)}, and ${commit.slice(0, 12)} is in use`,
        ),
      ],
    };
  const checks = judgeChecks(result, policy);
  const findings = [
    ...judgeAge(result, policy, now).map(([rule, words]) => find(rule, "medium", words)),
    ...judgeScore(result, policy).map(([rule, words]) => find(rule, rule === "low-score" ? "high" : "medium", words)),
    ...checks.flatMap((check) =>
      checkFinding(check, result).map(([rule, severity, words]) => find(rule, severity, words)),
    ),
  ];
  const failed =
    checks.some(({ state }) => state === "failed") || (result.score >= 0 && result.score < (policy.minimumScore ?? 0));
  const open = result.score < 0 || checks.some(({ state }) => state === "inconclusive" || state === "missing");
  return {
    dependency: {
      ...about,
      verdict: failed ? "failed" : open ? "inconclusive" : "passed",
      ...(result.score < 0 ? {} : { score: result.score }),
      checks,
    },
    findings,
  };
}

function judgeChecks({ checks }: ScorecardResult, { policies }: ScorecardPolicy): DependencyScore["checks"] {
  return Object.entries(policies)
    .filter(([, { mode }]) => mode === "enforced")
    .map(([name, { score: wanted }]) => {
      const found = checks.find((check) => check.name === name);
      if (found === undefined) return { name, state: "missing", wanted };
      if (found.score < 0) return { name, state: "inconclusive", wanted };
      return { name, state: found.score >= wanted ? "passed" : "failed", score: found.score, wanted };
    });
}

function checkFinding(
  { name, state, score, wanted }: DependencyScore["checks"][number],
  { checks, scorecard }: ScorecardResult,
): readonly (readonly [rule: string, severity: SupplySeverity, words: string])[] {
  const risk = Object.hasOwn(checkRisks, name) ? checkRisks[name as keyof typeof checkRisks] : "medium";
  const reason = (checks.find((check) => check.name === name)?.reason ?? "").slice(0, 200);
  switch (state) {
    case "passed":
      return [];
    case "failed":
      return [["failed-check", risk, `${name} is ${score ?? ""}, and ${wanted} is wanted: ${reason}`]];
    case "inconclusive":
      return [["inconclusive-check", "medium", `${name} could not be decided: ${reason}`]];
    case "missing":
      return [["missing-check", "medium", `${name} was not measured (Scorecard ${scorecard.version})`]];
  }
}

function judgeAge(
  { date }: ScorecardResult,
  { maxAgeDays }: ScorecardPolicy,
  now: Instant,
): readonly (readonly [string, string])[] {
  const at = Date.parse(date);
  if (!Number.isFinite(at)) return [["stale-result", "the result does not say when it was made"]];
  if (at > now + dayMs) return [["stale-result", `the result is from the future (${date})`]];
  const age = Math.floor((now - at) / dayMs);
  return maxAgeDays !== undefined && age > maxAgeDays
    ? [["stale-result", `the result is ${age} days old (${maxAgeDays} are allowed)`]]
    : [];
}

function judgeScore(
  { score }: ScorecardResult,
  { minimumScore }: ScorecardPolicy,
): readonly (readonly [string, string])[] {
  if (score < 0) return [["no-score", "Scorecard could not give it a score"]];
  return minimumScore !== undefined && score < minimumScore
    ? [["low-score", `its score is ${score}, and ${minimumScore} is wanted`]]
    : [];
}
