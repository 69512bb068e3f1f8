/**
 * How bad a vulnerability is. In: an OSV record. Out: a severity, from the database's own word or from the CVSS vector;
 * nothing where the record says nothing.
 */
import cvss from "ae-cvss-calculator";
import type { SupplySeverity } from "../finding.ts";
import type { OsvRecord } from "./osv-record.ts";

const words: Readonly<Record<string, SupplySeverity>> = {
  critical: "critical",
  high: "high",
  moderate: "medium",
  medium: "medium",
  low: "low",
  none: "info",
  negligible: "low",
};

export interface Severity {
  readonly severity: SupplySeverity;
  /** CVSS base score, 0 to 10, where there is a vector. */
  readonly score?: number;
}

/** What a record says of its severity. */
export function severityOf(record: OsvRecord): Severity | undefined {
  const vectors = [...(record.severity ?? []), ...(record.affected ?? []).flatMap(({ severity }) => severity ?? [])];
  const scores = vectors.flatMap(({ score }) => scoreOf(score) ?? []);
  const score = scores.length === 0 ? undefined : Math.max(...scores);
  const word = record.database_specific?.["severity"];
  const said = typeof word === "string" ? words[word.toLowerCase()] : undefined;
  const severity = said ?? (score === undefined ? undefined : fromScore(score));
  if (severity === undefined) return undefined;
  return { severity, ...(score === undefined ? {} : { score }) };
}

/** CVSS qualitative scale (v3.1, section 5; v4.0, section 6). */
export function fromScore(score: number): SupplySeverity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "info";
}

function scoreOf(vector: string): number | undefined {
  if (vector.length > 512) return undefined;
  try {
    // Typed as anything by the library.
    const calculator = cvss.fromVector(vector) as { calculateScores(): { overall?: unknown } } | null;
    const score = calculator?.calculateScores().overall;
    return typeof score === "number" && score >= 0 && score <= 10 ? score : undefined;
  } catch {
    return undefined; // a malformed vector says nothing
  }
}
