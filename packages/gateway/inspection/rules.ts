/** The rules of one direction of one interaction. In: detectors and a screening. Out: rules that keep count. */
import type { Finding, SpanDetector } from "@cordon/core/inspection/finding";
import type { Direction, PartDetector } from "@cordon/core/inspection/inspect";
import type { InspectionSettings } from "@cordon/core/inspection/settings";
import { besideTokens, tokenDetector } from "@cordon/core/inspection/redaction/token-detector";
import { shapeDetector } from "@cordon/core/inspection/shapes";
import type { SpanRules } from "@cordon/core/inspection/streaming/span-rules";
import { InspectionFailure } from "./inspection-failure.ts";
import type { Screening } from "./screening.ts";

export interface Detectors {
  /** Of bounded spans: they work on text that is still arriving. */
  readonly spans: readonly SpanDetector[];
  /** Of whole texts, by who wrote them. */
  readonly parts: readonly PartDetector[];
}

export interface CountedRules extends SpanRules {
  /** Spans that something was put in place of. */
  masks: number;
  /** The finding that was masked last. */
  last: Finding | undefined;
}

export function rulesOf(detectors: Detectors, screening: Screening, direction: Direction): CountedRules {
  return {
    detectors: beside(spansOf(detectors, screening.settings), screening, direction),
    decide: (finding) => screening.judge(direction, finding),
    replace(finding, span, action) {
      if (action !== "reveal") {
        this.masks += 1;
        this.last = finding;
      }
      return screening.replacement(finding, span, action);
    },
    masks: 0,
    last: undefined,
  };
}

/** Detectors that do not take a token for a secret; and, for an answer, one that finds those that may be undone. */
function beside(
  spans: readonly SpanDetector[],
  { tokens, reveals }: Screening,
  direction: Direction,
): readonly SpanDetector[] {
  if (tokens === undefined) return spans;
  const blind = spans.map((each) => besideTokens(each, tokens));
  return direction === "response" && reveals ? [tokenDetector(tokens), ...blind] : blind;
}

const own = new WeakMap<InspectionSettings, readonly SpanDetector[]>();

/** What is built in, and the route's own identifiers. */
function spansOf({ spans }: Detectors, settings: InspectionSettings): readonly SpanDetector[] {
  if (settings.identifiers.length === 0) return spans;
  let all = own.get(settings);
  if (all === undefined) own.set(settings, (all = [...spans, shapeDetector(settings.identifiers)]));
  return all;
}

/** @returns throws once the time is used up that began with its first call */
export function budgetOf(monotonicMs: () => number, budgetMs: number): (length: number) => void {
  let started: number | undefined;
  return () => {
    const now = monotonicMs();
    started ??= now;
    if (now - started > budgetMs) throw new InspectionFailure("timeout", `inspection took longer than ${budgetMs} ms`);
  };
}
