/**
 * What was found in one interaction, for the record and for policy: detectors, categories, counts and scores, never text.
 * In: findings as they are made. Out: a bounded summary, and the highest score of each category.
 */
import type { Finding, FindingCategory } from "./finding.ts";
import type { Direction } from "./inspect.ts";
import type { InspectionAction } from "./settings.ts";

/** One line of the record: what a detector found in one direction, and what was done with it. */
export interface FindingSummary {
  readonly direction: Direction;
  readonly detector: string;
  readonly category: FindingCategory;
  readonly owasp: string;
  readonly atlas: string;
  /** What was done; on a route that observes, what would have been. */
  readonly action: InspectionAction | "detokenize";
  /** Set where the route only observes. */
  readonly observed?: true;
  readonly count: number;
  /** The highest, 0 to 1. */
  readonly score: number;
}

/** Highest score of each category that was found, 0 to 100. */
export type FindingScores = Readonly<Partial<Record<FindingCategory, number>>>;

/** Lines in one summary; what more there is goes into the last line of its category. */
export const maxSummaryLines = 64;

export class FindingLog {
  readonly #lines = new Map<string, FindingSummary>();
  readonly #scores: Partial<Record<FindingCategory, number>> = {};

  add(direction: Direction, finding: Finding, action: InspectionAction, observed: boolean): void {
    const percent = Math.round(finding.score * 100);
    if (percent > (this.#scores[finding.category] ?? -1)) this.#scores[finding.category] = percent;
    this.#count(direction, finding, action, observed);
  }

  /** A token that was undone: counted, and no finding that policy is asked about. */
  undone(direction: Direction, finding: Finding): void {
    this.#count(direction, finding, "detokenize", false);
  }

  #count(direction: Direction, finding: Finding, action: FindingSummary["action"], observed: boolean): void {
    let key = `${direction} ${finding.detector} ${action}`;
    let { detector } = finding;
    if (!this.#lines.has(key) && this.#lines.size >= maxSummaryLines) {
      detector = `${finding.category}/more`;
      key = `${direction} ${detector} ${action}`;
    }
    const known = this.#lines.get(key);
    const { category, owasp, atlas } = finding;
    this.#lines.set(key, {
      direction,
      detector,
      category,
      owasp,
      atlas,
      action,
      ...(observed ? { observed } : {}),
      count: (known?.count ?? 0) + 1,
      score: Math.max(known?.score ?? 0, finding.score),
    });
  }

  get empty(): boolean {
    return this.#lines.size === 0;
  }

  get scores(): FindingScores {
    return this.#scores;
  }

  summary(): readonly FindingSummary[] {
    return [...this.#lines.values()];
  }
}
