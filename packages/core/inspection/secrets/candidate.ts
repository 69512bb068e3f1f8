/** What the scans of this room propose, and the findings made of it. In: proposals that may overlap. Out: findings, by start. */
import type { Finding } from "../finding.ts";

export interface Candidate {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

const leastScore = 0.5;

/** What lies within another goes, unless it is the same and surer; what merely overlaps stays, so that all is covered. */
export function resolve(candidates: readonly Candidate[]): readonly Candidate[] {
  const sorted = candidates
    .filter(({ score }) => score >= leastScore)
    .sort((a, b) => a.start - b.start || b.end - a.end || b.score - a.score);
  const kept: Candidate[] = [];
  for (const candidate of sorted) {
    const last = kept.at(-1);
    if (last === undefined || candidate.end > last.end) kept.push(candidate);
  }
  return kept;
}

/** OWASP LLM02:2025 Sensitive Information Disclosure; ATLAS AML.T0055 Unsecured Credentials. */
export function toFinding({ type, start, end, score }: Candidate): Finding {
  return { detector: `secret/${type}`, category: "secret", owasp: "LLM02:2025", atlas: "AML.T0055", start, end, score };
}
