/** The rules of one direction of one interaction. In: detectors and a screening. Out: rules that keep count. */
import type { Finding, SpanDetector } from "@cordon/core/inspection/finding";
import type { Direction, PartDetector } from "@cordon/core/inspection/inspect";
import type { InspectionSettings } from "@cordon/core/inspection/settings";
import { besideTokens, tokenDetector } from "@cordon/core/inspection/redaction/token-detector";
import { shapeDetector } from "@cordon/core/inspection/shapes";
import type { Registered } from "@cordon/core/inspection/fingerprints/registered";
import type { SpanRules } from "@cordon/core/inspection/streaming/span-rules";
import { InspectionFailure } from "./inspection-failure.ts";
import type { Screening } from "./screening.ts";

export interface Detectors {
  /** Of bounded spans: they work on text that is still arriving. */
  readonly spans: readonly SpanDetector[];
  /** Of whole texts, by who wrote them. */
  readonly parts: readonly PartDetector[];
  /** What the last of the spans' detectors look for, where there are such: a thread makes its own of it. */
  readonly registered?: Registered;
}

/** Detectors beside which those of what is registered now stand last; the same object while that is the same. */
export function withRegistered(
  { spans, parts }: Detectors,
  current: () => { readonly data: Registered; readonly detectors: readonly SpanDetector[] },
): () => Detectors {
  let made: Detectors | undefined;
  return () => {
    const { data, detectors } = current();
    if (made?.registered !== data) made = { spans: [...spans, ...detectors], parts, registered: data };
    return made;
  };
}

export interface CountedRules extends SpanRules {
  detectors: readonly SpanDetector[];
  /** Spans that something was put in place of. */
  masks: number;
  /** The finding that was masked last. */
  last: Finding | undefined;
}

/** @param stays whether the value of a token may not stand in this kind of text */
export function rulesOf(
  detectors: Detectors,
  screening: Screening,
  direction: Direction,
  stays?: (value: string) => boolean,
): CountedRules {
  return {
    detectors: beside(spansOf(detectors, screening.settings), screening, direction, stays),
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
  stays?: (value: string) => boolean,
): readonly SpanDetector[] {
  if (tokens === undefined) return spans;
  const blind = spans.map((each) => besideTokens(each, tokens));
  return direction === "response" && reveals ? [tokenDetector(tokens, stays), ...blind] : blind;
}

const own = new WeakMap<
  InspectionSettings,
  { readonly of: readonly SpanDetector[]; readonly all: readonly SpanDetector[] }
>();

/** What is built in, and the route's own identifiers. */
export function spansOf({ spans }: Detectors, settings: InspectionSettings): readonly SpanDetector[] {
  if (settings.identifiers.length === 0) return spans;
  let held = own.get(settings);
  if (held?.of !== spans)
    own.set(settings, (held = { of: spans, all: [...spans, shapeDetector(settings.identifiers)] }));
  return held.all;
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
