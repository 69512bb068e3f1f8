import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  defaultScorecardPolicy,
  judgeScorecard,
  normalRepo,
  parseScorecardPolicy,
  type ScorecardPolicy,
} from "./judge-scorecard.ts";
import { parseScorecard, type ScorecardResult } from "./result.ts";

const shared = new URL("../../../../../shared/corpora/scorecard/", import.meta.url).pathname;
const skip = existsSync(shared) ? false : `the corpus is not at ${shared}`;
const now = Date.parse("2026-11-25T00:00:00Z");

function result(checks: Readonly<Record<string, number>>, over: object = {}): ScorecardResult {
  const tree = {
    date: "2026-11-20",
    repo: { name: "github.com/acme/lib", commit: "68bc59901773ab4c051dfcea0cc4201a1567ab32" },
    scorecard: { version: "v5.3.0", commit: "abc" },
    score: 7,
    checks: Object.entries(checks).map(([name, score]) => ({ name, score, reason: "r" })),
    ...over,
  };
  const [parsed] = parseScorecard(Buffer.from(JSON.stringify(tree)), "x.json");
  assert.ok(parsed !== undefined);
  return parsed;
}

const policy = (over: Partial<ScorecardPolicy> = {}): ScorecardPolicy => ({
  version: 1,
  policies: { "Code-Review": { score: 5, mode: "enforced" }, Fuzzing: { score: 10, mode: "disabled" } },
  minimumScore: 5,
  maxAgeDays: 30,
  ...over,
});

const rules = (results: readonly ScorecardResult[], over: Partial<ScorecardPolicy> = {}): string[] =>
  judgeScorecard(results, policy(over), now).findings.map(({ rule }) => rule.slice("scorecard/".length));

test("reads what Scorecard writes, and says what it does not read", { skip }, (t) => {
  let read = 0;
  for (const half of ["dev", "heldout"].map((name) => join(shared, name)).filter(existsSync))
    for (const file of readdirSync(half)) {
      const bytes = readFileSync(join(half, file));
      const holdsChecks = file.endsWith(".json") && !file.startsWith("probe");
      if (holdsChecks) assert.ok(parseScorecard(bytes, file).length > 0, file);
      else assert.throws(() => parseScorecard(bytes, file), /SARIF|probes/, file);
      read += 1;
    }
  t.diagnostic(`Scorecard files: ${read} of ${read} right`);
  const real = parseScorecard(readFileSync(join(shared, "dev/guac-kubernetes-scorecard.json")), "kubernetes");
  const report = judgeScorecard(real, defaultScorecardPolicy, now);
  assert.ok(report.findings.some(({ rule }) => rule === "scorecard/stale-result"));
  assert.equal(report.total.mean, 8.9);
  assert.ok(
    parseScorecardPolicy(readFileSync(join(shared, "reference/policy-template.yml"), "utf8"), "policy").policies[
      "License"
    ],
  );
});

test("passed, failed, inconclusive and missing are four things", () => {
  const cases = { 5: [], 4: ["failed-check"], "-1": ["inconclusive-check"] };
  for (const [score, expected] of Object.entries(cases))
    assert.deepEqual(rules([result({ "Code-Review": Number(score) })]), expected, score);
  assert.deepEqual(rules([result({})]), ["missing-check"]);
  const verdict = (score: number): string | undefined =>
    judgeScorecard([result({ "Code-Review": score })], policy(), now).dependencies[0]?.verdict;
  assert.deepEqual([5, 4, -1].map(verdict), ["passed", "failed", "inconclusive"]);
});

test("the total score, age and commit count", () => {
  const good = { "Code-Review": 10 };
  assert.deepEqual(rules([result(good, { score: 4.9 })]), ["low-score"]);
  assert.deepEqual(rules([result(good, { score: -1 })]), ["no-score"]);
  assert.deepEqual(rules([result(good, { date: "2026-01-01" })]), ["stale-result"]);
  assert.deepEqual(rules([result(good, { date: "2027-01-01" })]), ["stale-result"]);
  assert.deepEqual(rules([result(good, { date: "yesterday" })]), ["stale-result"]);
  const wants = (commit: string): string[] =>
    rules([result(good)], { dependencies: { lib: { repo: "https://github.com/Acme/lib.git", commit } } });
  assert.deepEqual(wants("68bc599"), []);
  assert.deepEqual(wants("deadbeef"), ["other-commit"]);
});

test("a dependency without a result is unknown, by dependency and in total", () => {
  const dependencies = { lib: { repo: "github.com/acme/lib" }, other: { repo: "github.com/acme/other" } };
  const report = judgeScorecard([result({ "Code-Review": 10 })], policy({ dependencies }), now);
  assert.deepEqual(
    report.dependencies.map(({ name, verdict }) => `${name} ${verdict}`),
    ["lib passed", "other unknown"],
  );
  assert.deepEqual(report.total, { measured: 1, unknown: 1, lowest: 7, mean: 7 });
  assert.equal(normalRepo("git@github.com:Acme/Lib.git"), "github.com/acme/lib");
});

test("refuses results that are none, doubled checks and broken policies", () => {
  for (const text of ["", "{}", "[1]", '{"date":"x"}'])
    assert.throws(() => parseScorecard(Buffer.from(text), "x"), { code: "SUPPLY_INPUT_INVALID" });
  const doubled = JSON.stringify({
    ...result({}),
    checks: [
      { name: "A", score: 10, reason: "" },
      { name: "A", score: 0, reason: "" },
    ],
  });
  assert.throws(() => parseScorecard(Buffer.from(doubled), "x"), /twice/);
  assert.throws(() => parseScorecardPolicy("version: 2", "p"), { code: "SUPPLY_INPUT_INVALID" });
});
