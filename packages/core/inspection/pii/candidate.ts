/**
 * What scanners propose before they are weighed against one another. In: proposals that may overlap. Out: findings, by
 * start. A proposal gives way to a surer one that holds it or lies in it; where two merely overlap, both stay, so that
 * nothing of either is shown.
 *
 * One step only: a proposal that gave way still pushes out weaker ones. So a finding depends on its neighbours alone, and
 * text that arrives in pieces is judged as the whole is.
 */
import type { Finding } from "../finding.ts";

export interface Candidate {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Candidates below it are not worth a finding. */
export const leastScore = 0.5;

export function resolve(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates
    .filter(({ score }) => score >= leastScore)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  if (sorted.length < 2) return sorted;
  return sorted.filter((candidate, at) => !isPushedOut(candidate, at, sorted));
}

function isPushedOut(candidate: Candidate, at: number, sorted: readonly Candidate[]): boolean {
  for (let other = at + 1; other < sorted.length; other++) {
    const rival = sorted[other];
    if (rival === undefined || rival.start >= candidate.end) break;
    if (beats(rival, candidate, false)) return true;
  }
  for (let other = at - 1; other >= 0 && other >= at - 24; other--) {
    const rival = sorted[other];
    if (rival !== undefined && rival.end > candidate.start && beats(rival, candidate, true)) return true;
  }
  return false;
}

function beats(rival: Candidate, candidate: Candidate, earlier: boolean): boolean {
  const holds = rival.start <= candidate.start && rival.end >= candidate.end;
  const lies = rival.start >= candidate.start && rival.end <= candidate.end;
  if (!holds && !lies) return false;
  if (rival.score !== candidate.score) return rival.score > candidate.score;
  const longer = rival.end - rival.start - (candidate.end - candidate.start);
  return longer === 0 ? earlier : longer > 0;
}

/** OWASP LLM02:2025 Sensitive Information Disclosure; ATLAS AML.T0057 LLM Data Leakage. */
export function toFinding({ type, start, end, score }: Candidate): Finding {
  return { detector: `pii/${type}`, category: "pii", owasp: "LLM02:2025", atlas: "AML.T0057", start, end, score };
}
