/**
 * Inspection of what passes through the gateway. In: detectors. Out: the {@link Inspection} that interactions call: it
 * reads requests whole, and answers while they stream.
 */
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { Direction } from "@cordon/core/inspection/inspect";
import { ContentGuard } from "@cordon/core/inspection/streaming/content-guard";
import type { SpanRules } from "@cordon/core/inspection/streaming/span-rules";
import type { Inspection, InspectionSubject, RequestVerdict } from "../ports.ts";
import { openAnswer } from "./answers.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface Detectors {
  readonly spans: readonly SpanDetector[];
}

/** The rules of one direction of one interaction, and how many spans were masked by them. */
export interface CountedRules extends SpanRules {
  masks: number;
}

export function openInspection(detectors: Detectors): Inspection {
  return {
    inspectRequest: (subject, body) => inspectBody(detectors, subject, body),
    openResponse: ({ screening, api, path }, head) =>
      screening && openAnswer(rulesOf(detectors, screening, "response"), screening, { api, path, ...head }),
  };
}

function rulesOf(detectors: Detectors, screening: Screening, direction: Direction): CountedRules {
  return {
    detectors: detectors.spans,
    decide: (finding) => screening.judge(direction, finding),
    replace(finding, span) {
      this.masks += 1;
      return screening.replacement(direction, finding, span);
    },
    masks: 0,
  };
}

function inspectBody(detectors: Detectors, { screening }: InspectionSubject, body: JsonValue): RequestVerdict {
  if (screening === undefined) return { verdict: "pass", findings: [] };
  const rules = rulesOf(detectors, screening, "request");
  const guard = new ContentGuard(rules);
  const filtered = guard.tree(body);
  const findings = screening.request.summary();
  if (guard.blocked !== undefined) return { verdict: "block", findings, words: blockedWords("request", guard.blocked) };
  if (filtered === body) return { verdict: "pass", findings };
  return { verdict: "replace", findings, masks: rules.masks, body: filtered };
}
