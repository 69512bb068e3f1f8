/**
 * What inspection found, as policy sees it: `context.findings.request["prompt-injection"] >= 80`. In: the highest score of
 * each category, by direction. Out: the Cedar types and values. Every category is always there; 0 where nothing was found.
 */
import { findingCategories } from "../inspection/finding.ts";
import type { FindingScores } from "../inspection/finding-summary.ts";
import { CedarRecord, type Value } from "./cedar/value.ts";

/** Highest score of each category that was found so far, 0 to 100. */
export interface FindingFacts {
  readonly request: FindingScores;
  readonly response: FindingScores;
}

/** In Cedar's schema syntax, after `findings: `. */
export const findingFactsType = "{ request: Findings, response: Findings }";
export const findingsTypeText = `type Findings = {\n${findingCategories.map((category) => `  "${category}": Long,`).join("\n")}\n};`;

const nothing: FindingScores = {};

/** As the official engine reads it. */
export function findingsJson({ request, response }: FindingFacts = { request: nothing, response: nothing }) {
  const all = (scores: FindingScores) =>
    Object.fromEntries(findingCategories.map((category) => [category, scores[category] ?? 0]));
  return { request: all(request), response: all(response) };
}

/** As the compiled engine reads it. */
export function findingsRecord(facts: FindingFacts | undefined): CedarRecord {
  if (facts === undefined) return noFindings;
  const { request, response } = facts;
  return new CedarRecord(
    new Map([
      ["request", scoresRecord(request)],
      ["response", scoresRecord(response)],
    ]),
  );
}

function scoresRecord(scores: FindingScores): CedarRecord {
  return new CedarRecord(
    new Map<string, Value>(findingCategories.map((category) => [category, scores[category] ?? 0])),
  );
}

/** Made once: nearly every request is decided before anything was found. */
const noFindings = findingsRecord({ request: nothing, response: nothing });
